"""A harvest as an iterator of its records: what it yields, how it ends, and what is left when it is left."""

import asyncio
import gc
import gzip
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any, assert_type

import orjson
import pytest

import harvester
from harvester import ExitCode, Record
from harvester.library.work import Work
from harvester.transport.session import Reply
from tests.library.serving import BATCH, FIRST_ID, Service, ids, is_free, lines

Harvested = Callable[..., list[Record]]
PACED: harvester.HarvestOptions = {"metrics": ("favorites",), "concurrency": {"totals": 1}}
PATIENT: harvester.HarvestOptions = {**PACED, "grace_s": 60}
IMPATIENT: harvester.HarvestOptions = {**PACED, "grace_s": 0}


async def collected(*arguments: Any, **options: Any) -> list[Record]:
    return [record async for record in harvester.harvest(*arguments, **options)]


def harvest_with_a_loop(*arguments: Any, **options: Any) -> list[Record]:
    return asyncio.run(collected(*arguments, **options))


def harvest_without(*arguments: Any, **options: Any) -> list[Record]:
    return list(harvester.harvest_sync(*arguments, **options))


BOTH = pytest.mark.parametrize("harvest", [harvest_with_a_loop, harvest_without])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


@BOTH
def test_each_record_comes_once_in_the_order_of_the_file(
    harvest: Harvested, service: Service, out: Path
) -> None:
    records = harvest(ids(5), out=out, metrics=["favorites", "retweets"])
    assert [int(record.tweet_id) for record in records] == ids(5)
    assert [record.to_dict() for record in records] == lines(out)
    assert records[0].metrics == {"favorites": 1, "retweets": 1}
    assert (out / "_SUCCESS").exists()


@BOTH
def test_a_complete_directory_gives_all_records_without_a_request(
    harvest: Harvested, service: Service, out: Path
) -> None:
    first = harvest(ids(3), out=out)
    n_asked = len(service.asked)
    assert harvest(iter(map(str, ids(3))), out=out) == first
    assert len(service.asked) == n_asked


@BOTH
def test_endpoints_come_in_turns_each_in_its_order(harvest: Harvested, service: Service, out: Path) -> None:
    records = harvest(ids(8), out=out, endpoints=("totals", "28hr"), metrics="impressions")
    for endpoint in ("totals", "28hr"):
        mine = [record for record in records if record.endpoint == endpoint]
        assert [record.to_dict() for record in mine] == lines(out, endpoint)
        assert len(mine) == 8 * BATCH
    again = harvest(ids(8), out=out, endpoints="totals,28hr", metrics=["impressions"])
    changes = sum(one.endpoint != other.endpoint for one, other in pairwise(again))
    assert changes > 1


@BOTH
def test_files_are_read_as_the_command_reads_them(
    harvest: Harvested, service: Service, out: Path, tmp_path: Path
) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.txt"
    one.write_text(f"tweet_id,note\n{FIRST_ID},a\n")
    other.write_text(f"{FIRST_ID}\n{FIRST_ID + 2}\n")
    assert len(harvest(str(tmp_path / "*.csv"), out=out)) == 1
    assert len(harvest([one, other], out=tmp_path / "both")) == 2


async def test_a_record_comes_while_the_harvest_goes_on(service: Service, out: Path) -> None:
    service.n_held_from = 2
    async with harvester.harvest(ids(4), out=out, **PACED) as records:
        n_records = 0
        async for record in records:
            n_records += 1
            assert_type(record, Record)
            if n_records == 2 * BATCH:
                assert records.outcome is None
                service.release()
        assert n_records == 4 * BATCH
    assert records.outcome
    assert records.outcome.exit_code is ExitCode.OK


def test_it_can_be_iterated_beside_a_running_loop(service: Service, out: Path) -> None:
    async def cell() -> list[Record]:
        return list(harvester.harvest_sync(ids(1), out=out))

    assert len(asyncio.run(cell())) == BATCH


async def test_ids_may_come_asynchronously(service: Service, out: Path) -> None:
    closed = []

    async def coming() -> AsyncIterator[str]:
        try:
            for tweet_id in ids(3):
                await asyncio.sleep(0)
                yield str(tweet_id)
        finally:
            closed.append(True)

    assert len(await collected(coming(), out=out)) == 3 * BATCH
    assert closed
    with pytest.raises(harvester.UsageError, match="asynchronously"):
        harvester.harvest_sync(coming(), out=out)  # type: ignore[arg-type]  # that is the point


def test_an_endless_iterable_is_asked_for_no_more_than_is_wanted(service: Service, out: Path) -> None:
    """It is left by itself, however far it is ahead of a service that does not answer."""
    service.n_held_from = 1
    taken: Counter[str] = Counter()

    def endless() -> Iterator[int]:
        for number in count(FIRST_ID, 100):
            taken["ids"] += 1
            yield number

    for _ in harvester.harvest_sync(endless(), out=out, **IMPATIENT):
        break
    assert taken["ids"] < 500_000
    service.release()
    assert len(harvest_without(endless(), out=out.with_name("sample"), limit=1000)) == 1000


@BOTH
def test_lines_that_are_no_ids_are_rejected(harvest: Harvested, service: Service, out: Path) -> None:
    assert len(harvest([FIRST_ID, "no id", -3, ""], out=out)) == 1
    rejected = (out / "rejected.ndjson").read_text().splitlines()
    assert [(part["file"], part["line"], part["text"]) for part in map(orjson.loads, rejected)] == [
        ("ids", 2, "no id"),
        ("ids", 3, "-3"),
    ]


@BOTH
def test_nothing_given_goes_on_with_what_is_kept(harvest: Harvested, service: Service, out: Path) -> None:
    assert harvest([], out=out.with_name("nothing")) == []
    first = harvest(ids(1), out=out)
    assert harvest([], out=out) == first


@BOTH
def test_other_ids_than_before_are_refused(harvest: Harvested, service: Service, out: Path) -> None:
    harvest(ids(2), out=out)
    with pytest.raises(harvester.RunDirectoryError, match="ids has changed"):
        harvest(ids(2)[1:], out=out)
    with pytest.raises(harvester.RunDirectoryError, match="metrics"):
        harvest(ids(2), out=out, metrics=["favorites"])


class TestLeftEarly:
    """What is in flight is finished and committed, and the directory is free; the same call goes on."""

    @pytest.fixture
    def service(self, service: Service) -> Service:
        """Answers two requests, and the one after them when the harvest was left."""
        service.n_held_from = 2
        return service

    def go_on(self, service: Service, out: Path) -> None:
        assert len(lines(out)) == 3 * BATCH
        assert len(harvest_without(ids(10), out=out, **PACED)) == 10 * BATCH
        assert sorted(map(int, service.ids_asked())) == ids(10), "nothing was asked twice"

    def test_by_a_break(self, service: Service, out: Path) -> None:
        for record in harvester.harvest_sync(ids(10), out=out, **PACED):
            assert_type(record, Record)
            service.release_soon()
            break
        assert is_free(out)
        self.go_on(service, out)

    async def test_by_a_break_without_a_word_the_next_call_waits_for_it(
        self, service: Service, out: Path
    ) -> None:
        async for _ in harvester.harvest(ids(10), out=out, **PACED):
            break
        service.release_soon()
        assert len(await collected(ids(10), out=out, **PACED)) == 10 * BATCH
        assert sorted(map(int, service.ids_asked())) == ids(10)

    async def test_by_a_break_in_a_context(self, service: Service, out: Path) -> None:
        async with harvester.harvest(ids(10), out=out, **PACED) as records:
            async for _ in records:
                service.release_soon()
                break
        assert is_free(out)
        assert records.outcome
        assert records.outcome.exit_code is ExitCode.INTERRUPTED
        await asyncio.to_thread(self.go_on, service, out)

    def test_by_an_exception_of_the_consumer(self, service: Service, out: Path) -> None:
        def consume() -> None:
            for record in harvester.harvest_sync(ids(10), out=out, **PACED):
                service.release_soon()
                raise LookupError(record.tweet_id)

        with pytest.raises(LookupError) as caught:
            consume()
        assert is_free(out), caught
        self.go_on(service, out)

    async def test_by_a_cancellation(self, service: Service, out: Path) -> None:
        seen = service.seen[2]

        async def consume() -> None:
            async with harvester.harvest(ids(10), out=out, **PACED) as records:
                async for _ in records:
                    pass

        consuming = asyncio.ensure_future(consume())
        await asyncio.to_thread(seen.wait, 5)
        consuming.cancel()
        service.release_soon()
        with pytest.raises(asyncio.CancelledError):
            await consuming
        assert is_free(out)
        await asyncio.to_thread(self.go_on, service, out)

    async def test_by_a_second_cancellation_at_once(self, service: Service, out: Path) -> None:
        service.n_held_from = 1
        records = harvester.harvest(ids(10), out=out, **PATIENT)
        async for _ in records:
            break
        closing = asyncio.ensure_future(records.aclose())
        await asyncio.sleep(0.01)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert is_free(out)

    @pytest.mark.parametrize("closes", [True, False])
    async def test_with_ids_that_come_asynchronously(self, service: Service, out: Path, closes: bool) -> None:
        """Whoever yields them is told as well."""
        closed = asyncio.Event()

        async def coming() -> AsyncIterator[int]:
            try:
                for tweet_id in ids(10):
                    yield tweet_id
                await asyncio.Event().wait()
            finally:
                closed.set()

        records = harvester.harvest(coming(), out=out, **PACED)
        async for _ in records:
            service.release_soon()
            break
        if closes:
            await records.aclose()
            assert is_free(out)
        async with asyncio.timeout(5):
            await closed.wait()
        assert len(await collected(ids(10), out=out, **PACED)) == 10 * BATCH

    def test_by_ctrl_c_twice_at_once(self, service: Service, out: Path) -> None:
        main = threading.main_thread().ident
        assert main
        records = iter(harvester.harvest_sync(ids(10), out=out, **PATIENT))
        next(records)
        for seconds in (0.05, 0.1):
            threading.Timer(seconds, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            list(records)
        assert is_free(out)

    def test_by_ctrl_c_while_it_waits(self, service: Service, out: Path) -> None:
        service.n_held_from = 1
        main = threading.main_thread().ident
        assert main
        records = iter(harvester.harvest_sync(ids(10), out=out, **IMPATIENT))
        assert len(list(islice(records, BATCH))) == BATCH
        threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            next(records)
        assert is_free(out)
        assert len(lines(out)) == BATCH

    def test_by_the_garbage_collector_in_whichever_thread(self, service: Service, out: Path) -> None:
        """That may be one of the harvest's own: it must not wait there for the end."""
        records = iter(harvester.harvest_sync(ids(10), out=out, **PATIENT))
        next(records)
        cycle: list[object] = [records]
        cycle.append(cycle)
        del cycle, records
        collecting = threading.Thread(target=gc.collect)
        collecting.start()
        collecting.join(5)
        assert not collecting.is_alive()
        service.release()
        assert len(harvest_without(ids(10), out=out, **PACED)) == 10 * BATCH
        assert sorted(map(int, service.ids_asked())) == ids(10)

    async def test_a_wait_for_a_record_may_be_given_up_and_begun_anew(
        self, service: Service, out: Path
    ) -> None:
        service.n_held_from = 1
        async with harvester.harvest(ids(2), out=out, **PACED) as harvested:
            records = aiter(harvested)
            for _ in range(BATCH):
                await anext(records)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await anext(records)
            service.release()
            assert len([record async for record in records]) == BATCH

    async def test_before_it_is_begun(self, service: Service, out: Path) -> None:
        async with harvester.harvest(ids(1), out=out) as records:
            pass
        assert [record async for record in records] == []
        with harvester.harvest_sync(ids(1), out=out) as at_once:
            pass
        assert not list(at_once)
        assert not service.asked


@BOTH
def test_what_ends_it_early_is_raised_after_all_that_is_committed(
    harvest: Harvested, service: Service, out: Path
) -> None:
    refusal = Reply(401, {}, b'{"errors":[{"code":89,"message":"Invalid or expired token."}]}')
    service.replies = {2: refusal, 3: refusal}
    seen: list[Record] = []

    def taking() -> None:
        for record in harvester.harvest_sync(ids(5), out=out, **PACED):
            seen.append(record)  # noqa: PERF402  # what came before the error counts

    with pytest.raises(harvester.CredentialsError):
        taking()
    assert [record.to_dict() for record in seen] == lines(out)
    assert len(seen) == 2 * BATCH
    assert len(harvest(ids(5), out=out, **PACED)) == 5 * BATCH


@BOTH
def test_what_the_iterable_raises_is_raised(harvest: Harvested, service: Service, out: Path) -> None:
    def failing() -> Iterator[int]:
        yield from ids(2)
        raise LookupError("the database is away")

    with pytest.raises(LookupError, match="the database is away"):
        harvest(failing(), out=out)
    assert is_free(out)
    assert len(harvest(ids(3), out=out)) == 3 * BATCH


async def test_what_an_asynchronous_iterable_raises_is_raised(service: Service, out: Path) -> None:
    async def failing() -> AsyncIterator[int]:
        yield ids(1)[0]
        raise LookupError("the database is away")

    with pytest.raises(LookupError):
        await collected(failing(), out=out)
    assert is_free(out)


@BOTH
def test_dead_letters_that_remain_are_never_silent(harvest: Harvested, service: Service, out: Path) -> None:
    wrong = {str(ids(1)[0]): {"favorites": -1}}
    service.replies = {0: Reply(200, {}, orjson.dumps({"harvester": wrong | _ones(ids(1)[1:])}))}
    with pytest.raises(harvester.IncompleteError, match="is incomplete: 1 dead letter") as caught:
        harvest(ids(1), out=out, **PACED)
    assert caught.value.exit_code is ExitCode.INCOMPLETE
    service.replies = {len(service.asked): Reply(200, {}, orjson.dumps({"harvester": wrong}))}
    assert len(harvest(ids(1), out=out, accept_incomplete=True, **PACED)) == BATCH - 1
    records = harvest(ids(1), out=out, **PACED)
    assert [int(record.tweet_id) for record in records] == [*ids(1)[1:], ids(1)[0]]


def _ones(tweet_ids: list[int]) -> dict[str, dict[str, int]]:
    return {str(tweet_id): {"favorites": 1} for tweet_id in tweet_ids}


@BOTH
def test_unreadable_input_is_never_silent(
    harvest: Harvested, service: Service, out: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ids.txt.gz"
    path.write_bytes(gzip.compress("".join(f"{number}\n" for number in ids(40)).encode())[:-2000])
    with pytest.raises(harvester.IncompleteError, match="is incomplete: 1 unreadable part of the input"):
        harvest(path, out=out)
    assert len(harvest(path, out=out, accept_incomplete=True)) > BATCH


@pytest.mark.parametrize("options", [{"endpoints": ["no"]}, {"base_url": "x"}, {"start": "1d"}])
@BOTH
def test_what_cannot_be_asked_is_refused(
    harvest: Harvested, service: Service, out: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(harvester.UsageError):
        harvest(ids(1), out=out, **options)
    assert not service.asked


@BOTH
def test_without_credentials_nothing_is_begun(
    harvest: Harvested, service: Service, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET"):
        monkeypatch.delenv(f"HARVESTER_{name}")
    with pytest.raises(harvester.UsageError, match="no credentials"):
        harvest(ids(1), out=out)
    assert not out.exists()
    bearer = harvester.Credentials(bearer_token=harvester.Secret("x"))
    assert len(harvest(ids(1), out=out, credentials=bearer)) == BATCH


def test_a_directory_in_use_is_refused(service: Service, out: Path) -> None:
    service.n_held_from = 1
    records = iter(harvester.harvest_sync(ids(2), out=out, **PACED))
    next(records)
    with pytest.raises(harvester.RunDirectoryError, match="in use"):
        harvest_without(ids(2), out=out, **PACED)
    service.release()
    assert len(list(records)) == 2 * BATCH - 1


async def test_it_is_iterated_once(service: Service, out: Path) -> None:
    records, at_once = harvester.harvest(ids(1), out=out), harvester.harvest_sync(ids(1), out=out)
    assert len([record async for record in records]) == BATCH
    with pytest.raises(harvester.UsageError, match="once"):
        aiter(records)
    assert len(list(at_once)) == BATCH
    with pytest.raises(harvester.UsageError, match="once"):
        iter(at_once)


@BOTH
def test_a_bug_is_raised_as_it_is(
    harvest: Harvested, service: Service, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slip(*_: object) -> None:
        raise AssertionError("a bug")

    monkeypatch.setattr(Work, "_take_up", slip)
    with pytest.raises(AssertionError, match="a bug"):
        harvest(ids(1), out=out)
    assert is_free(out)
