"""The Balance page as a reader has it: its lines, its proof, its tables, by their names."""

from decimal import Decimal
from typing import ClassVar

import pandas as pd
from app_page import AppPage, plain
from usage_page import Chart


class BalancePage(AppPage):
    view: ClassVar[str] = "balance"

    @property
    def lines(self) -> dict[str, Decimal]:
        """Name → amount, signed as it enters the balance."""
        return {card.label: _amount(card.value) for card in self.at.metric}

    @property
    def chart(self) -> Chart:
        [chart] = self.at.get("plotly_chart")
        return Chart(chart.proto)

    @property
    def consumed(self) -> dict[str, Decimal]:
        """Value → credits of what is opened."""
        table = self.frame("Consumption by")
        rows = table[[table.columns[0], "credits"]].itertuples(index=False)
        return {value: Decimal(str(credits)) for value, credits in rows}

    @property
    def by_grant(self) -> pd.DataFrame:
        return self.frame("Lines by grant")

    def open(self, value: str) -> "BalancePage":
        """Open a row of the consumption table, as the keyboard does."""
        [box] = [box for box in self.at.selectbox if box.label == "Open"]
        box.set_value(value).run()
        return self


def _amount(text: str) -> Decimal:
    return Decimal(plain(text).replace(",", "").replace("−", "-").replace(" ", ""))
