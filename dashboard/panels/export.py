"""The buttons that hand out what is shown as a file."""

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


def export_buttons(frame: pl.DataFrame, about: exports.About, name: str) -> None:
    """The whole table, not only the rows that are drawn; `name` is the file's."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Export", width="content")
        for kind, write, ending, mime in KINDS:
            st.download_button(
                kind,
                data=partial(write, frame, about),
                file_name=f"{name}.{ending}",
                mime=mime,
                on_click="ignore",
                key=f"export {name} {ending}",
                icon=":material/download:",
            )
