"""The Entitlements page as a reader has it: its tables, and the forms of its changes."""

from typing import Any, ClassVar, Self

import pandas as pd
from app_page import AppPage, plain

FIELD = "new entitlement: "


class EntitlementsPage(AppPage):
    view: ClassVar[str] = "entitlements"

    @property
    def granted(self) -> pd.DataFrame:
        return self.frame("Table of the promotional entitlements")

    @property
    def names(self) -> list[str]:
        has_any = self.has_frame("Table of the promotional entitlements")
        return list(self.granted["Feature"]) if has_any else []

    @property
    def in_force(self) -> dict[str, str]:
        """Feature → what is in force of it."""
        [table] = [f.value for f in self.at.dataframe if "features in force" in f.proto.alt]
        return dict(zip(table["Feature"], table["In force"], strict=True))

    def fill(self, **terms: Any) -> Self:
        """Put values into the terms that all features of the open form have."""
        for term, value in terms.items():
            self.at.get_by_key(f"{FIELD}{term}").set_value(value).run()
        return self

    def amount(self, feature_id: str, **fields: Any) -> Self:
        """Put values into the fields of one feature of the open form."""
        for field, value in fields.items():
            name = field.replace("_", " ")
            self.at.get_by_key(f"{FIELD}{feature_id} {name}").set_value(value).run()
        return self

    def is_disabled(self, label: str) -> bool:
        [button] = [button for button in self.at.button if plain(button.label) == label]
        return bool(button.disabled)
