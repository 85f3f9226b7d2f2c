"""The Grants page as a reader has it: its table, its timeline, and the forms of its changes."""

from typing import Any, ClassVar, Self

import pandas as pd
from app_page import AppPage, plain
from usage_page import Chart

FIELDS = {
    "type": "grant_type",
    "pool": "resource_id",
    "name": "display_name",
    "amount": "amount",
    "priority": "priority",
    "cost": "cost",
    "money": "cost_currency",
    "effective": "effective_at",
    "expires": "expire_at",
    "comment": "comment",
}


class GrantsPage(AppPage):
    view: ClassVar[str] = "grants"

    @property
    def table(self) -> pd.DataFrame:
        return self.frame("Table of the grants of")

    @property
    def names(self) -> list[str]:
        return list(self.table["display_name"]) if self.has_frame("Table of the grants") else []

    @property
    def alt(self) -> str:
        [chart] = self.at.get("plotly_chart")
        return Chart(chart.proto).alt

    def fill(self, **fields: Any) -> Self:
        """Put values into the open form, one after the other, as a person does."""
        for field, value in fields.items():
            self.at.get_by_key(f"new grant: {FIELDS[field]}").set_value(value).run()
        return self

    def grant(self, **fields: Any) -> Self:
        """Open the form, fill it, and send it."""
        return self.press("Grant credits").fill(**fields).press("Grant")

    def write(self, reason: str, typed: str | None = None) -> Self:
        """Into the form of a void."""
        self.at.get_by_key("why the grant is voided").set_value(reason).run()
        if typed is not None:
            self.at.get_by_key("the grant's name typed back").set_value(typed).run()
        return self

    def void(self, reason: str = "by mistake", typed: str | None = None) -> Self:
        """The grant that is open: fill the form and send it."""
        if "Void the grant" not in self.buttons:
            self.press("Void …")
        return self.write(reason, typed).press("Void the grant")

    def is_disabled(self, label: str) -> bool:
        [button] = [button for button in self.at.button if plain(button.label) == label]
        return bool(button.disabled)

    def upload(self, content: bytes) -> Self:
        self.at.file_uploader[0].set_value(("grants.csv", content, "text/csv")).run()
        return self
