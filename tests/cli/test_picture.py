"""The bars on terminals of any size."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.cli.picture import Row, last_picture, picture
from harvester.cli.seen import Seen
from tests.cli.sights import BEGUN, seen_of, three, waiting

LIMITED = waiting("rate limit", 40.4)
DOWN = waiting("service", waited_s=100.0, gives_up_s=800.0)


def texts(rows: list[Row]) -> list[str]:
    return ["".join(text for text, _ in row).rstrip() for row in rows]


def test_one_endpoint_has_a_bar_its_figures_and_its_top_tweets() -> None:
    bar, figures, title, *tops = texts(picture(seen_of(BEGUN), 100, 24))
    assert re.fullmatch(r"━{15}─{45} +2,500 of 10,000 IDs \(25%\) · 30 s left", bar)
    assert figures.startswith("  1,500 of 600 requests/min · 1 × 429 · 2 errors · 3 dead letters · 250 IDs/s")
    assert figures.endswith("250 IDs/s · 10 s elapsed")
    assert title == "top favorites"
    assert tops[0] == "  1,234,567  https://twitter.com/lookup/status/2110000000000000000"
    assert len(tops) == 5


def test_several_endpoints_stand_in_columns_below_all_of_them_together() -> None:
    rows = texts(picture(three(), 100, 24))
    bars = [row for row in rows if "━" in row]
    assert [row.split()[0] for row in bars] == ["all", "totals", "28hr", "historical"]
    assert {row.index("━") for row in bars} == {11}
    assert "7,500 of 30,000 IDs (25%) · 30 s left" in bars[0]


def test_on_forty_columns_nothing_that_matters_is_missing() -> None:
    rows = texts(picture(three(wait=[LIMITED]), 39, 24))
    for part in ("totals", "25%", "30 s left", "rate limit until 18:53:11 UTC, 41 s", "2,500 of 10,000"):
        assert any(part in row for row in rows), part
    assert max(map(len, rows)) <= 39


@pytest.mark.parametrize("height", [1, 2, 3, 4, 6, 9, 12, 15])
def test_where_lines_are_few_the_waits_stay(height: int) -> None:
    rows = texts(picture(three(wait=[LIMITED, DOWN]), 79, height))
    assert len(rows) <= height
    assert any("rate limit" in row and "until 18:53:11 UTC, 41 s" in row for row in rows)
    assert height == 1 or any("service" in row and "2 min so far" in row for row in rows)


def test_top_tweets_are_shown_only_where_there_is_room_for_some_of_each() -> None:
    assert any("top favorites" in row for row in texts(picture(three(), 79, 13)))
    assert not any("top favorites" in row for row in texts(picture(three(), 79, 12)))


def test_a_run_that_is_told_to_stop_says_for_how_long_it_still_may_take() -> None:
    rows = texts(picture(seen_of(replace(BEGUN, drain_s=4.2)), 100, 24))
    assert rows[0] == "stopping: requests in flight have 4 s to finish; Ctrl-C again leaves at once"
    assert texts(picture(seen_of(replace(BEGUN, drain_s=4.2)), 30, 3))[0] == "stopping, within 4 s"


def test_what_stays_at_the_end_is_the_bars() -> None:
    done = replace(BEGUN, n_settled=10_000, is_done=True)
    (bar,) = texts(last_picture(seen_of(done, left_s=None), 60, 24))
    assert bar.endswith("10,000 of 10,000 IDs (100%)")
    assert "─" not in bar


snapshots = st.builds(
    replace,
    st.sampled_from([BEGUN, LIMITED, DOWN, waiting("disk", waited_s=3.0), waiting("pace", 9.0)]),
    endpoint=st.sampled_from(["totals", "28hr", "historical"]),
    n_settled=st.integers(0, 10**12),
    n_total=st.none() | st.integers(0, 10**12),
    fraction_read=st.none() | st.floats(0, 1),
    n_planned=st.integers(0, 10**12),
    drain_s=st.none() | st.floats(0, 5),
    is_done=st.booleans(),
)
sights = st.lists(snapshots, min_size=1, max_size=3).map(lambda ones: seen_of(*ones))


@given(sights, st.integers(1, 250), st.integers(1, 60))
def test_a_picture_fits_any_terminal(seen: Seen, width: int, height: int) -> None:
    for rows in (picture(seen, width, height), last_picture(seen, width, height)):
        assert len(rows) <= height
        assert all(sum(len(text) for text, _ in row) <= width for row in rows)
