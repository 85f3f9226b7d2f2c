"""Two small pages that mount the picker in each of its forms and write out what was picked."""

import streamlit as st

from dashboard.controls.key_picker import Found, Option, Search, key_picker, one_picker

SHOWN = 50

COLOURS = tuple(Option(f"colour-{number:02}", f"Colour {number:02}") for number in range(1, 21))
MODELS = tuple(Option(f"model-{number:04}", f"Model {number:04}") for number in range(1, 3001))
CUSTOMERS = (
    Option("c-0", "<img src=x onerror=alert(1)> & Sons"),
    *(Option(f"c-{number}", f"Customer {number:04}") for number in range(1, 2000)),
)


def search_in(options: tuple[Option, ...], *, knows_total: bool = True) -> Search:
    def search(text: str) -> Found:
        matching = [option for option in options if text.casefold() in option.label.casefold()]
        total = len(matching) if knows_total else None
        return Found(tuple(matching[:SHOWN]), len(matching) <= SHOWN, total)

    return search


def small(text: str) -> Found:
    return Found(tuple(option for option in COLOURS if text in option.label), is_complete=True)


def report(name: str, value: object) -> None:
    with st.container(key=f"said_{name}"):
        st.text(f"{value!r}")


def pickers() -> None:
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    report("runs", st.session_state["runs"])
    left, right = st.columns(2)
    with left:
        report("colour", key_picker("Colours", small, key="colour", help="A short list."))
    with right:
        models = key_picker("Models", search_in(MODELS), key="model", help="A long list.")
    report("model", models)
    report("plan", one_picker("Plan", small, key="plan"))
    owners = search_in(CUSTOMERS, knows_total=False)
    report("owner", one_picker("Owner", owners, key="owner", placeholder="Nobody"))


def growing() -> None:
    is_long = st.checkbox("Long list")
    search = search_in(MODELS) if is_long else search_in(MODELS[:20])
    report("grown", key_picker("Grown", search, key="grown"))


everyone = Option("", "All customers")
pages = [st.Page(pickers, default=True), st.Page(growing, url_path="growing")]
page = st.navigation(pages)
with st.sidebar:
    customer = one_picker(
        "Customer",
        search_in(CUSTOMERS, knows_total=False),
        key="customer",
        first=everyone,
        across_pages=True,
    )
report("customer", customer)
page.run()
