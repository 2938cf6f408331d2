"""What a harvest of a scene has to bring: computed from the world and the contract, in plain Python.

Nothing of the product but the simulated world's own truth (`World`) is used here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tests.worlds.scene import (
    DAY,
    DAY_MS,
    HOUR,
    HOUR_MS,
    PUBLIC,
    RATE,
    TWEET,
    TYPE,
    EndpointName,
    Scene,
    made_ms,
    was_made_before,
)

Cell = tuple[str, int, int]
"""A metric, an hour since 1970 (0 on totals), and a count above 0."""
Path = tuple[str, ...]


@dataclass(frozen=True)
class Tweet:
    """What is to be known of one tweet. cells: its counts by the hour, of the metrics that are counted."""

    tweet_id: int
    record: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)

    @property
    def metrics(self) -> dict[str, int]:
        """Its counts; none where it has no data."""
        found: dict[str, int] = self.record.get("metrics", {})
        return found


def text_of(seconds: float) -> str:
    """`2026-11-01T17:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def wanted_lines(scene: Scene) -> list[tuple[int, str]]:
    """The lines that are harvested, in order: of duplicates the first, the young ones, not more than the limit."""
    lines = list(scene.lines)
    if scene.is_deduped:
        first: dict[int, str] = {}
        for tweet_id, owner in lines:
            first.setdefault(tweet_id, owner)
        lines = list(first.items())
    if scene.newer_than_ms is not None:
        edge_ms = scene.now_ms - scene.newer_than_ms
        lines = [line for line in lines if not was_made_before(line[0], edge_ms)]
    return lines[: scene.limit]


def expected_tweets(scene: Scene, endpoint: EndpointName) -> dict[int, Tweet]:
    """The outcome of each tweet on an endpoint."""
    owner_of = dict(reversed(wanted_lines(scene)))
    ids = np.array(list(owner_of), dtype=np.int64)
    if not len(ids):
        return {}
    world = scene.world
    columns = scene.columns(endpoint)
    first_hour, after_hour = hours_of(scene, endpoint)
    if endpoint == "totals":
        truth = world.counts(ids, columns)[:, :, None]
        first_hour = 0
    else:
        truth = world.hourly(ids, columns, first_hour, after_hour - first_hour)
    gone = (world.are_gone(ids, scene.service_ms) | world.are_protected(ids)).tolist()
    deleted = world.are_gone(ids, scene.service_ms).tolist()
    untouched = world.are_untouched(ids).tolist()
    true_owners = world.owners(ids, scene.users)
    tweets = {}
    for place, (tweet_id, owner) in enumerate(owner_of.items()):
        facts = Facts(gone[place], deleted[place], untouched[place], true_owners[place])
        status, asked, counted = judge(scene, endpoint, tweet_id, scene.account_of(owner), facts)
        cells = [
            (columns[row], first_hour + hour, int(truth[place, row, hour]))
            for row, hour in zip(*(axis.tolist() for axis in np.nonzero(truth[place])), strict=True)
            if columns[row] in counted
        ]
        if (
            status == "ok"
            and counted
            and is_missing(scene, endpoint, tweet_id, cells, asked, untouched[place])
        ):
            status, counted = "no_data", ()
        if status != "ok":
            cells = []
        tweets[tweet_id] = Tweet(
            tweet_id, _record(scene, endpoint, tweet_id, status, asked, counted, cells), cells
        )
    return tweets


def hours_of(scene: Scene, endpoint: EndpointName) -> tuple[int, int]:
    """The range of an endpoint, in hours since 1970."""
    if endpoint == "28hr":
        after = -(-scene.service_ms // HOUR_MS)
        return after - 28, after
    return scene.hours or (0, 1)


@dataclass(frozen=True)
class Facts:
    """What is true of a tweet. is_gone: for whatever reason; owner: of the users, None for anybody else."""

    is_gone: bool
    is_deleted: bool
    is_untouched: bool
    owner: str | None


def judge(
    scene: Scene, endpoint: EndpointName, tweet_id: int, account: str | None, facts: Facts
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The status of a tweet but for `no_data`, the metrics asked last, and those that are counted."""
    has_public = endpoint == "totals" and scene.has_bearer
    asked = supported(scene.columns(endpoint), endpoint, tweet_id, scene.now_ms)
    public = tuple(name for name in asked if name in PUBLIC)
    if account is None:
        if not has_public:
            return "forbidden", (), ()
        asked = public
    if not asked:
        return "ok", (), ()
    if endpoint == "historical" and scene.hours and not was_made_before(tweet_id, scene.hours[1] * HOUR_MS):
        return "ok", (), ()
    is_private = endpoint != "totals" or set(asked) > set(public)
    in_user_context = account is not None and (is_private or not scene.has_bearer)
    if in_user_context and facts.owner != account and not facts.is_deleted:
        if not (has_public and public):
            return "forbidden", (), ()
        asked = public
    if facts.is_gone:
        return "unavailable", (), ()
    asked = tuple(name for name in asked if name not in scene.readings.denied_metrics)
    return "ok", asked, supported(asked, endpoint, tweet_id, scene.service_ms)


def supported(metrics: Iterable[str], endpoint: EndpointName, tweet_id: int, now_ms: int) -> tuple[str, ...]:
    """Those metrics that a tweet is young enough for. Source: contract, section 2."""
    too_old: set[str] = set()
    if endpoint == "totals" and was_made_before(tweet_id, now_ms - 90 * DAY_MS):
        too_old |= {"impressions", "engagements"}
    if was_made_before(tweet_id, now_ms - 1800 * DAY_MS):
        too_old |= {"video_views"}
    return tuple(name for name in metrics if name not in too_old)


def is_missing(
    scene: Scene,
    endpoint: EndpointName,
    tweet_id: int,
    cells: Sequence[Cell],
    asked: Sequence[str],
    is_untouched: bool,
) -> bool:
    """Whether the answers leave a tweet out, whenever it is asked for. Source: contract, section 4."""
    if "video_views" in set(asked) - set(supported(asked, endpoint, tweet_id, scene.service_ms)):
        return False
    match scene.readings.untouched:
        case "zero":
            return False
        case "missing":
            return is_untouched
        case "quiet":
            return not cells


def _record(
    scene: Scene,
    endpoint: EndpointName,
    tweet_id: int,
    status: str,
    asked: Sequence[str],
    counted: Sequence[str],
    cells: Sequence[Cell],
) -> dict[str, Any]:
    record: dict[str, Any] = {"tweet_id": str(tweet_id), "status": status}
    if (made := made_ms(tweet_id)) is not None:
        record["created_at"] = text_of(made // 1000)
    is_ok = status == "ok"
    # On 28hr the answer tells the range, and there is none of a tweet that was not answered.
    if endpoint == "historical" or (endpoint == "28hr" and is_ok and asked):
        record["start"], record["end"] = (text_of(hour * 3600) for hour in hours_of(scene, endpoint))
    if not is_ok:
        return record
    columns = scene.columns(endpoint)
    sums = dict.fromkeys((name for name in columns if name in counted), 0)
    for metric, _, count in cells:
        sums[metric] += count
    record["metrics"] = sums
    if series := scene.series_of(endpoint):
        points: dict[str, dict[str, int]] = {name: {} for name in sums}
        for metric, hour, count in cells:
            key = day_text(hour) if series == "day" else f"{day_text(hour)}T{hour % 24:02d}"
            points[metric][key] = points[metric].get(key, 0) + count
        record["series"] = points
    own = [(name, by) for name, by in scene.groupings_of(endpoint) if by[0] == TWEET]
    if own:
        record["groupings"] = {
            name: grouped(scene, by[1:], [(str(tweet_id), cells, counted)])
            for name, by in own
            if asked and (counted or {DAY, HOUR}.isdisjoint(by))
        }
    if unsupported := [name for name in columns if name not in counted]:
        record["unsupported"] = unsupported
    return record


def day_text(hour: int) -> str:
    """`2026-11-01`, for an hour since 1970."""
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%d")


def grouped(
    scene: Scene, by: Sequence[str], tweets: Iterable[tuple[str, Sequence[Cell], Sequence[str]]]
) -> Any:
    """Counts grouped by some levels; zeros are there where no time is among the levels, else left out."""
    if HOUR in by and DAY not in by and scene.readings.hour_without_day == "nested":
        place = list(by).index(HOUR)
        by = (*by[:place], DAY, *by[place:])
    leaves: Counter[Path] = Counter()
    for tweet_id, cells, counted in tweets:
        if {DAY, HOUR}.isdisjoint(by):
            for metric in counted:
                leaves[_path(by, tweet_id, metric, 0)] += 0
        for metric, hour, count in cells:
            leaves[_path(by, tweet_id, metric, hour)] += count
    return _nested(leaves)


def _path(by: Sequence[str], tweet_id: str, metric: str, hour: int) -> Path:
    names = {TWEET: tweet_id, TYPE: metric}
    if not {DAY, HOUR}.isdisjoint(by):
        names |= {DAY: day_text(hour), HOUR: f"{hour % 24:02d}"}
    return tuple(names[level] for level in by)


def _nested(leaves: Mapping[Path, int]) -> Any:
    if set(leaves) <= {()}:
        return leaves.get((), {})
    nested: dict[str, Any] = {}
    for path, count in leaves.items():
        inner = nested
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = count
    return nested


@dataclass(frozen=True)
class Expected:
    """What `summary.json` has to say of an endpoint."""

    totals: dict[str, int]
    top: dict[str, list[dict[str, Any]]]
    groupings: dict[str, Any]


def expected_summary(
    scene: Scene, endpoint: EndpointName, tweets: Mapping[int, Tweet], times: Mapping[int, int]
) -> Expected:
    """times: how many records each tweet has."""
    columns = scene.columns(endpoint)
    totals = dict.fromkeys(columns, 0)
    entries: dict[str, list[tuple[float, int]]] = {name: [] for name in columns}
    if RATE in (scene.metrics or ()):
        entries[RATE] = []
    for tweet_id, n in times.items():
        tweet = tweets[tweet_id]
        for metric, count in tweet.metrics.items():
            totals[metric] += n * count
            entries[metric] += [(count, tweet_id)] * n
        if RATE in entries and {"engagements", "impressions"} <= tweet.metrics.keys():
            whole = tweet.metrics["impressions"]
            if whole >= scene.min_impressions:
                entries[RATE] += [(tweet.metrics["engagements"] / whole, tweet_id)] * n
    top = {name: _ranked(found)[: scene.top] for name, found in entries.items()}
    merged = {
        name: grouped(
            scene,
            by,
            [(str(i), tweets[i].cells, tuple(tweets[i].metrics)) for i, n in times.items() for _ in range(n)],
        )
        for name, by in scene.groupings_of(endpoint)
        if by[0] != TWEET
    }
    return Expected(totals, top, merged)


def _ranked(entries: Iterable[tuple[float, int]]) -> list[dict[str, Any]]:
    by_rank = sorted((-value, tweet_id) for value, tweet_id in entries if value > 0)
    return [{"tweet_id": str(tweet_id), "value": -negative} for negative, tweet_id in by_rank]


def without_zeros(value: Any) -> Any:
    """Nested counts without the zeros, and without what is empty then."""
    if not isinstance(value, dict):
        return value
    inner = {key: without_zeros(one) for key, one in value.items()}
    return {key: one for key, one in inner.items() if one not in (0, {})}
