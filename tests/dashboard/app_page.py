"""A page of the app as a reader has it in one browser tab: sentences, buttons, charts, tables."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

import pandas as pd
from streamlit.testing.v1 import AppTest

from dashboard.controls.key_picker.address import WRITTEN

APP = Path(__file__).parents[2] / "dashboard" / "app.py"

Value = str | Sequence[str] | None


class AppPage:
    """The view named by a class of its own; `go` changes its address, None takes a parameter out.

    Streamlit's test harness knows the pages of an app only after it has run once: the first run
    asks for a source that there is not, which costs nothing.
    """

    view: ClassVar[str]

    def __init__(self, **address: Value) -> None:
        self.at = AppTest.from_file(APP, default_timeout=60)
        self.at.query_params["source"] = "none"
        self.at.run()
        del self.at.query_params["source"]
        self.at.switch_page(f"views/{self.view}.py")
        self.go(**address)

    def go(self, **address: Value) -> Self:
        """By then the browser has heard of all that was written into the address."""
        if WRITTEN in self.at.session_state:
            del self.at.session_state[WRITTEN]
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
    def link(self) -> dict[str, list[str]]:
        """The query of the link that is handed out."""
        [code] = self.at.code
        return parse_qs(urlsplit(code.value).query)

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
        kinds = (
            at.title, at.markdown, at.subheader, at.caption, at.info, at.success, at.error,
            at.warning,
        )  # fmt: skip
        return "\n".join(plain(element.value) for kind in kinds for element in kind)

    def frame(self, alt: str) -> pd.DataFrame:
        """The table whose text alternative begins with these words."""
        [found] = [frame for frame in self.at.dataframe if frame.proto.alt.startswith(alt)]
        return found.value

    def has_frame(self, alt: str) -> bool:
        return any(frame.proto.alt.startswith(alt) for frame in self.at.dataframe)


def plain(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown)
