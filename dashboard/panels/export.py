"""The buttons that hand out what is shown as a file."""

from collections.abc import Callable
from functools import partial

import polars as pl
import streamlit as st

from dashboard import exports

KINDS = (
    ("CSV", exports.to_csv, "csv", "text/csv"),
    ("Excel", exports.to_excel, "xlsx",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("Parquet", exports.to_parquet, "parquet", "application/vnd.apache.parquet"),
)  # fmt: skip


Write = Callable[[pl.DataFrame, exports.About], bytes]


def export_buttons(
    frame: pl.DataFrame | Callable[[], pl.DataFrame], about: exports.About, name: str
) -> None:
    """The whole table, not only the rows that are drawn; `name` is the file's.

    A table that takes time to read is given as what reads it, once somebody presses a button.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Export", width="content")
        for kind, write, ending, mime in KINDS:
            st.download_button(
                kind,
                data=partial(_file, write, frame, about),
                file_name=f"{name}.{ending}",
                mime=mime,
                on_click="ignore",
                key=f"export {name} {ending}",
                icon=":material/download:",
            )


def _file(
    write: Write, frame: pl.DataFrame | Callable[[], pl.DataFrame], about: exports.About
) -> bytes:
    return write(frame() if callable(frame) else frame, about)
