"""The Auto-recharge page as a reader has it: its fields, its last question, its rehearsal."""

from typing import Any, ClassVar, Self

from app_page import AppPage, plain

FIELDS = {
    "on": "on", "by": "by", "below": "below", "target": "upto", "capped": "capped", "cap": "cap",
    "lasts": "lasts", "rehearse": "rehearse",
}  # fmt: skip


class RechargePage(AppPage):
    view: ClassVar[str] = "auto_recharge"

    def fill(self, **fields: Any) -> Self:
        """Put values into the form, one after the other, as a person does."""
        for field, value in fields.items():
            self.choose(FIELDS[field], value)
        return self

    def save(self, **fields: Any) -> Self:
        """Fill the form, and say yes to the last question."""
        return self.fill(**fields).press("Save …").press("Save")

    def value(self, field: str) -> Any:
        return self.at.get_by_key(FIELDS[field]).value

    def is_disabled(self, label: str) -> bool:
        [button] = [button for button in self.at.button if plain(button.label) == label]
        return bool(button.disabled)

    def alt(self, begins: str) -> str:
        """The text alternative of the chart whose begins with these words."""
        charts = [chart.proto.alt for chart in self.at.get("plotly_chart")]
        [found] = [alt for alt in charts if alt.startswith(begins)]
        return found

    @property
    def cards(self) -> dict[str, str]:
        return {metric.label: metric.value for metric in self.at.metric}
