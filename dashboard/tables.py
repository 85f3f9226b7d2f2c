"""How frames are listed: columns, number formats, and how many rows are drawn."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st

MOST_DRAWN = 1000


def usage_columns(frame: pl.DataFrame, keys: Sequence[str], unit: str) -> dict[str, Any]:
    """Column settings of a usage table, whose key columns are named by `keys`."""
    number = st.column_config.NumberColumn
    settings = {key: st.column_config.TextColumn(key, pinned=True) for key in keys} | {
        "share": st.column_config.ProgressColumn(
            "Share", format="percent", min_value=0.0, max_value=1.0, width="small"
        ),
        "credits": number(f"Credits ({unit})", format=exact_format(frame, "credits")),
        "events": number("Events", format="localized"),
        "per_event": number("Credits per event", format=exact_format(frame, "per_event")),
        "previous": number("Previous period", format=exact_format(frame, "previous")),
        "change": number("Change", format=exact_format(frame, "change")),
        "change_ratio": number("Change %", format="percent"),
    }
    return {column: settings[column] for column in frame.columns}


def exact_format(frame: pl.DataFrame, column: str) -> str:
    """A number format with as many decimals as the column's longest amount has."""
    if column not in frame.columns:
        return "localized"
    digits = frame[column].cast(pl.String).str.extract(r"\.(\d*?)0*$").str.len_chars().to_list()
    return f"%,.{max((count or 0 for count in digits), default=0)}f"


def drawn(frame: pl.DataFrame) -> pl.DataFrame:
    """As many rows as a page draws; exports hold all."""
    return frame.head(MOST_DRAWN)
