"""The Overview as a reader has it: its cards, its chart, its lists, by their names."""

from typing import ClassVar

import pandas as pd
from app_page import AppPage, plain
from usage_page import Chart


class OverviewPage(AppPage):
    view: ClassVar[str] = "overview"

    @property
    def cards(self) -> dict[str, str]:
        return {plain(card.label): plain(card.value) for card in self.at.metric}

    @property
    def chart(self) -> Chart:
        [chart] = self.at.get("plotly_chart")
        return Chart(chart.proto)

    @property
    def moves(self) -> pd.DataFrame:
        return self.frame("What moved")

    @property
    def ranked(self) -> pd.DataFrame:
        return self.frame("Customers ranked")

    @property
    def lists(self) -> dict[str, int]:
        """Work list → how many are on it."""
        [radio] = [radio for radio in self.at.radio if radio.label == "Work list"]
        named = (option.rpartition(" (") for option in radio.options)
        return {name: int(count.rstrip(")").replace(",", "")) for name, _, count in named}
