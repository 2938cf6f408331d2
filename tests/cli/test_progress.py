"""What a person sees while a harvest goes on."""

import io
import json
import math
from dataclasses import replace

import pytest
from rich.console import Console

from harvester.cli.bar import Bar
from harvester.cli.progress import Lines, Pace, duration
from harvester.pipeline.endpoint_run import Snapshot, Top
from harvester.transport.gate import RequestCounts, Wait

BEGUN = Snapshot(
    endpoint="totals",
    n_settled=2_500,
    n_total=10_000,
    fraction_read=1.0,
    n_planned=10_000,
    requests=RequestCounts(sent=12, answered=10, rate_limited=1, errors={"service": 2}),
    limit_per_minute=600.0,
    at_once=16,
    wait=None,
    wait_s=0.0,
    top=Top("favorites", ((1_234, 2_110_000_000_000_000_000),)),
)


def pace_of(*seen: tuple[float, int]) -> Pace:
    pace = Pace()
    for now, n_settled in seen:
        pace.see(replace(BEGUN, n_settled=n_settled), now)
    return pace


def line_of(snapshot: Snapshot, *, as_json: bool = False) -> str:
    said: list[str] = []
    lines = Lines(said.append, as_json=as_json)
    lines.show([(snapshot, pace_of((0.0, 0), (10.0, 2_500)))])
    return "\n".join(said)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1.0, "0 s"), (41.2, "41 s"), (99.4, "99 s"), (150.0, "2 min"), (12_000.0, "3 h 20 min")],
)
def test_duration_is_written_in_its_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_pace_is_that_of_the_last_half_minute() -> None:
    assert pace_of((0.0, 0), (40.0, 4_000), (60.0, 6_000), (70.0, 8_000)).ids_per_s == pytest.approx(
        4_000 / 30
    )


def test_line_says_how_far_how_fast_and_how_long_still() -> None:
    line = line_of(BEGUN)
    for part in (
        "2,500 of 10,000 IDs (25%)",
        "250 IDs/s",
        "requests/min of 600",
        "16 at once",
        "12 requests",
        "1 × 429",
        "2 errors",
        "30 s left",
        "top favorites: 1,234 https://twitter.com/lookup/status/2110000000000000000",
    ):
        assert part in line


def test_total_is_estimated_while_the_input_is_read() -> None:
    assert "2,500 of about 20,000 IDs" in line_of(replace(BEGUN, n_total=None, fraction_read=0.5))
    assert "2,500 IDs" in line_of(replace(BEGUN, n_total=None, fraction_read=None))


@pytest.mark.parametrize(
    ("wait", "wait_s", "says"),
    [
        (Wait("rate limit", 100.0), 41.0, "rate limit, 41 s left"),
        (Wait("service", math.inf), math.inf, "the service is in trouble, probing"),
    ],
)
def test_wait_says_why_and_until_when(wait: Wait, wait_s: float, says: str) -> None:
    assert says in line_of(replace(BEGUN, wait=wait, wait_s=wait_s))


def test_lines_are_few_but_a_wait_is_told_at_once() -> None:
    said: list[str] = []
    lines = Lines(said.append, as_json=False)
    waiting = replace(BEGUN, wait=Wait("rate limit", 9.0), wait_s=9.0)
    for snapshot in (BEGUN, BEGUN, waiting, waiting):
        lines.show([(snapshot, pace_of((0.0, 0)))])
    assert len(said) == 2


def test_json_line_has_the_fields_of_a_progress_event() -> None:
    event = json.loads(line_of(replace(BEGUN, wait=Wait("service", math.inf), wait_s=math.inf), as_json=True))
    assert event["event"] == "progress"
    assert (event["settled"], event["total"], event["waiting_for"], event["wait_s"]) == (
        2_500,
        10_000,
        "service",
        None,
    )


@pytest.mark.parametrize("width", [20, 80, 200])
def test_bar_fits_any_terminal(width: int) -> None:
    text = io.StringIO()
    bar = Bar(Console(file=text, width=width, force_terminal=True))
    bar.show([(BEGUN, pace_of((0.0, 0), (10.0, 2_500)))])
    bar.close()
    assert "IDs" in text.getvalue()
