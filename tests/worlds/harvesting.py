"""A harvest of a scene: the whole product in this process, on virtual time, with the service a function call."""

import asyncio
import csv
import io
import json
import re
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import orjson
import pytest

from harvester.config.options import Options
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.groupings import parse_grouping
from harvester.errors import ExitCode
from harvester.job import Harvest, Outcome
from harvester.simulator.answers import answer_request
from harvester.simulator.credentials import Asker
from harvester.transport.session import Reply
from tests.conftest import run_turned
from tests.in_process import InProcess
from tests.worlds.scene import HOUR_MS, EndpointName, Scene, was_made_before
from tests.worlds.truth import supported, wanted_lines

BEARER: Final = "bearer-of-the-app"
_RETRIEVED: Final = re.compile(rb',"retrieved_at":"[^"]*"')
_TOKEN: Final = re.compile(r'oauth_token="([^"]+)"')


class Crash(Exception):  # noqa: N818  # stands for a kill: nothing of the product knows it
    """The process ends here."""


@dataclass(frozen=True)
class Sent:
    """One request that was answered. account: whose token signed it, None for the app alone."""

    endpoint: EndpointName
    account: str | None
    document: dict[str, Any]
    status: int


@dataclass
class Service(InProcess):
    """The API of a scene, as a session. Checks that every request obeys the contract.

    interrupt: called with the number of each request, from 1, before it is answered; it may raise.
    """

    scene: Scene
    interrupt: Callable[[int], None] = lambda _: None
    sent: list[Sent] = field(default_factory=list)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Answer after a while that depends on what is asked, so that answers overtake each other."""
        if url.endswith("/oauth2/token"):
            return Reply(200, {}, orjson.dumps({"token_type": "bearer", "access_token": BEARER}))
        number = len(self.sent) + 1
        scene, document = self.scene, orjson.loads(body)
        endpoint: EndpointName = url.rpartition("/")[2]  # type: ignore[assignment]  # or the next line fails
        asker = Asker(self._account(headers["Authorization"]), scene.users)
        answer = answer_request(endpoint, document, asker, scene.world, scene.service_ms, scene.readings)
        self.sent.append(Sent(endpoint, asker.account, document, answer.status))
        assert answer.status != 400 or "Tweet ID(s) are unavailable" in answer.body["errors"][0], answer.body  # type: ignore[index]
        self._check_tweets(endpoint, asker.account, document)
        self.interrupt(number)
        await asyncio.sleep(zlib.crc32(body) % 997 / 1000)
        return Reply(answer.status, {}, orjson.dumps(answer.body))

    def _account(self, authorization: str) -> str | None:
        if authorization == f"Bearer {BEARER}":
            return None
        token = _TOKEN.search(authorization)
        assert token, authorization
        return unquote(token[1]).removeprefix("token-of-")

    def _check_tweets(self, endpoint: EndpointName, account: str | None, document: dict[str, Any]) -> None:
        """Each tweet was made before the window's end, is young enough for the metrics, and asked by its owner."""
        asked = document["engagement_types"]
        end_ms = -(-_epoch_ms(document["end"]) // HOUR_MS) * HOUR_MS if "end" in document else None
        for tweet_id in map(int, document["tweet_ids"]):
            assert end_ms is None or was_made_before(tweet_id, end_ms), document
            assert supported(asked, endpoint, tweet_id, self.scene.now_ms) == tuple(asked), document
            assert account in {None, *map(self.scene.account_of, self._owners[tweet_id])}, document

    @cached_property
    def _owners(self) -> dict[int, set[str]]:
        owners: dict[int, set[str]] = {}
        for tweet_id, owner in wanted_lines(self.scene):
            owners.setdefault(tweet_id, set()).add(owner)
        return owners


def _epoch_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@dataclass(frozen=True)
class Harvested:
    """What a harvest left behind. record_bytes: without the times of retrieval; other_bytes: by file."""

    records: dict[str, list[dict[str, Any]]]
    record_bytes: dict[str, bytes]
    other_bytes: dict[str, bytes]
    summary: dict[str, Any]
    sent: list[Sent]


def credentials_of(scene: Scene) -> Credentials:
    """The credentials of a scene."""
    tokens = {
        name: AccessToken(Secret(f"token-of-{name}"), Secret(f"secret-of-{name}")) for name in scene.users
    }
    return Credentials(
        AppKey(Secret("key"), Secret("secret")),
        tokens[scene.default] if scene.default else None,
        Secret(BEARER) if scene.bearer == "given" else None,
        {name: tokens[name] for name in scene.named},
    )


def write_input(scene: Scene, folder: Path) -> tuple[str, ...]:
    """Write the input of a scene; the files' names."""
    if scene.naming == "folder":
        names = []
        for number, owner in enumerate(dict.fromkeys(owner for _, owner in scene.lines)):
            path = folder / str(number) / owner / "ids.txt"
            path.parent.mkdir(parents=True)
            path.write_text("".join(f"{i}\n" for i, of in scene.lines if of == owner))
            names.append(str(path))
        return tuple(names) or (_empty(folder / "ids.txt"),)
    path = folder / "ids.csv"
    text = io.StringIO()
    if scene.naming == "column":
        csv.writer(text).writerows([("tweet_id", "whose"), *scene.lines])
    else:
        text.write("".join(f"{tweet_id}\n" for tweet_id, _ in scene.lines))
    path.write_text(text.getvalue())
    return (str(path),)


def _empty(path: Path) -> str:
    path.write_text("")
    return str(path)


def options_of(scene: Scene, inputs: tuple[str, ...], out: Path) -> Options:
    """The options of a scene."""
    return Options(
        inputs=inputs,
        out=out,
        endpoints=scene.endpoints,
        metrics=scene.metrics,
        top=scene.top,
        concurrency=dict.fromkeys(scene.endpoints, scene.concurrency),
        accept_rounded=True,  # drawn IDs may end in 00, and come many times
        dedupe=scene.is_deduped,
        limit=scene.limit,
        newer_than_ms=scene.newer_than_ms,
        start=scene.start,
        end=scene.end,
        series=scene.series,
        groupings=tuple(parse_grouping(f"{name}={','.join(by)}") for name, by in scene.groupings),
        min_impressions=scene.min_impressions,
        owner_column="whose" if scene.naming == "column" else None,
        owner_from_folder=scene.naming == "folder",
    )


@dataclass(frozen=True)
class Interruption:
    """After so many requests: "drain" is one signal, "at once" two, "crash" is none at all.

    pause_s: the next process begins so much later. The service's clock stands still meanwhile, or else it would
    rightly tell something else.
    """

    after: int
    how: str
    pause_s: int = 0


def harvest(
    scene: Scene, interruptions: tuple[Interruption, ...] = (), look: Callable[[Path], None] = lambda _: None
) -> Harvested:
    """Harvest a scene, as often as it is interrupted and then to its end. look: at the run directory each time."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        # What matters to a power cut does not matter here, and takes most of the time.
        patch.setattr("os.fsync", lambda _: None)
        options = options_of(scene, write_input(scene, folder), folder / "run")
        sent: list[Sent] = []
        now_s, outcome = scene.now_ms / 1000, None
        for interruption in (*interruptions, None):
            outcome = run_once(scene, options, now_s, interruption, patch, sent)
            look(options.out)
            now_s += interruption.pause_s if interruption else 0
            if outcome and outcome.exit_code is ExitCode.OK:
                break
        assert outcome
        assert (outcome.error, outcome.exit_code) == (None, ExitCode.OK)
        return _read(scene, options.out, sent)


def reopen(scene: Scene, later_s: int) -> Outcome:
    """Harvest a scene to its end, and give the same command again, so much later."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        options, now_s = options_of(scene, write_input(scene, folder), folder / "run"), scene.now_ms / 1000
        run_once(scene, options, now_s, None, patch, [])
        outcome = run_once(scene, options, now_s + later_s, None, patch, [])
        assert outcome
        return outcome


def run_once(
    scene: Scene,
    options: Options,
    now_s: float,
    interruption: Interruption | None,
    patch: pytest.MonkeyPatch,
    sent: list[Sent],
    serve: Callable[[Scene], Service] = Service,
) -> Outcome | None:
    """One process; None when it crashed."""
    service = serve(scene)
    patch.setattr("harvester.job.HttpSession", service)
    one = Harvest(options, credentials_of(scene), wall=lambda: now_s, random=lambda: 0.5)

    def interrupt(number: int) -> None:
        if interruption and number >= interruption.after:
            if interruption.how == "crash":
                raise Crash
            one.interrupt(ExitCode.INTERRUPTED)
            if interruption.how == "at once":
                one.interrupt(ExitCode.INTERRUPTED)

    service.interrupt = interrupt
    try:
        outcome: Outcome = run_turned(one.run())
    except Crash:
        return None
    finally:
        sent += service.sent
    return outcome


def _read(scene: Scene, out: Path, sent: list[Sent]) -> Harvested:
    found = {name: (out / f"{name}.ndjson").read_bytes() for name in scene.endpoints}
    others = ["rejected.ndjson", "top_tweets.csv", *(f"{name}.failed.ndjson" for name in scene.endpoints)]
    return Harvested(
        {name: [json.loads(line) for line in content.splitlines()] for name, content in found.items()},
        {name: _RETRIEVED.sub(b"", content) for name, content in found.items()},
        {name: (out / name).read_bytes() for name in others},
        json.loads((out / "summary.json").read_text()),
        sent,
    )
