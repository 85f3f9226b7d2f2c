"""The Report usage page as a reader has it: its forms, its files, and what they did."""

from typing import Any, ClassVar, Self

import pandas as pd
from app_page import AppPage, plain


class ReportPage(AppPage):
    view: ClassVar[str] = "report_usage"

    def fill(self, **fields: Any) -> Self:
        """Put values into the form, one after the other, as a person does."""
        for field, value in fields.items():
            self.at.get_by_key(field).set_value(value).run()
        return self

    def report(self, **fields: Any) -> Self:
        return self.fill(**fields).press("Report")

    @property
    def balances(self) -> dict[str, dict[str, Any]]:
        """currency → how its pool stood before and stands since."""
        rows = self.frame("Balances of").to_dict("records")
        return {row["currency"]: row for row in rows}

    def is_disabled(self, label: str) -> bool:
        [button] = [button for button in self.at.button if plain(button.label) == label]
        return bool(button.disabled)

    def upload(self, content: bytes, name: str = "reports.csv") -> Self:
        self.at.file_uploader[0].set_value((name, content, "text/csv")).run()
        return self

    def paste(self, text: str) -> Self:
        self.at.text_area[0].set_value(text).run()
        return self

    @property
    def outcomes(self) -> pd.DataFrame:
        return self.frame("Outcomes of the file")

    @property
    def came(self) -> list[str]:
        return list(self.outcomes["outcome"])
