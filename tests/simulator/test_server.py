"""The simulator through a real socket, each fault as aiohttp's client meets it."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from harvester.simulator.catalogue import Fault
from harvester.simulator.credentials import Account, Credentials
from harvester.simulator.fault_rules import Chance, Outage
from harvester.simulator.options import Limits, Options, Shares
from harvester.simulator.request_log import RequestLog
from harvester.simulator.server import make_application
from harvester.simulator.service import Service
from harvester.simulator.wire import Manner

KNOWN = Credentials("key", "secret", "b", (Account("ann", "token", "token secret"),))
PATH = "/insights/engagement/totals"
IDS = range(1_000, 1_100)

Ask = Callable[..., dict[str, object]]


@asynccontextmanager
async def served(
    options: Options, log: Path | None = None, *, auto_decompress: bool = True
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with a running simulator."""
    with RequestLog(log) as request_log:
        application = make_application(
            Service(options, KNOWN), request_log, Manner(options.gzip, 0.01), asyncio.Event()
        )
        async with (
            TestServer(application, handler_cancellation=True, shutdown_timeout=0.1) as server,
            aiohttp.ClientSession(
                server.make_url("/"),
                headers={"Authorization": "Bearer b"},
                auto_decompress=auto_decompress,
                timeout=aiohttp.ClientTimeout(total=10),
            ) as session,
        ):
            yield session


def faulty(name: Fault) -> Options:
    return Options(faults=(Chance(name, 1.0),), shares=Shares(deleted=0.0))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_an_answer_arrives_and_is_in_the_log_by_then(ask: Ask, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    async with served(Options(shares=Shares(deleted=0.0)), log) as session:
        async with session.post(PATH, json=ask(IDS)) as response:
            assert response.status == 200
            assert response.content_type == "application/json"
            assert len((await response.json())["g"]) == len(IDS)
        (entry,) = lines(log)
    assert entry.keys() == {
        "time",
        "endpoint",
        "credential",
        "tweet_ids",
        "engagement_types",
        "status",
        "fault",
        "whole",
        "start",
        "end",
        "groupings",
        "account",
    }
    assert entry["tweet_ids"] == [str(one) for one in IDS]
    assert entry["status"] == 200


@pytest.mark.parametrize(
    ("may_gzip", "accepts", "encoding"),
    [(True, "gzip", "gzip"), (True, "identity", None), (False, "gzip", None)],
)
async def test_answers_are_compressed_for_who_accepts_it(
    ask: Ask, may_gzip: bool, accepts: str, encoding: str | None
) -> None:
    async with (
        served(Options(gzip=may_gzip)) as session,
        session.post(PATH, json=ask(IDS), headers={"Accept-Encoding": accepts}) as response,
    ):
        assert response.headers.get("Content-Encoding") == encoding
        assert "g" in await response.json()


@pytest.mark.parametrize(("fault", "status"), [("http-500", 500), ("http-503", 503)])
async def test_server_trouble_is_json_with_its_status(ask: Ask, fault: Fault, status: int) -> None:
    async with served(faulty(fault)) as session, session.post(PATH, json=ask(IDS)) as response:
        assert response.status == status
        assert "errors" in await response.json()


@pytest.mark.parametrize(("fault", "status"), [("http-502", 502), ("html", 200)])
async def test_a_proxy_answers_with_a_page(ask: Ask, fault: Fault, status: int) -> None:
    async with served(faulty(fault)) as session, session.post(PATH, json=ask(IDS)) as response:
        assert (response.status, response.content_type) == (status, "text/html")
        assert "<title>" in await response.text()


@pytest.mark.parametrize(("fault", "status"), [("rate-limit", 429), ("empty", 200)])
async def test_a_body_is_empty(ask: Ask, fault: Fault, status: int) -> None:
    async with served(faulty(fault)) as session, session.post(PATH, json=ask(IDS)) as response:
        assert response.status == status
        assert await response.read() == b""


async def test_reset_ends_the_connection_before_the_headers(ask: Ask) -> None:
    async with served(faulty("reset")) as session:
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
            await session.post(PATH, json=ask(IDS))


@pytest.mark.parametrize("accepts", ["gzip", "identity"])
async def test_cut_body_ends_before_its_length(ask: Ask, accepts: str) -> None:
    headers = {"Accept-Encoding": accepts}
    async with (
        served(faulty("cut-body")) as session,
        session.post(PATH, json=ask(IDS), headers=headers) as response,
    ):
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_cut_json_arrives_whole_and_does_not_parse(ask: Ask) -> None:
    async with served(faulty("cut-json")) as session, session.post(PATH, json=ask(IDS)) as response:
        text = await response.text()
        assert text.startswith('{"g":')
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


async def test_cut_gzip_arrives_whole_and_inflates_to_half(ask: Ask) -> None:
    async with (
        served(faulty("cut-gzip"), auto_decompress=False) as session,
        session.post(PATH, json=ask(IDS), headers={"Accept-Encoding": "gzip"}) as response,
    ):
        content = await response.read()
        assert len(content) == int(response.headers["Content-Length"])
        with pytest.raises(EOFError):
            gzip.decompress(content)


async def test_hang_never_answers_and_lets_go_when_the_client_does(ask: Ask, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    async with served(faulty("hang"), log) as session:
        with pytest.raises(asyncio.TimeoutError):
            await session.post(PATH, json=ask(IDS), timeout=aiohttp.ClientTimeout(total=0.2))
    (entry,) = lines(log)
    assert (entry["fault"], entry["status"]) == ("hang", None)


@pytest.mark.parametrize("accepts", ["gzip", "identity"])
async def test_cut_close_is_cut_and_nothing_in_the_framing_tells(ask: Ask, accepts: str) -> None:
    """aiohttp raises nothing at the end of the connection, with or without compression."""
    async with (
        served(faulty("cut-close")) as session,
        session.post(PATH, json=ask(IDS), headers={"Accept-Encoding": accepts}) as response,
    ):
        assert (response.status, response.headers["Connection"]) == (200, "close")
        assert not response.headers.keys() & {"Content-Length", "Transfer-Encoding"}
        text = await response.text()
        assert text.startswith('{"g":')
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


@pytest.mark.parametrize("accepts", ["gzip", "identity"])
async def test_reset_body_is_half_a_body_and_then_a_reset(ask: Ask, accepts: str) -> None:
    async with (
        served(faulty("reset-body"), auto_decompress=False) as session,
        session.post(PATH, json=ask(IDS), headers={"Accept-Encoding": accepts}) as response,
    ):
        assert response.status == 200
        with pytest.raises(aiohttp.ClientError) as caught:
            await response.read()
        assert "Connection reset by peer" in repr(caught.value) + repr(caught.value.__cause__)


async def test_a_drip_never_ends_and_lets_go_when_the_client_does(ask: Ask) -> None:
    async with (
        served(faulty("drip")) as session,
        session.post(PATH, json=ask(IDS)) as response,
    ):
        assert await response.content.readexactly(5) == b" " * 5
        assert not response.content.at_eof()


@pytest.mark.parametrize(("accepts", "most_on_the_wire"), [("gzip", 100_000), ("identity", 90 * 2**20)])
async def test_huge_is_more_than_64_mib_and_little_in_gzip(
    ask: Ask, accepts: str, most_on_the_wire: int
) -> None:
    async with (
        served(faulty("huge"), auto_decompress=False) as session,
        session.post(PATH, json=ask(IDS), headers={"Accept-Encoding": accepts}) as response,
    ):
        content = await response.read()
    assert len(content) < most_on_the_wire
    assert len(gzip.decompress(content) if accepts == "gzip" else content) > 64 * 2**20


async def test_plain_gzip_says_so_and_is_plain(ask: Ask) -> None:
    async with (
        served(faulty("plain-gzip"), auto_decompress=False) as session,
        session.post(PATH, json=ask(IDS)) as response,
    ):
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(json.loads(await response.read())["g"]) == len(IDS)


async def test_close_closes_the_connection_after_a_good_answer(ask: Ask) -> None:
    async with served(faulty("close")) as session, session.post(PATH, json=ask(IDS)) as response:
        assert response.headers["Connection"] == "close"
        assert len((await response.json())["g"]) == len(IDS)
        assert response.connection is None


async def test_content_type_is_wrong_around_a_good_answer(ask: Ask) -> None:
    async with served(faulty("content-type")) as session, session.post(PATH, json=ask(IDS)) as response:
        assert response.content_type == "text/plain"
        assert len(json.loads(await response.text())["g"]) == len(IDS)


async def test_an_outage_resets_connections(ask: Ask) -> None:
    async with served(Options(outages=(Outage(0, 60, "reset"),))) as session:
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
            await session.post(PATH, json=ask(IDS))


async def test_missing_ids_are_not_in_the_answer(ask: Ask) -> None:
    async with served(faulty("missing-ids")) as session, session.post(PATH, json=ask(IDS)) as response:
        body = await response.json()
        assert response.status == 200
        assert body.keys() == {"g", "unsupported_for_video_views_tweet_ids"}
        assert 75 <= len(body["g"]) < len(IDS)


async def test_extra_ids_are_in_the_answer(ask: Ask) -> None:
    async with served(faulty("extra-ids")) as session, session.post(PATH, json=ask(IDS)) as response:
        assert len((await response.json())["g"]) == len(IDS) + 1


async def test_the_token_service_hands_out_the_bearer_token() -> None:
    async with (
        served(Options()) as session,
        session.post(
            "/oauth2/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": aiohttp.encode_basic_auth("key", "secret")},
        ) as response,
    ):
        assert response.status == 200
        assert await response.json() == {"token_type": "bearer", "access_token": "b"}


async def test_an_unknown_path_is_not_found() -> None:
    async with served(Options()) as session, session.get("/insights") as response:
        assert response.status == 404


async def test_the_headers_of_the_allowance_arrive(ask: Ask) -> None:
    options = Options(limits=Limits(per_minute=7))
    async with served(options) as session, session.post(PATH, json=ask(IDS)) as response:
        assert response.headers["x-per-minute-limit"] == "7"
        assert response.headers["x-per-minute-remaining"] == "6"
