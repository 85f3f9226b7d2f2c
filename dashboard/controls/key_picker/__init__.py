"""A searchable dropdown of keys whose picks live in the page's address.

    models = key_picker("Models", search_models, key="model")

`search` answers a text with the options that match it. Where its answer to the empty text is
complete, the reader gets Streamlit's own select; where it is not, one that searches on the
server while the reader types. Either way the picks are the query parameter named by `key`:
reload, Back, Forward and a copied link restore them, and the page sets them by writing
`st.query_params[key]` before the picker is drawn.
"""

from dashboard.controls.key_picker.address import carry_across_pages, picked_values
from dashboard.controls.key_picker.combobox import combobox
from dashboard.controls.key_picker.face import Face, LabelVisibility
from dashboard.controls.key_picker.found import Found, Option, Search, led_by
from dashboard.controls.key_picker.native import multiselect, selectbox

__all__ = ["Found", "LabelVisibility", "Option", "Search", "key_picker", "one_picker"]


def key_picker(
    label: str,
    search: Search,
    *,
    key: str,
    max_keys: int = 3,
    placeholder: str = "",
    help: str | None = None,
    label_visibility: LabelVisibility = "visible",
    across_pages: bool = False,
) -> list[str]:
    """Let the reader pick up to `max_keys` values; of more in the address the first are kept.

    `across_pages` keeps the picks when the reader follows a link of the navigation, for a
    picker that stands on every page.
    """
    if across_pages:
        carry_across_pages(key)
    face = Face(label, placeholder or "Choose options", help, label_visibility)
    picked = picked_values(key, max_keys)
    beginning = search("")
    if beginning.is_complete:
        multiselect(face, beginning, picked, key=key, max_keys=max_keys)
    else:
        combobox(face, search, beginning, key=key, max_keys=max_keys, default=None)
    return picked


def one_picker(
    label: str,
    search: Search,
    *,
    key: str,
    first: Option | None = None,
    placeholder: str = "",
    help: str | None = None,
    label_visibility: LabelVisibility = "visible",
    across_pages: bool = False,
) -> str | None:
    """Let the reader pick one value; without a pick that is `first`, or None without a `first`."""
    if across_pages:
        carry_across_pages(key)
    face = Face(label, placeholder or "Choose an option", help, label_visibility)
    default = None if first is None else first.value
    picked = next(iter(picked_values(key, 1)), default)
    search = search if first is None else led_by(first, search)
    beginning = search("")
    if beginning.is_complete:
        selectbox(face, beginning, picked, key=key, may_clear=first is None)
    else:
        combobox(face, search, beginning, key=key, max_keys=1, default=default)
    return picked
