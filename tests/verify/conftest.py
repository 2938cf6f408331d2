"""Run directories of all kinds, made once, and copies of them to do harm to."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any, Final

import orjson
import pytest

from harvester.errors import ExitCode
from harvester.simulator.options import Shares
from harvester.simulator.population import make_ids
from harvester.simulator.world import World
from harvester.transport.session import Reply
from tests.worlds.harvesting import Interruption, Service, options_of, run_once
from tests.worlds.scene import DAY, HOUR, TWEET, TYPE, EndpointName, Scene

NOW_MS: Final = 1_795_000_000_000
IDS: Final[list[int]] = make_ids(900, 5, NOW_MS).tolist()
WORLD: Final = World(3, Shares(deleted=0.05, untouched=0.1, owned=0.9, growth=20.0))


@dataclass(frozen=True)
class Kind:
    """A kind of run. lines: its input. ill: counts of tweets whose ID ends so are malformed."""

    scene: Scene
    lines: tuple[object, ...] = ()
    stop: Interruption | None = None
    ill: str = "none"
    options: Mapping[str, Any] = field(default_factory=dict)
    is_stream: bool = False
    ends: ExitCode | None = ExitCode.OK


PLAIN: Final = ("tweet_id", *IDS, "", "no id", *IDS[:30], "1.12E+18")
ENDPOINTS: Final[tuple[EndpointName, ...]] = ("28hr", "historical")
TOTALS: Final = Scene(world=WORLD, bearer="given", now_ms=NOW_MS)
RANGES: Final = replace(
    TOTALS,
    endpoints=ENDPOINTS,
    series="hour",
    start="40d",
    metrics=("impressions", "engagements", "engagement_rate", "url_clicks"),
    groupings=(("by day", (TWEET, TYPE, DAY)), ("all", (TYPE, HOUR))),
)
KINDS: Final = {
    "totals": Kind(TOTALS, PLAIN),
    "ranges": Kind(RANGES, tuple(IDS[:120])),
    "dead letters": Kind(TOTALS, PLAIN, ill="7", ends=ExitCode.INCOMPLETE),
    "interrupted": Kind(
        replace(TOTALS, concurrency=1), PLAIN, Interruption(4, "drain"), ends=ExitCode.INTERRUPTED
    ),
    "killed": Kind(replace(TOTALS, endpoints=ENDPOINTS), PLAIN, Interruption(60, "crash"), "7", ends=None),
    "not deduplicated": Kind(replace(TOTALS, is_deduped=False), PLAIN),
    "young": Kind(replace(TOTALS, newer_than_ms=90 * 86_400_000), PLAIN),
    "sample": Kind(replace(TOTALS, limit=300), PLAIN),
    "accounts": Kind(
        replace(TOTALS, users=("ann", "bob"), named=("ann", "bob"), default=None, naming="column"),
        ("id,whose", *(f"{i},{'ann' if i % 3 else 'bob'}" for i in IDS), "x,ann"),
    ),
    "stream": Kind(TOTALS, PLAIN, is_stream=True),
}


class Ill(Service):
    """Counts some tweets as -5. It does not care which tweets it is asked for: the input has more than IDs."""

    ending = "none"

    def _check_tweets(self, *_: object) -> None:
        pass

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The simulator's answer, or that."""
        reply = await super().post(url, body, headers)
        document = orjson.loads(reply.body)
        for tweets in (part for part in document.values() if isinstance(part, dict)):
            for tweet_id in (i for i in tweets if i.endswith(self.ending)):
                tweets[tweet_id] = dict.fromkeys(tweets[tweet_id], "-5")
        return Reply(reply.status, reply.headers, orjson.dumps(document))


def make(kind: Kind, folder: Path) -> Path:
    """A run directory of a kind."""
    path = folder / "ids.csv"
    text = "".join(f"{line}\n" for line in kind.lines)
    options = options_of(kind.scene, (str(path),), folder / "run")
    if kind.is_stream:
        os.mkfifo(path)
        Thread(target=path.write_text, args=(text,)).start()
    else:
        path.write_text(text)
    serve = type("Serve", (Ill,), {"ending": kind.ill})
    with pytest.MonkeyPatch.context() as patch:
        outcome = run_once(kind.scene, options, NOW_MS / 1000, kind.stop, patch, [], serve)
    assert (outcome.exit_code if outcome else None) == kind.ends
    return options.out


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The run directory of a kind by its name, made when it is first wanted; nobody changes it."""
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = make(KINDS[name], tmp_path_factory.mktemp("runs"))
        return made[name]

    return get


@pytest.fixture
def copy_of(run_of: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of it to do harm to. Its input is the same."""

    def get(name: str) -> Path:
        return Path(shutil.copytree(run_of(name), tmp_path / "run", dirs_exist_ok=True))

    return get
