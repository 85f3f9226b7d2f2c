"""The Usage page as a reader has it: its cards, chart and tables, by their names."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from app_page import AppPage, plain

AVAILABLE = "Available credits"
PARTS = ("Change", "Volume", "Mix", "Rate")


@dataclass(frozen=True)
class Trace:
    """One series as it is drawn."""

    name: str
    kind: str
    y: tuple[float, ...]
    spec: Mapping[str, Any]

    @property
    def opacity(self) -> tuple[float, ...]:
        given = self.spec["marker"]["opacity"]
        return _array(given) if isinstance(given, dict) else (given,) * len(self.y)


class Chart:
    def __init__(self, proto: Any) -> None:
        self.alt: str = proto.alt
        self.size = len(proto.spec)
        spec = json.loads(proto.spec)
        self.layout: dict[str, Any] = spec["layout"]
        self.traces = [_trace(one) for one in spec["data"]]

    @property
    def series(self) -> list[Trace]:
        return [trace for trace in self.traces if trace.name != AVAILABLE]

    @property
    def available(self) -> Trace | None:
        return next((trace for trace in self.traces if trace.name == AVAILABLE), None)

    @property
    def names(self) -> list[str]:
        return [trace.name for trace in self.series]

    @property
    def notes(self) -> list[str]:
        return [note["text"] for note in self.layout.get("annotations", [])]

    @property
    def total(self) -> float:
        return sum(sum(trace.y) for trace in self.series)


class UsagePage(AppPage):
    view: ClassVar[str] = "usage"

    @property
    def cards(self) -> dict[str, tuple[str, str]]:
        """name → (number, change)"""
        metrics = [card for card in self.at.metric if card.label not in PARTS]
        return {card.label: (plain(card.value), card.delta) for card in metrics}

    @property
    def parts_of_change(self) -> dict[str, str]:
        return {card.label: card.value for card in self.at.metric if card.label in PARTS}

    @property
    def has_chart(self) -> bool:
        return bool(self.at.get("plotly_chart"))

    @property
    def chart(self) -> Chart:
        [chart] = self.at.get("plotly_chart")
        return Chart(chart.proto)

    @property
    def table(self) -> pd.DataFrame:
        return self.frame("Table of")

    @property
    def rows(self) -> dict[tuple[str, ...], tuple[Decimal, int]]:
        """Groups of the table that have events → (credits, events)."""
        table = self.table
        keys = list(table.columns[: list(table.columns).index("credits")])
        return {
            tuple(row[keys]): (_credits(row["credits"]), int(row["events"]))
            for _, row in table.iterrows()
            if row["events"]
        }

    @property
    def total(self) -> tuple[Decimal, int]:
        """What the line above the table says in all: (credits, events)."""
        line = re.search(r"total \*\*([-\d.,]+)\*\* .* in \*\*([\d,]+)\*\* events", self.text)
        assert line, self.text
        return Decimal(line[1].replace(",", "")), int(line[2].replace(",", ""))


def _credits(amount: float | Decimal) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.000001"))


def _trace(spec: dict[str, Any]) -> Trace:
    return Trace(spec["name"], spec["type"], _array(spec["y"]), spec)


def _array(packed: dict[str, str] | list[float | None]) -> tuple[float, ...]:
    """Plotly's typed arrays: the numpy type's short name, and the bytes in base64."""
    if isinstance(packed, list):
        return tuple(value or 0.0 for value in packed)
    values = np.frombuffer(base64.b64decode(packed["bdata"]), dtype=np.dtype(packed["dtype"]))
    return tuple(float(value) for value in values)
