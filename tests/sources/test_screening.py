"""Numbers that cannot be tweet IDs are turned away with their reason, whatever the chunk borders."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.tweet_id import DAY_MS, first_id_at
from harvester.sources import Chunk, Form, Rejected
from harvester.sources.chunk import NOTHING
from harvester.sources.screening import FROM_THE_FUTURE, ROUNDED, ROUNDED_ROW, TOO_SMALL, Screen

NOW_MS = 1_790_000_000_000
FORM = Form(began_ms=NOW_MS)
GOOD = 1_060_976_163_948_904_448
ROUND = 1_060_976_163_948_904_400


BAD = "no ID"
Line = int | str


def chunk_of(lines: Sequence[Line], first_line: int = 1, owners: tuple[str, ...] = ()) -> Chunk:
    """A chunk with an ID on each line, or a text that is none."""
    numbered = list(enumerate(lines, first_line))
    ids = np.array([line for _, line in numbered if isinstance(line, int)], np.int64)
    return replace(
        NOTHING,
        ids=ids,
        lines=np.array([number for number, line in numbered if isinstance(line, int)], np.int64),
        rejected=tuple(Rejected("", number, line, BAD) for number, line in numbered if isinstance(line, str)),
        n_lines=len(numbered),
        owners=owners,
    )


def screened(
    lines: Sequence[Line], borders: list[int], form: Form = FORM
) -> tuple[list[int], list[tuple[int, str]]]:
    screen = Screen(form)
    kept: list[int] = []
    rejected: list[tuple[int, str]] = []
    cuts = [0, *sorted(min(border, len(lines)) for border in borders), len(lines)]
    chunks = [chunk_of(lines[first:end], first + 1) for first, end in pairwise(cuts)]
    for chunk in (
        *(screen.screen(chunk, is_last=False) for chunk in chunks),
        screen.screen(NOTHING, is_last=True),
    ):
        assert chunk.n_lines == len(chunk.ids) + len(chunk.rejected)
        assert len(chunk.lines) == len(chunk.ids)
        kept += chunk.ids.tolist()
        rejected += [(entry.line, entry.reason) for entry in chunk.rejected]
    return kept, rejected


@pytest.mark.parametrize(
    ("tweet_id", "reason"),
    [
        (1, TOO_SMALL),
        (19, TOO_SMALL),
        (20, None),
        (first_id_at(NOW_MS), None),
        (first_id_at(NOW_MS + DAY_MS) - 1, None),
        (first_id_at(NOW_MS + DAY_MS), FROM_THE_FUTURE),
        (2**63 - 1, FROM_THE_FUTURE),
        (ROUND, None),
    ],
)
def test_number_is_turned_away_when_no_tweet_can_have_it(tweet_id: int, reason: str | None) -> None:
    kept, rejected = screened([GOOD, tweet_id, GOOD], [])
    assert rejected == ([] if reason is None else [(2, reason)])
    assert kept == ([GOOD, tweet_id, GOOD] if reason is None else [GOOD, GOOD])


@pytest.mark.parametrize(("n", "is_row"), [(ROUNDED_ROW - 1, False), (ROUNDED_ROW, True), (50, True)])
def test_row_of_rounded_ids_is_turned_away_when_it_is_long(n: int, is_row: bool) -> None:
    row: list[Line] = [ROUND + 100 * place for place in range(n)]
    kept, rejected = screened([GOOD, *row, GOOD], [])
    assert kept == ([GOOD, GOOD] if is_row else [GOOD, *row, GOOD])
    assert rejected == ([(line, ROUNDED) for line in range(2, n + 2)] if is_row else [])


def test_rounded_ids_pass_when_they_are_accepted() -> None:
    row = [ROUND] * 50
    assert screened(row, [3], Form(began_ms=NOW_MS, accept_rounded=True)) == (row, [])


def test_small_numbers_are_exact_and_no_rounded_row() -> None:
    row = [100 * place for place in range(1, 50)]
    assert screened(row, []) == (row, [])


others: list[Line] = [GOOD, 5, 100, 2**62, "x"]
row: st.SearchStrategy[list[Line]] = st.one_of(
    st.integers(1, 2 * ROUNDED_ROW).map(lambda n: [ROUND] * n),
    st.lists(st.sampled_from(others), min_size=1, max_size=3),
)
rows = st.lists(row, max_size=8).map(lambda rows: [line for row in rows for line in row])


@given(rows, st.lists(st.integers(0, 60), max_size=10))
def test_what_is_turned_away_and_its_order_do_not_depend_on_chunks(
    lines: list[Line], borders: list[int]
) -> None:
    kept, rejected = screened(lines, borders)
    assert (kept, rejected) == screened(lines, [])
    assert rejected == sorted(rejected)


@given(rows)
def test_all_of_a_rounded_row_is_turned_away_and_nothing_else_of_what_ends_in_00(lines: list[Line]) -> None:
    _, rejected = screened(lines, [])
    marks = "".join("r" if line == ROUND else "." for line in lines)
    expected: list[int] = []
    place = 0
    for part in marks.replace(".r", ". r").replace("r.", "r .").split(" "):
        if part.startswith("r" * ROUNDED_ROW):
            expected += range(place + 1, place + len(part) + 1)
        place += len(part)
    assert [line for line, reason in rejected if reason == ROUNDED] == expected


def test_places_tell_the_order_where_lines_do_not() -> None:
    """As in JSON, where many stand on one line."""
    screen = Screen(FORM)
    bad = (Rejected("", 1, "a", BAD), Rejected("", 1, "b", BAD))
    chunk = replace(
        chunk_of([5, GOOD, 6]), lines=np.ones(3, np.int64), rejected=bad, n_lines=5, places=(1, 3)
    )
    rejected = screen.screen(chunk, is_last=True).rejected
    assert [entry.text for entry in rejected] == ["5", "a", "6", "b"]


def test_owners_go_with_their_ids() -> None:
    screen = Screen(FORM)
    first = screen.screen(chunk_of([GOOD, 5, ROUND], 1, ("ada", "bob", "eve")), is_last=False)
    last = screen.screen(chunk_of([GOOD], 4, ("ida",)), is_last=True)
    assert (first.owners, first.ids.tolist()) == (("ada",), [GOOD])
    assert (last.owners, last.ids.tolist()) == (("eve", "ida"), [ROUND, GOOD])


def test_nothing_is_turned_away_when_the_time_is_not_told() -> None:
    assert screened([1, 2**63 - 1], [], Form()) == ([1, 2**63 - 1], [])
