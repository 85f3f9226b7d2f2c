"""The Usage page as a reader has it: its sentences, cards, chart and tables, by their names."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
AVAILABLE = "Available credits"
PARTS = ("Change", "Volume", "Mix", "Rate")

Value = str | Sequence[str] | None


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


class UsagePage:
    """The page in one browser tab; `go` changes its address, and None takes a parameter out."""

    def __init__(self, **address: Value) -> None:
        self.at = AppTest.from_file(APP, default_timeout=60)
        self.go(**address)

    def go(self, **address: Value) -> Self:
        for name, value in address.items():
            if value is None:
                self.at.query_params.pop(name.rstrip("_"), None)
            else:
                self.at.query_params[name.rstrip("_")] = value
        self.at.run()
        return self

    def press(self, label: str) -> Self:
        [button] = [button for button in self.at.button if plain(button.label) == label]
        button.click().run()
        return self

    def choose(self, key: str, value: Any) -> Self:
        self.at.get_by_key(key).set_value(value).run()
        return self

    @property
    def address(self) -> dict[str, Any]:
        return dict(self.at.query_params)

    @property
    def has_crashed(self) -> bool:
        return bool(self.at.exception)

    @property
    def failures(self) -> list[str]:
        """The sentences in the page's alarm boxes."""
        return [plain(box.value) for box in (*self.at.error, *self.at.warning)]

    @property
    def buttons(self) -> list[str]:
        return [plain(button.label) for button in self.at.button]

    @property
    def text(self) -> str:
        """Everything that is written on the page outside of widgets, charts and tables."""
        at = self.at
        kinds = (at.title, at.markdown, at.subheader, at.caption, at.info, at.error, at.warning)
        return "\n".join(plain(element.value) for kind in kinds for element in kind)

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

    def frame(self, alt: str) -> pd.DataFrame:
        """The table whose text alternative begins with these words."""
        [found] = [frame for frame in self.at.dataframe if frame.proto.alt.startswith(alt)]
        return found.value

    def has_frame(self, alt: str) -> bool:
        return any(frame.proto.alt.startswith(alt) for frame in self.at.dataframe)

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


def plain(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown)


def _credits(amount: float | Decimal) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.000001"))


def _trace(spec: dict[str, Any]) -> Trace:
    return Trace(spec["name"], spec["type"], _array(spec["y"]), spec)


def _array(packed: dict[str, str]) -> tuple[float, ...]:
    """Plotly's typed arrays: the numpy type's short name, and the bytes in base64."""
    values = np.frombuffer(base64.b64decode(packed["bdata"]), dtype=np.dtype(packed["dtype"]))
    return tuple(float(value) for value in values)
