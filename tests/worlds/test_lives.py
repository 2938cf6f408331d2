"""Whatever happens to a run directory, in whatever order: nothing is lost, and it comes to the same result."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any, Final, get_args

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from harvester.simulator.options import Readings, Shares
from harvester.simulator.world import World
from tests.worlds.disk import DiskFault, End
from tests.worlds.input_files import Change, Growth, IdFile, Lines
from tests.worlds.lives import CALM, Life
from tests.worlds.scene import HOUR_MS, TYPE, EndpointName, Scene
from tests.worlds.story import Harm, Story
from tests.worlds.test_worlds import TIMES, stable
from tests.worlds.troubles import Kind, Troubled
from tests.worlds.truth import text_of

NOW_MS: Final = 1_795_000_000_000
JUMPS_S: Final = [0, 0, 0, 61, 7200, -7200, 40_000, -90_000]
REQUESTS: Final = st.one_of(st.integers(1, 4), st.integers(1, 12))
CALLS: Final = st.one_of(st.integers(1, 15), st.integers(1, 80))
ASKED: Final[list[dict[str, Any]]] = [
    {"top": 5},
    {"metrics": ("impressions",)},
    {"endpoints": ("totals",), "series": None, "start": None, "end": None, "hours": None},
    {"min_impressions": 7},
    {"newer_than_ms": 95 * 24 * HOUR_MS},
]
SIZES: Final[list[tuple[tuple[EndpointName, ...], int]]] = [
    (("28hr",), 120),
    (("28hr",), 120),
    (("historical",), 60),
    (("totals", "28hr"), 120),
    (("28hr", "historical"), 60),
    (("totals",), 700),
]
"""Endpoints, and how many lines the input has at most."""
RANGE_END_HOUR: Final = NOW_MS // HOUR_MS - 60
"""Behind which the wall's clock never falls."""

ends = st.one_of(
    st.builds(End, st.sampled_from(["crash", "drain", "at once"]), st.just("request"), REQUESTS),
    st.builds(End, st.sampled_from(["crash", "torn", "drain"]), st.just("call"), CALLS),
)
disk_faults = st.builds(
    DiskFault, st.sampled_from(["full", "broken", "late", "short"]), CALLS, st.sampled_from([False, True])
)
passing = st.builds(Troubled, st.sampled_from(get_args(Kind)), REQUESTS, st.integers(1, 12))
lasting = st.builds(Troubled, st.sampled_from(["503", "reset", "cut", "page", "401"]), REQUESTS, st.none())
harms = st.builds(
    Harm,
    st.sampled_from(["flip", "flip", "cut", "longer", "gone"]),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 7),
)


def lives(*, is_calmer: bool = False) -> st.SearchStrategy[Life]:
    """Lives; the tweets that spoil are left to be chosen."""
    return st.builds(
        Life,
        end=st.one_of(st.none(), ends),
        trouble=st.none() if is_calmer else st.one_of(st.none(), passing, passing, lasting),
        disk=st.one_of(st.none(), st.none(), st.none(), disk_faults),
        off_s=st.sampled_from(JUMPS_S),
        concurrency=st.sampled_from([1, 3, 8]),
        grace_s=st.sampled_from([5.0, 0.3]),
        beside=st.one_of(st.none(), st.none(), st.integers(1, 5)),
    )


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Scene, int]:
    """Scenes with some hundred requests at most, and how many lines their input has."""
    endpoints, most = draw(st.sampled_from(SIZES))
    hours = (RANGE_END_HOUR - draw(st.sampled_from([30, 700, 1400])), RANGE_END_HOUR)
    is_ranged = "historical" in endpoints
    scene = Scene(
        now_ms=NOW_MS,
        world=World(
            draw(st.integers(0, 9)),
            Shares(
                deleted=draw(st.sampled_from([0.0, 0.1])),
                protected=0.0,
                untouched=draw(st.sampled_from([0.0, 0.2, 0.7])),
                owned=draw(st.sampled_from([1.0, 0.8])),
                growth=20.0,
            ),
        ),
        readings=Readings(
            untouched=draw(st.sampled_from(["zero", "missing"])),
            forbidden_text=draw(st.sampled_from(["plain", "bare"])),
        ),
        bearer=draw(st.sampled_from(["none", "given"])),
        endpoints=endpoints,
        metrics=("impressions", "favorites"),
        series=draw(st.sampled_from([None, "day"])) if endpoints != ("totals",) else None,
        groupings=draw(st.sampled_from([(), (("by type", (TYPE,)),)])),
        start=text_of(hours[0] * 3600) if is_ranged else None,
        end=text_of(hours[1] * 3600) if is_ranged else None,
        hours=hours if is_ranged else None,
    )
    return scene, draw(st.integers(0, most))


class Lives(RuleBasedStateMachine):
    """One run directory, its lives as the rules."""

    def __init__(self) -> None:
        super().__init__()
        self.story: Story | None = None
        self.is_sound = True

    @initialize(
        scene=scenes(),
        seed=st.integers(0, 99),
        n_files=st.integers(1, 2),
        is_torn=st.booleans(),
        is_gzipped=st.booleans(),
    )
    def begin(
        self, scene: tuple[Scene, int], seed: int, n_files: int, is_torn: bool, is_gzipped: bool
    ) -> None:
        lines = Lines(NOW_MS, seed)
        n = scene[1] // n_files
        files = {
            f"{name}.txt": IdFile((lines(n, is_torn=is_torn and not is_gzipped),), is_gzipped)
            for name in "ab"[:n_files]
        }
        self.story = Story(scene[0], files, lines, note)

    @rule(
        life=lives(),
        spoiling=st.dictionaries(st.integers(0, 999), st.sampled_from(["refused", "503", "cut"]), max_size=2),
    )
    def go_on(self, life: Life, spoiling: dict[int, Any]) -> None:
        with self.telling() as story:
            ids = story.tweet_ids
            chosen = {ids[place % len(ids)]: how for place, how in spoiling.items()} if ids else {}
            story.go_on(replace(life, spoiling=chosen))

    @rule(
        how=st.sampled_from(get_args(Change)),
        random=st.randoms(use_true_random=False),
        life=st.one_of(st.just(CALM), lives(is_calmer=True)),
    )
    def change_input(self, how: Change, random: Random, life: Life) -> None:
        with self.telling() as story:
            story.change_input(how, random, life)

    @rule(
        how=st.sampled_from(get_args(Growth)),
        n=st.integers(1, 60),
        may_grow=st.sampled_from([True, True, False]),
        life=lives(),
    )
    def grow(self, how: Growth, n: int, may_grow: bool, life: Life) -> None:
        with self.telling() as story:
            story.grow(how, n, life, may_grow=may_grow)

    @rule(asked=st.sampled_from(ASKED), life=st.one_of(st.just(CALM), lives(is_calmer=True)))
    def ask_otherwise(self, asked: dict[str, Any], life: Life) -> None:
        with self.telling() as story:
            story.ask_otherwise(life, **asked)

    @rule(harm=harms)
    def harm(self, harm: Harm) -> None:
        with self.telling() as story:
            story.harm(harm)

    @contextmanager
    def telling(self) -> Iterator[Story]:
        """The story; what it comes to does not matter any more once something is wrong."""
        assert self.story
        self.is_sound = False
        yield self.story
        self.is_sound = True

    def teardown(self) -> None:
        if self.story:
            try:
                if self.is_sound:
                    self.story.finish()
            finally:
                self.story.close()


def test_run_directory_comes_to_the_same_whatever_its_lives() -> None:
    lively = settings(stable, max_examples=30 * TIMES, stateful_step_count=10)
    run_state_machine_as_test(Lives, settings=lively)
