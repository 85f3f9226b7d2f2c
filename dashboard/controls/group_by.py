"""The keys to group by: up to 3 from the searchable dropdown, beside them feature or customer."""

import streamlit as st

from dashboard.asking import ask
from dashboard.controls.choices import switch
from dashboard.controls.key_picker import Found, Option, key_picker
from dashboard.controls.scope import SHOWN_OF_MANY, Scope
from dashboard.controls.searching import while_typing
from queries.keys import Keys
from queries.question import Answer, QuestionError
from queries.usage import CUSTOMER, FEATURE, check_key, check_keys


def group_by_controls(scope: Scope) -> tuple[str, ...]:
    """The keys; raises QuestionError for those of the address that cannot be grouped by."""

    def matching(text: str) -> Answer:
        question = Keys(scope.customer_id, scope.currency.currency_id, scope.resource_id, text)
        return ask(question, scope.source)

    def search(text: str) -> Found:
        found = matching(text)
        keys = found.frame["key"].head(SHOWN_OF_MANY) if found.is_cut else found.frame["key"]
        return Found(tuple(Option(key, key) for key in keys), not found.is_cut)

    asked = tuple(st.query_params.get_all("by"))
    for key in asked:
        check_key(key)
    check_keys(asked)
    with st.container(width=330):
        key_picker(
            "Group by", while_typing(search), key="by", placeholder="Search keys, such as model"
        )
    beside = {FEATURE: "by feature"} | (
        {CUSTOMER: "by customer"} if scope.customer_id is None else {}
    )
    on = tuple(key for key, name in beside.items() if switch(name, key=key, default=False))
    for key in asked:
        if key not in matching(key).frame["key"]:
            raise QuestionError(f"No event here carries the key {key!r}. Choose one from the list.")
    return asked + on
