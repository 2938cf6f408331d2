"""IDs that a caller yields, as the lines of a stream."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.errors import UsageError
from harvester.library.id_stream import MOST_LINES, IdStream, line_of
from tests.library.serving import FIRST_ID


def pieces_of(stream: IdStream, stop: threading.Event | None = None) -> Iterator[bytes]:
    assert stream.source.pieces
    return stream.source.pieces(1, stop or threading.Event())


@pytest.mark.parametrize(
    ("tweet_id", "line"),
    [
        (20, b"20\n"),
        (np.int64(FIRST_ID), b"1900000000000000001\n"),
        (np.str_("20"), b"20\n"),
        (-3, b"-3\n"),
        (True, b"1\n"),
        ("", b"\n"),
        (" 20\n", b" 20\n"),
        ("20\r\n21", b"20 21\n"),
        ("\ud800", b"\\ud800\n"),
        ("no id", b"no id\n"),
    ],
)
def test_an_id_is_a_line(tweet_id: Any, line: bytes) -> None:
    assert line_of(tweet_id, 1) == line


@pytest.mark.parametrize("tweet_id", [1.9e18, None, b"20", [20], {"id": 20}])
def test_what_is_neither_integer_nor_text_is_refused(tweet_id: Any) -> None:
    with pytest.raises(UsageError, match="ID 1,234 is a "):
        line_of(tweet_id, 1234)


def test_a_files_name_among_ids_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").touch()
    with pytest.raises(UsageError, match="is a file") as caught:
        line_of(str(tmp_path / "ids.txt"), 1)
    assert caught.value.hint
    assert "pathlib.Path" in caught.value.hint


@settings(max_examples=30)
@given(st.lists(st.integers() | st.text().filter(lambda text: not Path(text).exists()), max_size=20))
def test_nothing_is_lost_or_changes_its_place(tweet_ids: list[int | str]) -> None:
    expected = b"".join(line_of(tweet_id, 2) for tweet_id in tweet_ids)
    assert b"".join(pieces_of(IdStream(iter(tweet_ids)))) == expected


async def test_an_asynchronous_iterable_gives_the_same() -> None:
    async def coming() -> AsyncIterator[int]:
        for number in range(3 * MOST_LINES):
            yield number

    stream = IdStream(coming())
    assert stream.is_asynchronous
    feeding = asyncio.ensure_future(stream.feed())
    taken = await asyncio.to_thread(lambda: b"".join(pieces_of(stream)))
    await feeding
    assert taken.split() == [b"%d" % number for number in range(3 * MOST_LINES)]


def failing(*_: object) -> Iterator[int]:
    yield 20
    raise LookupError("gone")


def no_id(*_: object) -> Iterator[Any]:
    yield 20
    yield 0.5


@pytest.mark.parametrize(("make", "message"), [(failing, "raised LookupError"), (no_id, "ID 2 is a float")])
def test_what_the_iterable_raises_comes_behind_its_ids(
    make: Callable[[], Iterator[int]], message: str
) -> None:
    stream = IdStream(make())
    pieces = pieces_of(stream)
    taken: list[bytes] = []

    def take() -> None:
        for piece in pieces:
            taken.append(piece)  # noqa: PERF402  # what came before the error counts

    with pytest.raises(UsageError, match=message):
        take()
    assert taken == [b"20\n"]
    assert stream.error


def test_a_generator_that_is_not_wanted_any_more_is_closed() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 20
        finally:
            closed.set()

    stop = threading.Event()
    stream = IdStream(endless())
    pieces = pieces_of(stream, stop)
    assert next(pieces)
    stop.set()
    stream.close()
    assert not list(pieces)
    assert closed.wait(5)


def test_an_id_is_handed_on_while_the_next_one_is_waited_for() -> None:
    may_go_on = threading.Event()

    def slow() -> Iterator[int]:
        yield 20
        may_go_on.wait(5)
        yield 21

    pieces = pieces_of(IdStream(slow()))
    assert next(pieces) == b"20\n"
    may_go_on.set()
    assert list(pieces) == [b"21\n"]


def test_a_stop_does_not_wait_for_an_id() -> None:
    may_go_on, stop = threading.Event(), threading.Event()

    def silent() -> Iterator[int]:
        may_go_on.wait(5)
        yield 20

    pieces = pieces_of(IdStream(silent()), stop)
    threading.Timer(0.02, stop.set).start()
    assert not list(pieces)
    may_go_on.set()
