"""The Plans page as a reader has it: its cards, its tables, and where its links lead."""

from typing import ClassVar
from urllib.parse import parse_qs

from app_page import AppPage, plain

TABLES = ("What use costs in credits", "Coupons")


class PlansPage(AppPage):
    view: ClassVar[str] = "plans"

    @property
    def plans(self) -> list[str]:
        """The names on the cards, which come before the tables."""
        names = [plain(element.value) for element in self.at.header]
        return [name for name in names if name not in TABLES]

    @property
    def rates(self) -> dict[str, dict[str, str]]:
        """Feature → plan → what it costs in credits."""
        [table] = self.at.table
        rows = {row.pop("Feature"): row for row in table.value.to_dict("records")}
        return {
            plain(feature): {plan: plain(told) for plan, told in row.items() if told}
            for feature, row in rows.items()
        }

    @property
    def estimates(self) -> list[dict[str, str]]:
        """The addresses that the links to Estimates open."""
        links = [link.proto for link in self.at.get("page_link") if "estimates" in link.proto.page]
        return [
            {name: values[0] for name, values in parse_qs(link.query_string).items()}
            for link in links
        ]
