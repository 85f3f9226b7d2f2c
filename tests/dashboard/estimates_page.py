"""The Estimates page as a reader has it: forms and what they come to, side by side."""

from decimal import Decimal
from typing import Any, ClassVar

from app_page import AppPage, plain


class EstimatesPage(AppPage):
    view: ClassVar[str] = "estimates"

    @property
    def totals(self) -> list[str]:
        """The large numbers: due now, every period after, or the cost; of each estimate."""
        return [f"{plain(card.label)}: {plain(card.value)}" for card in self.at.metric]

    @property
    def differences(self) -> list[str]:
        return [plain(card.delta) for card in self.at.metric if card.delta]

    @property
    def invoices(self) -> list[dict[str, Decimal]]:
        """Each table that is drawn: label → amount."""
        tables = [m.value for m in self.at.markdown if m.value.startswith("| ")]
        return [
            {label: Decimal(_number(amount)) for label, amount in map(_cells, text.split("\n")[2:])}
            for text in tables
        ]

    @property
    def labels(self) -> list[str]:
        """Of every field."""
        at = self.at
        kinds = (at.selectbox, at.text_input, at.text_area)
        return [plain(field.label) for kind in kinds for field in kind]

    def value(self, key: str) -> Any:
        return self.at.get_by_key(key).value

    def told_under(self, key: str) -> str:
        """What stands right under a field."""
        nodes = list(self.at.main)
        place = next(n for n, node in enumerate(nodes) if getattr(node, "key", None) == key)
        after = nodes[place + 1] if place + 1 < len(nodes) else None
        return plain(after.value) if after is not None and after.type == "markdown" else ""

    @property
    def alarms(self) -> list[str]:
        return [plain(box.value) for box in self.at.error]


def _cells(row: str) -> tuple[str, str]:
    label, amount = (cell.strip() for cell in row.strip("|").split(" | "))
    return plain(label.strip("* ")), plain(amount).strip("*")


def _number(amount: str) -> str:
    return amount.replace(",", "").replace("−", "-")
