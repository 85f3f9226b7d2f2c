"""A question is given up when the run of the page that asked it is to end."""

import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from dashboard.asking import goes_on


def test_a_run_goes_on_as_long_as_nothing_is_asked_of_it() -> None:
    assert goes_on(ScriptRequests())


@pytest.mark.parametrize(
    ("wanted", "is_going_on"),
    [(RerunData(), False), (RerunData(fragment_id="a", fragment_id_queue=["a"]), True)],
    ids=["the whole page", "a fragment, which waits"],
)
def test_a_run_ends_for_a_request_as_streamlit_ends_it(
    wanted: RerunData, is_going_on: bool
) -> None:
    requests = ScriptRequests()
    requests.request_rerun(wanted)
    assert goes_on(requests) == is_going_on
    assert (requests.on_scriptrunner_yield() is None) == is_going_on


def test_a_run_ends_when_its_reader_is_gone() -> None:
    requests = ScriptRequests()
    requests.request_stop()
    assert not goes_on(requests)
