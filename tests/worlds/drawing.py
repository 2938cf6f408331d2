"""Scenes to draw: IDs of all ages and edges, worlds, readings, credentials and options, all of them legal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from random import Random
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

from harvester.simulator.options import Readings, Shares
from harvester.simulator.world import World
from tests.worlds.harvesting import Interruption
from tests.worlds.scene import (
    DAY,
    DAY_MS,
    FIRST_SNOWFLAKE,
    FIRST_TWEET,
    HOUR,
    HOUR_MS,
    MAX_ID,
    OFFERED,
    ON_RANGES,
    PUBLIC,
    RATE,
    SNOWFLAKE_EPOCH_MS,
    TWEET,
    TYPE,
    WINDOW_HOURS,
    EndpointName,
    Scene,
    Series,
)

YEAR_MS: Final = 365 * DAY_MS
MOST_CELLS: Final = 150_000
"""Tweets x metrics x hours, so that no example takes long."""
NAMES: Final = ("ann", "bob", "cem")
DAYS_AROUND: Final = (1_795_000_000_000, 1_452_470_400_000, 1_609_459_200_000)
"""2026-11-18; 2016-01-11, less than a year after some metrics began to be counted; 2021-01-01T00:00."""
ORDERS: Final = [
    by
    for n in range(1, 5)
    for by in permutations((TWEET, TYPE, DAY, HOUR), n)
    if n < 4 or by in ((TWEET, TYPE, DAY, HOUR), (TYPE, TWEET, DAY, HOUR))
]

groupings = st.lists(st.tuples(st.sampled_from(["a", "by day", "ü"]), st.sampled_from(ORDERS)), max_size=3)
few = st.sampled_from([0.0, 0.0, 0.05, 0.3])
most = st.sampled_from([1.0, 1.0, 1.0, 0.95, 0.5, 0.0])


def worlds() -> st.SearchStrategy[World]:
    """Worlds of all kinds; a growth far below 1 makes ties."""
    return st.builds(
        World,
        st.integers(0, 9),
        st.builds(
            Shares,
            deleted=few,
            protected=st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.3]),
            untouched=st.one_of(few, st.just(1.0)),
            owned=most,
            growth=st.sampled_from([1.0, 1.0, 20.0, 20.0, 0.1, 0.02]),
        ),
    )


readings = st.builds(
    Readings,
    counts=st.sampled_from(["strings", "numbers", "mixed"]),
    untouched=st.sampled_from(["zero", "missing", "quiet"]),
    unsupported=st.sampled_from(["absent", "zero"]),
    forbidden_text=st.sampled_from(["plain", "author", "some", "bare"]),
    protected=st.sampled_from(["list", "bare", "partial"]),
    hour_without_day=st.sampled_from(["nested", "summed"]),
    zeros=st.sampled_from(["yes", "no"]),
)


def id_at(time_ms: int, low: int = 0) -> int:
    """An ID of that moment. low: its lower 22 bits."""
    return min(max(((time_ms - SNOWFLAKE_EPOCH_MS) << 22) + low, FIRST_SNOWFLAKE), MAX_ID)


def edges_of(now_ms: int, service_ms: int, hours: tuple[int, int] | None) -> list[int]:
    """The moments at which it changes what can be said of a tweet, or when it is asked for."""
    edges = [clock - days * DAY_MS for clock in {now_ms, service_ms} for days in (0, 90, 1800)]
    edges += [-(-service_ms // HOUR_MS) * HOUR_MS, (-(-service_ms // HOUR_MS) - 28) * HOUR_MS]
    if hours:
        edges += [hour * HOUR_MS for hour in {hours[0], *range(hours[1], hours[0], -WINDOW_HOURS)}]
    return edges


def tweet_ids(now_ms: int, service_ms: int, hours: tuple[int, int] | None) -> st.SearchStrategy[int]:
    """IDs of all ages, many of them where something changes."""
    edges = edges_of(now_ms, service_ms, hours)
    moments = [
        st.integers(0, 3 * HOUR_MS).map(lambda age: now_ms - age),
        st.integers(0, 100 * DAY_MS).map(lambda age: now_ms - age),
        st.integers(0, 4500 * DAY_MS).map(lambda age: now_ms - age),
        st.integers(1, DAY_MS).map(lambda age: service_ms + age),
    ]
    if hours:
        first, after = hours
        moments += [st.integers(first * HOUR_MS, after * HOUR_MS)] * 2
    near = st.builds(lambda edge, off: edge + off, st.sampled_from(edges), st.sampled_from([-1, 0, 1, -1800]))
    low = st.one_of(st.sampled_from([0, 1, 2**22 - 1]), st.integers(0, 2**22 - 1))
    early = st.one_of(
        st.sampled_from([FIRST_TWEET, FIRST_SNOWFLAKE - 1, FIRST_SNOWFLAKE]),
        st.integers(FIRST_TWEET, FIRST_SNOWFLAKE - 1),
    )
    return st.one_of(st.builds(id_at, st.one_of(*moments, near), low), early)


@st.composite
def crowds(
    draw: st.DrawFn, now_ms: int, service_ms: int, hours: tuple[int, int] | None, most: int
) -> list[int]:
    """Many IDs at once, most of them young, made within the range, or at an edge."""
    n = min(draw(st.sampled_from([0, 8, 30, 60, 110])), most)
    random = Random(draw(st.integers(0, 999)))
    first, after = hours or (now_ms // HOUR_MS - 24 * 40, now_ms // HOUR_MS)
    edges, ids = edges_of(now_ms, service_ms, hours), []
    for _ in range(n):
        if random.random() < 0.3:
            ids.append(
                id_at(random.choice(edges) + random.choice([-1, 0, 0, 1]), random.choice([0, 4_194_303]))
            )
            continue
        oldest_ms = random.choice([first * HOUR_MS - 40 * DAY_MS, first * HOUR_MS, now_ms - 28 * HOUR_MS])
        ids.append(id_at(random.randint(oldest_ms, max(after * HOUR_MS, oldest_ms)), random.randrange(2**22)))
    return ids


@st.composite
def ranges(draw: st.DrawFn, now_ms: int) -> tuple[str | None, str | None, tuple[int, int]]:
    """--start, --end, and the hours that they come to."""
    end_text, end_ms = draw(
        st.one_of(st.just((None, None)), _moments(now_ms, st.integers(0, YEAR_MS - HOUR_MS)))
    )
    latest_ms = now_ms // HOUR_MS * HOUR_MS if end_ms is None else end_ms
    if latest_ms <= now_ms - YEAR_MS:
        end_text, end_ms, latest_ms = None, None, now_ms // HOUR_MS * HOUR_MS
    has_room = -(-latest_ms // HOUR_MS) * HOUR_MS - WINDOW_HOURS * HOUR_MS >= now_ms - YEAR_MS
    lengths = st.one_of(
        st.sampled_from([n * HOUR_MS for n in (1, 5, 24, 671, 672, 673, 1000, 1344, 1701, 8760)]),
        st.integers(1, 60 * DAY_MS),
        st.integers(1, YEAR_MS),
    )
    ages = lengths.map(lambda length: now_ms - latest_ms + length)
    start_text, start_ms = draw(
        st.one_of(*([st.just((None, None))] if has_room else []), _moments(now_ms, ages))
    )
    if start_ms is not None and start_ms < now_ms - YEAR_MS:
        start_text, start_ms = "365d", now_ms - YEAR_MS
    if start_ms is not None and start_ms >= latest_ms:
        start_text, start_ms = "365d", now_ms - YEAR_MS
    after = -(-latest_ms // HOUR_MS)
    first = after - WINDOW_HOURS if start_ms is None else start_ms // HOUR_MS
    if first * HOUR_MS < now_ms - YEAR_MS and first + 1 < after:
        first += 1
    return start_text, end_text, (first, after)


@st.composite
def _moments(draw: st.DrawFn, now_ms: int, ages: st.SearchStrategy[int]) -> tuple[str, int]:
    """A moment as a text, and in ms since 1970, rounded as the text has it."""
    age = draw(ages)
    form = draw(st.sampled_from(["iso", "offset", "minute", "date", "hour", "hours ago", "days ago"]))
    if form in ("hours ago", "days ago"):
        unit_ms = HOUR_MS if form == "hours ago" else DAY_MS
        n = min(age // unit_ms, YEAR_MS // unit_ms)
        return f"{n}{form[0]}", now_ms - n * unit_ms
    step_ms = {"minute": 60_000, "date": DAY_MS, "hour": HOUR_MS}.get(form, 1000)
    time_ms = (now_ms - age) // step_ms * step_ms
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    if form == "offset":
        return f"{datetime.fromtimestamp(time_ms / 1000 + 7200, UTC):%Y-%m-%dT%H:%M:%S}+02:00", time_ms
    return moment.strftime(
        {"minute": "%Y%m%d%H%M", "date": "%Y-%m-%d"}.get(form, "%Y-%m-%dT%H:%M:%SZ")
    ), time_ms


@st.composite
def scenes(draw: st.DrawFn, *, is_calm: bool = False) -> Scene:
    """Scenes. is_calm: of tweets that are all there, owned and touched, each asked for once."""
    now_ms = draw(st.sampled_from(DAYS_AROUND)) + draw(st.one_of(st.just(0), st.integers(0, DAY_MS)))
    if now_ms % HOUR_MS < 1000:  # a range that ends now ends with the hour before; see test_once_wrong
        now_ms -= now_ms % HOUR_MS
    ahead_ms = 0 if is_calm else draw(st.sampled_from([0, 0, 0, 1, 5000, 600_000]))
    scene = Scene(now_ms=now_ms, ahead_ms=ahead_ms)
    scene = _with_access(draw, scene)
    if is_calm and scene.naming == "none":
        scene = replace(scene, users=(scene.default or scene.users[0],), named=())
    scene = _with_question(draw, scene)
    if is_calm:
        scene = replace(scene, world=World(3, Shares(deleted=0, untouched=0)), readings=Readings())
    else:
        scene = replace(scene, world=draw(worlds()), readings=draw(readings))
        denied = draw(st.lists(st.sampled_from(ON_RANGES), max_size=2, unique=True).map(tuple))
        if all(_has_something_for_all(scene, name, denied) for name in scene.endpoints):
            scene = replace(scene, readings=replace(scene.readings, denied_metrics=denied))
    scene = replace(
        scene,
        top=draw(st.integers(0, 5)),
        min_impressions=draw(st.sampled_from([1, 31, 33, 100])),
        is_deduped=draw(st.sampled_from([True, True, True, False])),
        limit=draw(st.one_of(st.none(), st.none(), st.integers(1, 60))),
        newer_than_ms=draw(st.sampled_from([None, None, None, HOUR_MS, 90 * DAY_MS, 2000 * DAY_MS])),
        concurrency=draw(st.sampled_from([1, 3, 8])),
    )
    return replace(scene, lines=_lines(draw, scene, is_calm=is_calm))


def _has_something_for_all(scene: Scene, endpoint: EndpointName, denied: Sequence[str]) -> bool:
    """Whether any tweet has a metric that may be read: a run that may read none of a request's stops."""
    left = set(scene.columns(endpoint)) - set(denied) - {"video_views"}
    return bool(left & set(PUBLIC) if endpoint == "totals" else left)


def _with_access(draw: st.DrawFn, scene: Scene) -> Scene:
    users = draw(st.sampled_from([NAMES[:1], NAMES[:2], NAMES]))
    named = draw(st.sampled_from([(), users[:1], users]))
    default = draw(st.sampled_from([users[0], users[0], users[-1], None]))
    bearer = draw(st.sampled_from(["none", "given"]))
    if default is None and bearer == "none":
        bearer = "fetched"
    naming = draw(st.sampled_from(["none", "none", "column", "folder"]))
    return replace(scene, users=users, named=named, default=default, bearer=bearer, naming=naming)  # type: ignore[arg-type]


def _with_question(draw: st.DrawFn, scene: Scene) -> Scene:
    every: tuple[EndpointName, ...] = ("totals", "28hr", "historical")
    subsets = [every[:1], every[1:2], every[2:], every[:2], every[1:], (every[0], every[2]), every]
    endpoints = draw(st.sampled_from(subsets)) if scene.has_user_context else every[:1]
    offered = [OFFERED[name] if scene.has_user_context else PUBLIC for name in endpoints]
    pool = list(dict.fromkeys(name for names in offered for name in names))
    if scene.has_user_context:
        pool += [RATE, *(["media_clicks"] if "media_engagements" in pool else [])]
    named = st.lists(st.sampled_from(pool), min_size=1, max_size=6, unique=True).map(tuple)
    metrics = draw(st.one_of(st.none(), named, named))
    scene = replace(scene, endpoints=endpoints, metrics=metrics)
    if any(not scene.columns(name) for name in endpoints):
        scene = replace(scene, metrics=None)
    all_series: Sequence[Series | None] = [None, "day", "hour"]
    if endpoints != every[:1]:
        scene = replace(scene, series=draw(st.sampled_from(all_series)))
    for name, by in draw(groupings):
        more = replace(scene, groupings=(*scene.groupings, (name, by)))
        is_known = any((name, by) in more.groupings_of(endpoint) for endpoint in endpoints)
        if is_known and name not in dict(scene.groupings) and all(map(more.is_legal, endpoints)):
            scene = more
    if "historical" in endpoints:
        start, end, hours = draw(ranges(scene.now_ms))
        scene = replace(scene, start=start, end=end, hours=hours)
        if hours[0] * HOUR_MS < scene.now_ms - YEAR_MS:
            scene = replace(scene, ahead_ms=0)
    return scene


def _lines(draw: st.DrawFn, scene: Scene, *, is_calm: bool) -> tuple[tuple[int, str], ...]:
    most = _most_ids(scene)
    ids = draw(st.lists(tweet_ids(scene.now_ms, scene.service_ms, scene.hours), max_size=min(most, 20)))
    ids += draw(crowds(scene.now_ms, scene.service_ms, scene.hours, most - len(ids)))
    first_of_future = id_at(scene.now_ms + DAY_MS)
    ids = [i for i in ids if i < first_of_future]
    if ids and draw(st.sampled_from([False, True])):
        ids += draw(st.lists(st.sampled_from(ids), max_size=10))
    if is_calm:
        edge = id_at(scene.service_ms)
        ids = [i for i in ids if i < edge]
    if scene.naming == "none":
        return tuple((i, "") for i in ids)
    of_id = scene.world.owners(np.array(ids, dtype=np.int64), scene.users) if ids else []
    names = [name for name in ("", *NAMES, "zoë") if name or scene.naming == "column"]
    wrong = draw(st.lists(st.one_of(st.none(), st.none(), st.sampled_from(names)), max_size=20))
    lines: list[tuple[int, str]] = []
    for place, (tweet_id, owner) in enumerate(zip(ids, of_id, strict=True)):
        said = None if is_calm or not wrong else wrong[place % len(wrong)]
        lines.append((tweet_id, said if said is not None else owner or names[-1]))
    if not scene.is_deduped:
        first: dict[int, str] = {}
        lines = [(tweet_id, first.setdefault(tweet_id, owner)) for tweet_id, owner in lines]
    if scene.naming == "folder":
        folders = list(dict.fromkeys(owner for _, owner in lines))
        lines.sort(key=lambda line: folders.index(line[1]))
    return tuple(lines)


def _most_ids(scene: Scene) -> int:
    if scene.hours is None:
        return 120
    first, after = scene.hours
    n_metrics = len(scene.columns("historical"))
    return max(2, min(120, MOST_CELLS // ((after - first) * n_metrics)))


def is_near_the_limit(scene: Scene) -> bool:
    """Whether the range begins where a process that is a little later could not begin it."""
    return scene.hours is not None and scene.hours[0] * HOUR_MS < scene.now_ms - YEAR_MS + DAY_MS


interruptions: st.SearchStrategy[Sequence[Interruption]] = st.lists(
    st.builds(
        Interruption,
        st.one_of(st.integers(1, 4), st.integers(1, 12)),
        st.sampled_from(["drain", "at once", "crash"]),
        st.sampled_from([0, 61, 7200]),
    ),
    min_size=1,
    max_size=3,
)


def dense_scene(**more: Any) -> Scene:
    """A scene with much of everything: all edges, three windows that cut days, a time series, sums by type."""
    now_ms = 1_795_000_000_000
    after = now_ms // HOUR_MS - 17
    hours = (after - 2 * WINDOW_HOURS - 5, after)
    edges = edges_of(now_ms, now_ms, hours)
    ids = [id_at(edge + off, low) for edge in edges for off in (-1, 0, 1) for low in (0, 4_194_303)]
    ids += [id_at((after - n) * HOUR_MS) for n in range(0, 2 * WINDOW_HOURS, 60)]
    scene = Scene(
        now_ms=now_ms,
        world=World(4, Shares(deleted=0.1, untouched=0.2, growth=30)),
        lines=tuple((i, "") for i in dict.fromkeys(ids)),
        endpoints=("totals", "28hr", "historical"),
        metrics=("impressions", "favorites", "video_views"),
        series="day",
        groupings=(("by type", (TYPE,)),),
        start=f"{datetime.fromtimestamp(hours[0] * 3600 + 60, UTC):%Y%m%d%H%M}",
        end=f"{datetime.fromtimestamp(hours[1] * 3600, UTC):%Y%m%d%H%M}",
        hours=hours,
    )
    return replace(scene, **more)


_PLAIN: Final = World(4, Shares(deleted=0, untouched=0))
_MONTH_OLD: Final = id_at(1_795_000_000_000 - 30 * DAY_MS)
DENSE: Final = (
    dense_scene(),
    dense_scene(
        series=None,
        groupings=(("a", (TYPE, HOUR)), ("b", (TWEET, DAY))),
        readings=Readings(untouched="quiet"),
    ),
    dense_scene(
        series="hour", readings=Readings(zeros="no", untouched="missing"), bearer="given", ahead_ms=2
    ),
    dense_scene(world=World(4, Shares(untouched=0.7, growth=30)), readings=Readings(untouched="missing")),
    Scene(
        world=_PLAIN,
        metrics=(RATE,),
        lines=((_MONTH_OLD, ""),),
        min_impressions=int(_PLAIN.counts(np.array([_MONTH_OLD]), ("impressions",))[0, 0]),
    ),
)
"""The last one has a tweet with exactly the fewest impressions that are ranked by rate."""

CALM_YEAR: Final = dense_scene(
    world=World(4, Shares(deleted=0, untouched=0)),
    lines=tuple((id_at(1_795_000_000_000 - days * 5 * DAY_MS - 1), "") for days in range(80)),
    endpoints=("historical",),
    metrics=("favorites",),
    series=None,
    start="365d",
    end=None,
    hours=(1_795_000_000_000 // HOUR_MS - 8759, 1_795_000_000_000 // HOUR_MS),
)
