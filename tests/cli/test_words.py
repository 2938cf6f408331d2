"""What is said of a run's progress."""

import math
from dataclasses import replace

import pytest

from harvester.cli.words import (
    clock,
    done_variants,
    duration,
    estimated_total,
    figures_in_words,
    percent,
    wait_variants,
)
from harvester.pipeline.endpoint_run import Snapshot
from tests.cli.sights import BEGUN, STEADY, WALL_S, pace_of, waiting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0 s"),
        (41.2, "41 s"),
        (99.4, "99 s"),
        (150.0, "2 min"),
        (12_000.0, "3 h 20 min"),
        (367_200.0, "4 d 6 h"),
    ],
)
def test_duration_is_written_in_its_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_clock_is_in_utc_and_says_so() -> None:
    assert clock(WALL_S) == "18:52:31 UTC"


@pytest.mark.parametrize(("share", "text"), [(0.0, "0%"), (0.4267, "42%"), (0.9999, "99%"), (1.0, "100%")])
def test_percent_is_a_hundred_only_when_it_is_all(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("snapshot", "text", "total"),
    [
        (BEGUN, "2,500 of 10,000 IDs (25%)", 10_000),
        (
            replace(BEGUN, n_total=None, fraction_read=0.5),
            "2,500 of about 20,000 IDs (12%), the input is still read",
            20_000,
        ),
        (
            replace(BEGUN, n_total=None, fraction_read=None),
            "2,500 IDs, total unknown: the input is still read",
            None,
        ),
        (replace(BEGUN, n_settled=0, n_total=0, n_planned=0), "0 of 0 IDs (100%)", 0),
    ],
)
def test_total_is_told_estimated_or_said_to_be_unknown(
    snapshot: Snapshot, text: str, total: int | None
) -> None:
    assert (done_variants(snapshot)[0], estimated_total(snapshot)) == (text, total)


@pytest.mark.parametrize(
    ("snapshot", "says"),
    [
        (
            waiting("rate limit", 40.4),
            "waiting for the allowance (rate limit), until 18:53:11 UTC, 41 s left",
        ),
        (
            waiting("pace", 7.0),
            "the next request goes as the allowance grants it, until 18:52:38 UTC, 7 s left",
        ),
        (
            waiting("service", 8.0, waited_s=100.0, gives_up_s=800.0),
            "waiting for the service, which is in trouble, until 18:52:39 UTC, 8 s left; gives up at 19:05:51 UTC",
        ),
        (
            waiting("service", waited_s=100.0, gives_up_s=800.0),
            (
                "waiting for the service, which is in trouble, 2 min so far, a probe is under way;"
                " gives up at 19:05:51 UTC"
            ),
        ),
        (waiting("disk", waited_s=12.0), "waiting for the disk to take what is there, 12 s so far"),
        (waiting("input", waited_s=3.0), "waiting for more of the input, 3 s so far"),
    ],
)
def test_wait_says_why_and_until_when(snapshot: Snapshot, says: str) -> None:
    variants = wait_variants(snapshot, WALL_S)
    assert variants[0] == says
    assert [*map(len, variants)] == sorted(map(len, variants), reverse=True)
    assert len(variants[-1]) <= 24


@pytest.mark.parametrize("reason", ["rate limit", "service"])
def test_even_the_shortest_form_of_a_wait_says_why_and_how_long(reason: str) -> None:
    assert wait_variants(waiting(reason, 40.4), WALL_S)[-1].endswith(", 41 s")  # type: ignore[arg-type]  # a name


def test_figures_say_how_fast_against_what_is_allowed_and_all_trouble() -> None:
    figures = figures_in_words(BEGUN, pace_of(*STEADY))
    assert figures == [
        "1,500 of 600 requests/min",
        "1 × 429",
        "2 errors",
        "3 dead letters",
        "250 IDs/s",
        "12 requests",
        "16 at once",
    ]


def test_an_endpoint_that_is_done_has_no_pace() -> None:
    done = replace(BEGUN, n_settled=10_000, n_dead=0, requests=replace(BEGUN.requests, errors={}))
    assert figures_in_words(done, pace_of(*STEADY)) == ["1 × 429", "12 requests"]


def test_nothing_is_said_of_a_wait_where_there_is_none() -> None:
    assert wait_variants(replace(BEGUN, wait_s=math.inf), WALL_S) == ()
