"""One reading for several endpoints: each gets all of the input, in order, at its own pace."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from harvester.errors import HarvesterError, RunDirectoryError
from harvester.pipeline.commit import RejectedLog
from harvester.pipeline.fanout import Fanout, Feed
from harvester.pipeline.reading import Portion, Reading, Selection
from harvester.planning import EMPTY_CHAIN, Planner
from harvester.rundir.directory import RunDirectory
from harvester.rundir.marks import EndpointMark, InputMark
from harvester.sources import Form, find_sources


class Directory:
    """Takes rejected lines and forgets them."""

    def commit_rejected(self, mark: InputMark, rejected: Any) -> None:
        pass


def reading_of(folder: Path, *lines: str, owner_column: str | None = None) -> Reading:
    path = folder / "ids.csv"
    path.write_text("\n".join(lines) + "\n")
    form = Form(owner_column=owner_column)
    return Reading(find_sources((str(path),)), InputMark(), Selection(), form, ("", "alice", "(none)"))


def fanout_of(reading: Reading, folder: Path, n: int, errors: list[HarvesterError]) -> Fanout:
    rejected = RejectedLog(cast("RunDirectory", Directory()), InputMark())
    return Fanout(reading, rejected, folder, n, errors.append)


class Portions:
    """A reading of a few portions, then an error if there is one. n_read: portions handed out."""

    def __init__(self, *parts: list[int], error: HarvesterError | None = None) -> None:
        self._parts, self._error = parts, error
        self.n_read = 0
        self.stop = asyncio.Event()

    def portions(self) -> Iterator[Portion]:
        for part in self._parts:
            self.n_read += 1
            yield Portion(np.array(part, np.int64), None, b"", InputMark())
        if self._error:
            raise self._error


async def all_ids(fanout: Fanout) -> list[list[int]]:
    return [ids.tolist() async for ids, _, _ in fanout.parts()]


async def test_each_endpoint_gets_everything_in_order_whoever_reads_first(tmp_path: Path) -> None:
    portions = Portions([1, 2], [], [3], [4, 5, 6])
    fanout = fanout_of(cast("Reading", portions), tmp_path, 3, [])
    first = fanout.parts()
    seen = [(await anext(first))[0].tolist(), (await anext(first))[0].tolist()]
    others = await asyncio.gather(all_ids(fanout), all_ids(fanout))
    seen += [ids.tolist() async for ids, _, _ in first]
    assert seen == others[0] == others[1] == [[1, 2], [], [3], [4, 5, 6]]
    assert portions.n_read == 4
    fanout.close()
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # the file has no name


async def test_part_that_was_coming_for_an_endpoint_that_ended_is_there_for_the_others(
    tmp_path: Path,
) -> None:
    portions = Portions([1, 2], [3], [4, 5])
    fanout = fanout_of(cast("Reading", portions), tmp_path, 2, [])
    for _ in range(2):
        ended = asyncio.ensure_future(all_ids(fanout))
        await asyncio.sleep(0)
        other = asyncio.ensure_future(all_ids(fanout))
        await asyncio.sleep(0)
        ended.cancel()
        assert await other == [[1, 2], [3], [4, 5]]
    fanout.close()


async def test_nothing_is_read_before_somebody_wants_it(tmp_path: Path) -> None:
    portions = Portions([1], [2], [3])
    fanout = fanout_of(cast("Reading", portions), tmp_path, 2, [])
    await anext(fanout.parts())
    assert portions.n_read == 1
    fanout.close()


async def test_owners_go_with_their_tweets_also_through_the_file(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, "tweet_id,who", "7,alice", "8,", "9,zoe", owner_column="who")
    fanout = fanout_of(reading, tmp_path, 2, [])
    for _ in range(2):
        found = [(i, o) async for ids, owners, _ in fanout.parts() for i, o in zip(ids, owners, strict=True)]  # type: ignore[arg-type]
        assert found == [(7, 1), (8, 0), (9, 2)]
    fanout.close()


async def test_an_error_of_the_input_is_told_once_and_ends_it_for_all(tmp_path: Path) -> None:
    errors: list[HarvesterError] = []
    error = RunDirectoryError("changed")
    fanout = fanout_of(cast("Reading", Portions([1], error=error)), tmp_path, 2, errors)
    assert list(await asyncio.gather(all_ids(fanout), all_ids(fanout))) == [[[1]], [[1]]]
    assert errors == [error]
    assert fanout.reading.stop.is_set()
    fanout.close()


class Planned:
    """Plans batches of one tweet, their chains the tweets."""

    n_repeated = n_planned = n_passed = 0
    passed_chain: bytes | None = None

    def pass_over(self, n_batches: int) -> None:
        self.n_passed = n_batches

    def plan(self, ids: Any, _owners: Any) -> Iterator[Any]:
        for i in ids.tolist():
            self.n_planned += 1
            if self.n_planned > self.n_passed:
                yield type("Batch", (), {"number": i})()
            self.passed_chain = bytes([i]) if self.n_planned == self.n_passed else self.passed_chain

    def finish(self) -> Iterator[Any]:
        yield from ()


@pytest.mark.parametrize(
    ("batches", "chain", "outcome"),
    [
        (0, EMPTY_CHAIN, [0, 1, 2, 3]),
        (2, b"\x01", [2, 3]),
        (4, b"\x03", []),
        (2, b"\x07", "first 2 batches are not the committed ones"),
        (5, b"\x04", "ends after 0 IDs"),
    ],
)
async def test_a_feed_leaves_out_what_is_committed_and_notices_another_input(
    tmp_path: Path, batches: int, chain: bytes, outcome: list[int] | str
) -> None:
    portions = Portions([0, 1], [2, 3])
    portions.counts = type("Counts", (), {"distinct": 0})  # type: ignore[attr-defined]
    fanout = fanout_of(cast("Reading", portions), tmp_path, 1, [])
    feed = Feed(fanout, cast("Planner", Planned()), EndpointMark(batches, chain))
    if isinstance(outcome, str):
        with pytest.raises(RunDirectoryError, match=outcome):
            [some async for some in feed.batches()]
        assert not feed.is_whole
    else:
        assert [batch.number async for some in feed.batches() for batch in some] == outcome
        assert (feed.is_whole, feed.n_planned) == (True, 4)
    fanout.close()
