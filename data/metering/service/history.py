"""The history of a feature's usage: units so far, from reset to reset."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby, islice, pairwise
from typing import Any

from data.credits.resets import Reset
from data.metering.service.effective import entitled
from data.metering.service.faults import bad_input
from data.metering.service.paging import By, page_info, page_of, paging
from data.metering.service.readings import CREDIT_PAGE, key_parameters, keys_of, window
from data.metering.service.reports import check_customer, check_feature, check_resource
from data.metering.service.service import Service
from data.metering.service.state import State
from data.metering.service.store import Row, sql

Given = Mapping[str, Any]
Marker = tuple[datetime, str]
MOST_RESETS = 1000
SERIES_ORDER = (By("tag_1"), By("tag_2"), By("tag_3"))


def history(service: Service, given: Given) -> Row:
    """Series by up to 3 dimension keys, sorted by their values; all of them unless paged."""
    keys = keys_of(given.get("groupBy") or [])
    rows, markers = _history(service, given, keys)
    series = [
        {"tag_1": tags[0], "tag_2": tags[1], "tag_3": tags[2], "points": list(points)}
        for tags, points in groupby(rows, lambda row: (row["tag_1"], row["tag_2"], row["tag_3"]))
    ]
    info, resets = None, {at for at, _ in markers}
    if given.get("paging"):
        page = paging(given["paging"], SERIES_ORDER, default=CREDIT_PAGE)
        series, *more = page_of(series, page)
        info = page_info(series, page, *more)
    return {
        "markers": [{"timestamp": at, "type": kind} for at, kind in markers],
        "pageInfo": info,
        "series": [_series(one, keys, resets) for one in series],
    }


def _series(one: Row, keys: list[str], resets: set[datetime]) -> Row:
    return {
        "tags": [{"key": key, "value": one[f"tag_{n}"]} for n, key in enumerate(keys, 1)],
        "points": [
            {
                "timestamp": point["stamp"],
                "value": point["units"],
                "isResetPoint": point["stamp"] in resets,
            }
            for point in one["points"]
        ],
    }


def history_v1(service: Service, given: Given) -> Row:
    """The first version's: one series, and other names."""
    ids = ("customerId", "featureId", "resourceId")
    refs = {name: given.get(name.removesuffix("Id") + "RefId") for name in ids}
    rows, markers = _history(service, {**given, **refs}, [])
    resets = {at for at, _ in markers}
    return {
        "startDate": given["startDate"],
        "endDate": given.get("endDate") or service.clock(),
        "usageMeasurements": [
            {"date": row["stamp"], "value": row["units"], "isResetPoint": row["stamp"] in resets}
            for row in rows
        ],
    }


def _history(service: Service, given: Given, keys: list[str]) -> tuple[list[Row], list[Marker]]:
    """(the points of every series, the resets in the window)"""
    since, until, grain = window(given, service.clock())
    counts_from, markers = _periods(service, given, since, until)
    parameters = key_parameters(keys) | {
        "customer_id": given["customerId"],
        "resource_id": given.get("resourceId") or None,
        "feature_id": given["featureId"],
        "since": since,
        "until": until,
        "grain": grain,
        "counts_from": counts_from,
        "starts": sorted({since, *(at for at, _ in markers)}),
    }
    return service.store.rows(sql("history"), parameters), markers


def _periods(
    service: Service, given: Given, since: datetime, until: datetime
) -> tuple[datetime | None, list[Marker]]:
    """(from when usage counts at the window's start, None for ever; the resets in the window)"""
    customer_id, resource_id = given["customerId"], given.get("resourceId") or None
    now = service.clock()
    with service.reading() as state:
        check_customer(state, customer_id)
        check_resource(state, customer_id, resource_id)
        check_feature(state, given["featureId"])
        granted = entitled(state, customer_id, resource_id, now).get(given["featureId"])
        started = _started(state, given)
    if granted is None or granted.reset is None:
        return None, []
    anchors = sorted({granted.anchor, *started})
    resets = _resets(granted.reset, anchors, since, min(until, now))
    markers = list(islice(resets, MOST_RESETS + 1))
    if len(markers) > MOST_RESETS:
        raise bad_input(f"There are more than {MOST_RESETS} resets; ask for a shorter time.")
    return _counts_from(granted.reset, anchors, min(since, now)), markers


def _started(state: State, given: Given) -> list[datetime]:
    """When the subscriptions that hold for the resource started."""
    resource_id = given.get("resourceId") or None
    held = state.subscriptions.get(given["customerId"], [])
    return [
        row["started_at"]
        for row in held
        if row["resource_id"] in (None, resource_id)
        and (row["status"] == "ACTIVE" or given.get("includeInactiveSubscriptions"))
    ]


def _counts_from(reset: Reset, anchors: list[datetime], at: datetime) -> datetime | None:
    """The start of the period that the time is in; None before there were any."""
    before = [anchor for anchor in anchors if anchor <= at]
    return reset.around(at, before[-1])[0] if before else None


def _resets(
    reset: Reset, anchors: list[datetime], since: datetime, until: datetime
) -> Iterator[Marker]:
    """The resets in [since, until), each period counted from the last start before it."""
    for anchor, following in pairwise([*anchors, until]):
        start, stop = max(anchor, since), min(following, until)
        if start < stop:
            for at in reset.starts(anchor, start, stop):
                yield at, "SUBSCRIPTION_CHANGE_RESET" if at == anchor else "PERIODIC_RESET"
