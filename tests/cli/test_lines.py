"""Progress in lines, for people and for programs."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from harvester.cli.changes import Change, Watched
from harvester.cli.events import EVENTS, OF_ALL
from harvester.cli.lines import Lines
from harvester.pipeline.endpoint_run import Snapshot
from harvester.status.pace import Pace
from harvester.transport.gate import RequestCounts
from tests.cli.sights import BEGUN, STEADY, pace_of, seen_of, three, waiting

DONE = replace(BEGUN, n_settled=10_000, is_done=True)
LIMITED = waiting("rate limit", 40.0)
STORY = [
    (0.5, BEGUN),
    (9.5, BEGUN),
    (10.0, BEGUN),
    (10.5, BEGUN),
    (12.0, LIMITED),
    (12.5, LIMITED),
    (19.5, LIMITED),
    (20.1, LIMITED),
    (31.0, BEGUN),
    (33.0, replace(BEGUN, drain_s=5.0)),
    (34.0, replace(DONE, drain_s=None)),
]


def said(story: Sequence[tuple[float, Snapshot]], *, as_json: bool = False) -> list[str]:
    lines: list[str] = []
    display = Lines(lines.append, as_json=as_json)
    for at_s, snapshot in story:
        display.show(seen_of(snapshot, elapsed_s=at_s))
    display.close(None)
    return lines


def test_a_line_comes_every_ten_seconds_and_one_for_each_change() -> None:
    lines = said(STORY)
    assert [line[:24] for line in lines] == [
        "2,500 of 10,000 IDs (25%",
        "waiting for the allowanc",
        "2,500 of 10,000 IDs (25%",
        "goes on, after 19 s (rat",
        "2,500 of 10,000 IDs (25%",
        "stopping: requests in fl",
        "done: 10,000 of 10,000 I",
    ]
    assert "waiting for the allowance (rate limit), until 18:53:11 UTC, 40 s left" in lines[2]
    for part in (
        "30 s left",
        "1,500 of 600 requests/min",
        "3 dead letters",
        "top favorites: 1,234,567 https:",
    ):
        assert part in lines[0]


def test_events_have_the_fields_that_are_documented_and_no_others() -> None:
    events = [json.loads(line) for line in said(STORY, as_json=True)]
    names = [event["event"] for event in events]
    assert names == ["progress", "wait", "progress", "go_on", "progress", "draining", "endpoint_end"]
    for event in events:
        assert set(event) == {*OF_ALL, *EVENTS[event["event"]].fields}, event["event"]
    wait = events[1]
    assert (wait["waiting_for"], wait["wait_s"], wait["until"]) == (
        "rate limit",
        40.0,
        "2026-11-24T18:53:11.000Z",
    )


def test_where_there_are_several_endpoints_each_line_names_its_own() -> None:
    lines: list[str] = []
    Lines(lines.append, as_json=False).show(replace(three(wait=[LIMITED]), elapsed_s=10.0))
    assert [line.split(":")[0] for line in lines] == ["totals", "totals", "28hr", "historical"]


OPEN = waiting("service", math.inf, waited_s=1.0)
CHANGES: dict[str, tuple[list[tuple[float, Snapshot]], list[Any]]] = {
    "a short wait is not told": ([(0, BEGUN), (1, waiting("rate limit", 0.9)), (2, BEGUN)], []),
    "a wait that turns out long is": ([(0, OPEN), (1, OPEN), (2, OPEN)], [Change("wait", "service")]),
    "a wait is told once, and its end": (
        [(0, LIMITED), (20, waiting("rate limit", 20.0)), (41, BEGUN)],
        [Change("wait", "rate limit"), Change("go_on", "rate limit", 41.0)],
    ),
    "one wait may follow another": (
        [(0, LIMITED), (40, OPEN), (43, OPEN), (50, BEGUN)],
        [
            Change("wait", "rate limit"),
            Change("go_on", "rate limit", 43.0),
            Change("wait", "service"),
            Change("go_on", "service", 7.0),
        ],
    ),
    "each request at a slow pace is no change": ([(0, waiting("pace", 9.0)), (5, BEGUN)], []),
    "the end is told once": ([(0, BEGUN), (1, DONE), (2, DONE)], [Change("endpoint_end")]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_is_told_once(case: str) -> None:
    story, changes = CHANGES[case]
    watched, pace = Watched(), pace_of(*STEADY)
    found = [change for at, snapshot in story for change in watched.see(snapshot, pace, float(at))]
    assert found == changes


def test_failures_of_an_outage_are_told_as_a_wait_alone() -> None:
    watched, pace, kinds = Watched(), Pace(), []
    for t in range(60):
        counts = RequestCounts(sent=10 * t, errors={"service": min(10 * t, 100)})
        snapshot = replace(OPEN if t < 12 else BEGUN, requests=counts)
        pace.see(float(t), 0, counts.sent, snapshot.n_errors)
        kinds += [change.kind for change in watched.see(snapshot, pace, float(t))]
    assert kinds == ["wait", "go_on"]


def test_many_failures_are_told_and_that_they_are_over() -> None:
    watched, pace, kinds = Watched(), Pace(), []
    for t in range(120):
        counts = RequestCounts(sent=10 * t, errors={"timeout": min(max(t - 10, 0) * 2, 40)})
        snapshot = replace(BEGUN, requests=counts)
        pace.see(float(t), 0, counts.sent, snapshot.n_errors)
        kinds += [(t, change.kind) for change in watched.see(snapshot, pace, float(t))]
    assert [kind for _, kind in kinds] == ["degraded", "recovered"]
    assert kinds[0][0] < 30 < kinds[1][0] < 70
