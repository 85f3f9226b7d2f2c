"""The colours of meanings, the same on every page, chosen to be told apart by any eye."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours for one theme. `ranks` runs from the largest series, the strongest, to the least."""

    ranks: tuple[str, ...]
    others: str
    available: str
    text: str
    grid: str
    paid: str
    promotional: str
    recurring: str
    overdraft: str
    consumed: str
    expired: str
    voided: str

    def rank(self, position: int, count: int) -> str:
        """The colour of the series at `position` of `count`, spread over the ramp."""
        last = len(self.ranks) - (1 if count > 8 else 3)
        return self.ranks[round(position * last / max(count - 1, 4)) if count > 1 else 1]


LIGHT = Palette(
    ranks=(
        "#0b2a5b", "#123a78", "#1a4b96", "#235db3", "#2f70cc", "#4484db",
        "#5c98e6", "#78acee", "#96c0f4", "#b4d3f8",
    ),
    others="#b8b8b4",
    available="#b45309",
    text="#31333f",
    grid="#e6e6e3",
    paid="#1a5fb4",
    promotional="#2a9d8f",
    recurring="#7b61c4",
    overdraft="#c01c28",
    consumed="#3d4656",
    expired="#c98a1b",
    voided="#8a8f98",
)  # fmt: skip

DARK = Palette(
    ranks=(
        "#d6e6ff", "#b7d2fd", "#98bef9", "#7aa9f2", "#5f94e7", "#4a80d6",
        "#3b6dbf", "#315ba3", "#294b87", "#223d6d",
    ),
    others="#6b6b68",
    available="#f5b14c",
    text="#e6e6e3",
    grid="#3a3a37",
    paid="#6ea8f5",
    promotional="#5cc9bb",
    recurring="#b09cf0",
    overdraft="#ff7b72",
    consumed="#a7b1c2",
    expired="#f0b84e",
    voided="#7d838d",
)  # fmt: skip


def palette(theme: str | None) -> Palette:
    return DARK if theme == "dark" else LIGHT
