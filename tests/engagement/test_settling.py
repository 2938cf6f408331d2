"""Settlements against a small world that knows the truth about each tweet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvester.engagement.answer import (
    Answer,
    Counted,
    Exchange,
    Expired,
    Gone,
    RateLimited,
    Trouble,
    Unauthorized,
    WrongUrl,
)
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import metrics_of
from harvester.engagement.request import Access, Request
from harvester.engagement.response import read_answer
from harvester.engagement.settling import (
    BACKOFF_CAP_S,
    MAX_ATTEMPTS,
    DeadLetter,
    Fate,
    Settled,
    Settlement,
    Status,
    backoff_s,
)
from harvester.errors import CredentialsError

ALL = metrics_of("totals", user_context=True)
PUBLIC = metrics_of("totals", user_context=False)
PRIVATE = ("impressions", "engagements")
TROUBLE = Trouble("service", "503: try later")


def request(*ids: str, metrics: tuple[str, ...] = ALL, access: Access = Access.USER_CONTEXT) -> Request:
    return Request(ENDPOINTS["totals"], ids, metrics, metrics, access)


@dataclass
class World:
    """What is true of each tweet, and an API that tells it.

    kinds, by tweet ID: `fine`; `deleted` (listed in a 200); `protected` (a 400); `unowned` (403 in user
    context); `untouched` (always missing); `shy` (missing once); `partial` (always without the last metric);
    `hasty` (without it once); `poisonous` (500 for whatever holds it); `refused` (a 400 that names nobody);
    `broken` (a count that is none).
    """

    kinds: Mapping[str, str]
    trouble: float = 0.0
    seed: int = 0
    has_list: bool = True
    names_all: bool = True
    by_author: bool = False
    denied: frozenset[str] = frozenset()
    requests: list[Request] = field(default_factory=list)
    n_answered: int = 0

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._shown: set[str] = set()

    def answer(self, asked: Request) -> Answer:
        self.requests.append(asked)
        if self._random.random() < self.trouble:
            return TROUBLE
        status, document = self._reply(asked)
        answer = read_answer(asked, status, json.dumps(document).encode())
        self.n_answered += not isinstance(answer, Trouble)
        return answer

    def _of(self, asked: Request, *kinds: str) -> list[str]:
        return [i for i in asked.tweet_ids if self.kinds[i] in kinds]

    def _reply(self, asked: Request) -> tuple[int, dict[str, object]]:
        assert 1 <= len(asked.tweet_ids) <= 250
        assert asked.metrics
        if denied := self.denied.intersection(asked.metrics):
            return 403, {"errors": [f"Forbidden to access metrics: {','.join(sorted(denied))}"]}
        if self._of(asked, "poisonous"):
            return 500, {"errors": ["internal server error"]}
        if self._of(asked, "refused"):
            return 400, {"errors": ["bad request"]}
        if asked.access is Access.APP_ONLY:
            assert not set(asked.metrics).intersection(PRIVATE), "a bearer token may not read these"
        elif unowned := self._of(asked, "unowned"):
            return 403, {"errors": self._forbidden(unowned if self.names_all else unowned[:1])}
        if gone := self._of(asked, "protected"):
            text = f"{len(gone)} Tweet ID(s) are unavailable"
            listed: dict[str, object] = {"unavailable_tweet_ids": gone} if self.has_list else {}
            return 400, {"errors": [text], **listed}
        deleted = self._of(asked, "deleted")
        missing = {i for i in self._of(asked, "shy") if i not in self._shown}.union(
            self._of(asked, "untouched")
        )
        rows = {i: self.counts(i, asked.metrics) for i in asked.tweet_ids if i not in {*deleted, *missing}}
        for i in self._of(asked, "partial", "hasty") if len(asked.metrics) > 1 else ():
            if self.kinds[i] == "partial" or i not in self._shown:
                del rows[i][asked.metrics[-1]]
        self._shown.update(asked.tweet_ids)
        beside = {"errors": ["x"], "unavailable_tweet_ids": deleted} if deleted else {}
        return 200, {"harvester": rows, **beside}

    def _forbidden(self, unowned: list[str]) -> list[str]:
        if self.by_author:
            return [f"Forbidden to access tweets for author id 7: {i}" for i in unowned]
        return [f"Forbidden to access tweets: {','.join(unowned)}"]

    def counts(self, tweet_id: str, metrics: tuple[str, ...]) -> dict[str, str | int]:
        sign = -1 if self.kinds[tweet_id] == "broken" else 1
        return {m: sign * (1 + int(tweet_id) * 31 + index) for index, m in enumerate(ALL) if m in metrics}


def settle(world: World, settlement: Settlement, cap: int = 20_000) -> Settled:
    """Ask until nothing is left to ask."""
    while asked := settlement.next_request:
        assert len(world.requests) < cap, "it does not end"
        answer = world.answer(asked)
        wait_s = settlement.receive(answer, n_answered=world.n_answered, random=0.5)
        assert 0 <= wait_s <= BACKOFF_CAP_S
    return settlement.settled


def settle_fully(world: World, asked: Request, *, has_bearer: bool) -> Settled:
    """As a worker does it: what was missing is asked once more, by a settlement of its own."""
    settled = settle(world, Settlement(asked, has_bearer=has_bearer))
    if settled.missing:
        second = asked.of(settled.missing)
        settled.take(settle(world, Settlement(second, has_bearer=has_bearer, is_second=True)))
    return settled


def status_of(settled: Settled, tweet_id: str) -> Status:
    fate = settled.fates.get(tweet_id)
    return fate.status if fate else Status.OK


def metrics_in(settled: Settled, tweet_id: str) -> dict[str, int]:
    row = settled.rows[settled.request.tweet_ids.index(tweet_id)]
    return {m: n for m, n in msgspec.structs.asdict(row).items() if n is not msgspec.UNSET} if row else {}


def check_whole(settled: Settled) -> None:
    """Each tweet has exactly one of a row and a fate that needs none, and none is left."""
    assert settled.missing == []
    assert settled.fates.keys() <= set(settled.request.tweet_ids)
    for tweet_id, row in zip(settled.request.tweet_ids, settled.rows, strict=True):
        fate = settled.fates.get(tweet_id)
        assert (row is not None) == (status_of(settled, tweet_id) is Status.OK), (tweet_id, fate)
        if fate:
            assert (fate.dead_letter is not None) == (fate.status is Status.DEAD)


EXPECTED = {
    "fine": Status.OK,
    "shy": Status.OK,
    "partial": Status.OK,
    "hasty": Status.OK,
    "deleted": Status.UNAVAILABLE,
    "protected": Status.UNAVAILABLE,
    "untouched": Status.NO_DATA,
    "poisonous": Status.DEAD,
    "refused": Status.DEAD,
    "broken": Status.DEAD,
}
kinds = st.sampled_from([*EXPECTED, "unowned", "fine", "fine", "fine"])
mixtures = st.lists(kinds, min_size=1, max_size=40)
worlds = st.builds(
    lambda mixture, trouble, seed, has_list, names_all, by_author: World(
        {str(1000 + index): kind for index, kind in enumerate(mixture)},
        trouble,
        seed,
        has_list,
        names_all,
        by_author,
    ),
    mixtures,
    st.sampled_from([0.0, 0.0, 0.05, 0.3]),
    st.integers(0, 1000),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=150)
@given(worlds, st.booleans())
@example(World({"1": "poisonous", "2": "fine"}), False)
@example(World({"1": "shy", "2": "untouched"}), False)
@example(World({"1": "unowned"}, names_all=False), True)
def test_every_batch_settles_to_the_truth(world: World, has_bearer: bool) -> None:
    asked = request(*world.kinds)
    world.n_answered = 1
    others_are_answered = _with_others(world)
    settled = settle_fully(others_are_answered, asked, has_bearer=has_bearer)
    check_whole(settled)
    for tweet_id, kind in world.kinds.items():
        status = status_of(settled, tweet_id)
        if kind == "unowned" and status is not Status.DEAD:
            assert status is (Status.OK if has_bearer else Status.FORBIDDEN)
        elif status is Status.DEAD and kind not in ("poisonous", "refused", "broken"):
            assert world.trouble, "nothing else may cost a good tweet"
        else:
            assert status is EXPECTED[kind]
        if status is Status.OK:
            known = PUBLIC if kind == "unowned" else ALL[:-1] if kind == "partial" else ALL
            assert metrics_in(settled, tweet_id) == world.counts(tweet_id, known)


def _with_others(world: World) -> World:
    """The same world, in which other batches are answered all the time."""
    plain = world.answer

    def answer(asked: Request) -> Answer:
        world.n_answered += 1
        return plain(asked)

    world.answer = answer  # type: ignore[method-assign]  # a fake with one more side to it
    return world


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["fine", "deleted", "untouched", "poisonous"]), min_size=2, max_size=60))
def test_a_batch_settles_to_the_truth_when_no_other_is_under_way(mixture: list[str]) -> None:
    """The last batch of a run, or a run with one worker: only its own tweets tell that the service is there."""
    world = World({str(index): kind for index, kind in enumerate(mixture, start=1)})
    if set(mixture) == {"poisonous"}:
        return  # nothing tells this from an outage
    settled = settle_fully(world, request(*world.kinds), has_bearer=False)
    check_whole(settled)
    assert {i: status_of(settled, i) for i in world.kinds} == {i: EXPECTED[k] for i, k in world.kinds.items()}


@pytest.mark.parametrize("place", [0, 1, 124, 249])
def test_one_poisonous_tweet_of_250_costs_a_bounded_number_of_requests(place: int) -> None:
    ids = [str(index) for index in range(1, 251)]
    for make in (World, lambda kinds: _with_others(World(kinds))):
        world = make({i: "poisonous" if index == place else "fine" for index, i in enumerate(ids)})
        settled = settle(world, Settlement(request(*ids), has_bearer=False))
        assert [i for i in ids if status_of(settled, i) is Status.DEAD] == [ids[place]]
        assert len(world.requests) <= MAX_ATTEMPTS * 11 + 8


def test_one_refused_tweet_of_250_is_found_by_halving() -> None:
    ids = [str(index) for index in range(1, 251)]
    world = World({i: "refused" if i == "200" else "fine" for i in ids})
    settled = settle(world, Settlement(request(*ids), has_bearer=False))
    assert settled.fates == {
        "200": Fate(Status.DEAD, (), DeadLetter("refused", "400: bad request", attempts=9)),
    }
    assert len(world.requests) <= 17


def test_a_good_batch_takes_one_request() -> None:
    world = World(dict.fromkeys(map(str, range(1, 251)), "fine"))
    settled = settle(world, Settlement(request(*world.kinds), has_bearer=False))
    assert len(world.requests) == 1
    assert settled.fates == {}
    assert None not in settled.rows


def test_a_batch_without_metrics_takes_no_request() -> None:
    asked = Request(ENDPOINTS["totals"], ("1", "2"), (), ("impressions",), Access.APP_ONLY)
    settlement = Settlement(asked, has_bearer=True)
    assert settlement.next_request is None
    assert settlement.settled.rows == [None, None]
    assert settlement.settled.fates == {}


# Those that are counted in part


def test_a_tweet_that_lacks_a_metric_is_asked_once_more_and_then_taken_as_it_is() -> None:
    world = World({"11": "fine", "12": "partial", "13": "hasty"})
    first = settle(world, Settlement(request(*world.kinds), has_bearer=False))
    assert first.missing == ["12", "13"]
    second = request(*first.missing)
    first.take(settle(world, Settlement(second, has_bearer=False, is_second=True)))
    check_whole(first)
    assert first.fates == {}
    assert metrics_in(first, "12") == world.counts("12", ALL[:-1])
    assert metrics_in(first, "13") == world.counts("13", ALL)


def test_a_tweet_that_was_counted_in_part_keeps_that_when_it_is_left_out_afterwards() -> None:
    kinds = {"11": "fine", "12": "partial", "13": "refused"}
    settled = settle(World(kinds), Settlement(request(*kinds), has_bearer=False))
    assert settled.missing == ["12"], "found in the half of a batch that was refused"
    left_out = World({"12": "untouched"})
    settled.take(settle(left_out, Settlement(request("12"), has_bearer=False, is_second=True)))
    assert settled.missing == []
    assert "12" not in settled.fates
    assert metrics_in(settled, "12") == left_out.counts("12", ALL[:-1])


# Those that a refusal names


@pytest.mark.parametrize("by_author", [False, True])
def test_unowned_tweets_are_forbidden_when_there_is_an_access_token_alone(by_author: bool) -> None:
    world = World({"11": "fine", "12": "unowned", "13": "unowned"}, by_author=by_author)
    settled = settle(world, Settlement(request(*world.kinds), has_bearer=False))
    assert settled.fates == {"12": Fate(Status.FORBIDDEN), "13": Fate(Status.FORBIDDEN)}
    assert [r.tweet_ids for r in world.requests] == [("11", "12", "13"), ("11",)]


def test_unowned_tweets_are_asked_for_public_metrics_when_there_is_a_bearer_token() -> None:
    world = World({"11": "fine", "12": "unowned", "13": "deleted"})
    settled = settle(world, Settlement(request(*world.kinds), has_bearer=True))
    assert settled.fates == {"12": Fate(Status.OK, PRIVATE), "13": Fate(Status.UNAVAILABLE)}
    assert metrics_in(settled, "12") == world.counts("12", PUBLIC)
    assert metrics_in(settled, "11") == world.counts("11", ALL)
    assert {(r.tweet_ids, r.access) for r in world.requests[1:]} == {
        (("12",), Access.APP_ONLY),
        (("11", "13"), Access.USER_CONTEXT),
    }


def test_unowned_tweets_are_forbidden_when_only_private_metrics_are_asked() -> None:
    world = World({"12": "unowned"})
    settled = settle(world, Settlement(request("12", metrics=PRIVATE), has_bearer=True))
    assert settled.fates == {"12": Fate(Status.FORBIDDEN)}


def test_a_403_that_names_only_some_is_asked_again_until_all_are_named() -> None:
    ids = [str(index) for index in range(11, 21)]
    world = World(dict.fromkeys(ids, "unowned") | {"11": "fine"}, names_all=False)
    settled = settle(world, Settlement(request(*ids), has_bearer=False))
    assert {i for i, fate in settled.fates.items() if fate.status is Status.FORBIDDEN} == set(ids[1:])
    assert metrics_in(settled, "11") == world.counts("11", ALL)
    assert len(world.requests) == len(ids)


def test_a_400_without_a_list_is_halved_until_the_culprit_is_alone() -> None:
    world = World(dict.fromkeys(map(str, range(11, 27)), "fine") | {"15": "protected"}, has_list=False)
    settled = settle(world, Settlement(request(*world.kinds), has_bearer=False))
    assert settled.fates == {"15": Fate(Status.UNAVAILABLE)}
    assert len(world.requests) == 1 + 2 * 4


def test_a_400_with_a_list_takes_those_out_at_once() -> None:
    world = World(dict.fromkeys(map(str, range(11, 27)), "fine") | {"15": "protected"})
    settled = settle(world, Settlement(request(*world.kinds), has_bearer=False))
    assert settled.fates == {"15": Fate(Status.UNAVAILABLE)}
    assert len(world.requests) == 2


def test_denied_metrics_are_left_out_remembered_and_unsupported() -> None:
    world = World({"11": "fine", "12": "deleted"}, denied=frozenset({"impressions"}))
    settlement = Settlement(request(*world.kinds), has_bearer=False)
    settled = settle(world, settlement)
    assert settlement.denied == {((Access.USER_CONTEXT, ""), "impressions")}
    assert settled.fates == {"11": Fate(Status.OK, ("impressions",)), "12": Fate(Status.UNAVAILABLE)}
    assert metrics_in(settled, "11") == world.counts("11", ALL[1:])


def test_credentials_are_at_fault_when_every_metric_is_denied() -> None:
    world = World({"11": "fine"}, denied=frozenset(ALL))
    with pytest.raises(CredentialsError, match="Forbidden to access metrics"):
        settle(world, Settlement(request("11"), has_bearer=False))


# Those that an answer leaves out


def test_missing_tweets_are_left_for_a_second_ask() -> None:
    world = World(dict.fromkeys(map(str, range(11, 31)), "fine") | {"15": "untouched", "16": "shy"})
    settled = settle(world, Settlement(request(*world.kinds), has_bearer=False))
    assert settled.missing == ["15", "16"]
    assert len(world.requests) == 1
    settled.take(
        settle(
            world, Settlement(request("15", "16", "99").of(("15", "16")), has_bearer=False, is_second=True)
        )
    )
    assert settled.missing == []
    assert settled.fates == {"15": Fate(Status.NO_DATA)}
    assert metrics_in(settled, "16") == world.counts("16", ALL)


@pytest.mark.parametrize(("n_missing", "n_requests"), [(5, 1), (6, 2)])
def test_an_answer_that_leaves_out_most_is_asked_again_as_a_whole(n_missing: int, n_requests: int) -> None:
    kinds = {str(10 + index): "shy" if index < n_missing else "fine" for index in range(10)}
    world = World(kinds)
    settle(world, Settlement(request(*kinds), has_bearer=False))
    assert len(world.requests) == n_requests


def test_a_second_ask_may_hold_tweets_of_other_batches() -> None:
    world = World(dict.fromkeys(("11", "12", "13"), "fine") | {"12": "shy"})
    settled = settle(world, Settlement(request("11", "12", "13"), has_bearer=False))
    world.kinds = {**world.kinds, "99": "deleted"}
    settled.take(settle(world, Settlement(request("99", "12"), has_bearer=False, is_second=True)))
    check_whole(settled)
    assert settled.fates == {}


def test_a_malformed_tweet_is_dead_with_what_stood_there() -> None:
    world = World({"11": "fine", "12": "broken"})
    settled = settle(world, Settlement(request("11", "12", metrics=("favorites",)), has_bearer=False))
    letter = settled.fates["12"].dead_letter
    assert letter == DeadLetter("malformed", "favorites is -375", 1)
    assert metrics_in(settled, "11") == world.counts("11", ("favorites",))


# Trouble


def receive(settlement: Settlement, answer: Exchange, *, n_answered: int = 0, times: int = 1) -> None:
    for _ in range(times):
        assert settlement.next_request
        settlement.receive(answer, n_answered=n_answered, random=0.5)


@pytest.mark.parametrize("ids", [("1",), ("1", "2", "3"), tuple(map(str, range(250)))])
@pytest.mark.parametrize("trouble", [TROUBLE, Trouble("unreadable", "200: 'x'", fingerprint=5)])
def test_nothing_is_given_up_while_nobody_is_answered(ids: tuple[str, ...], trouble: Trouble) -> None:
    settlement = Settlement(request(*ids), has_bearer=False)
    receive(settlement, trouble, n_answered=7, times=5000)
    assert settlement.settled.fates == {}
    assert settlement.next_request


@pytest.mark.parametrize("n_failures", range(5, 12))
def test_a_tweet_that_an_outage_struck_is_not_given_up_at_one_failure_after_it(n_failures: int) -> None:
    settlement = Settlement(request("1"), has_bearer=False)
    receive(settlement, TROUBLE, times=n_failures)
    receive(settlement, TROUBLE, n_answered=1)
    assert settlement.settled.fates == {}


def test_a_tweet_is_given_up_after_its_attempts_when_others_are_answered() -> None:
    settlement = Settlement(request("1"), has_bearer=False)
    for attempt in range(MAX_ATTEMPTS):
        assert settlement.settled.fates == {}
        receive(settlement, TROUBLE, n_answered=attempt)
    letter = DeadLetter("service", "503: try later", MAX_ATTEMPTS)
    assert settlement.settled.fates == {"1": Fate(Status.DEAD, (), letter)}
    assert settlement.next_request is None


def test_the_same_unreadable_bytes_three_times_are_enough() -> None:
    settlement = Settlement(request("1"), has_bearer=False)
    for attempt in range(3):
        assert settlement.settled.fates == {}
        receive(settlement, Trouble("unreadable", "200: 'x'", fingerprint=5), n_answered=attempt)
    assert settlement.settled.fates["1"].dead_letter == DeadLetter("unreadable", "200: 'x'", 3)


def test_beginning_of_what_could_not_be_read_goes_with_the_dead_letter() -> None:
    settlement = Settlement(request("1"), has_bearer=False)
    for attempt in range(3):
        receive(settlement, Trouble("unreadable", "200: 'x'", 5, "<html>x"), n_answered=attempt)
    letter = settlement.settled.fates["1"].dead_letter
    assert letter == DeadLetter("unreadable", "200: 'x'", 3, "<html>x")


def test_answer_that_is_too_large_is_asked_for_in_halves_at_once() -> None:
    settlement = Settlement(request("1", "2", "3", "4"), has_bearer=False)
    too_large = Trouble("too large", "200: more than 64 MiB of answer", fingerprint=-1)
    asked = []
    while settlement.next_request:
        asked.append(settlement.next_request.tweet_ids)
        receive(settlement, too_large, n_answered=len(asked))
    assert asked[:5] == [("1", "2", "3", "4"), ("1", "2"), ("1",), ("2",), ("3", "4")]
    letters = [fate.dead_letter for fate in settlement.settled.fates.values()]
    assert [letter and letter.reason for letter in letters] == ["too large"] * 4


def test_poisonous_tweet_is_found_while_its_own_batch_alone_is_asked() -> None:
    """The other halves are answered, and that tells that it is not the service."""
    settlement = Settlement(request(*map(str, range(250))), has_bearer=False)
    n_answered = n_sent = in_a_row = longest = 0
    while asked := settlement.next_request:
        n_sent += 1
        in_a_row = in_a_row + 1 if "0" in asked.tweet_ids else 0
        longest = max(longest, in_a_row)
        if "0" in asked.tweet_ids:
            receive(settlement, TROUBLE, n_answered=n_answered)
        else:
            n_answered += 1
            receive(settlement, Counted([None] * len(asked.tweet_ids)), n_answered=n_answered)
    assert settlement.settled.fates["0"].dead_letter
    assert n_sent < 60
    assert longest <= MAX_ATTEMPTS + 1


def test_tweet_that_has_a_dead_letter_gets_it_again_though_nobody_else_is_asked() -> None:
    settlement = Settlement(request("1"), has_bearer=False, is_again=True)
    receive(settlement, TROUBLE, times=MAX_ATTEMPTS)
    assert settlement.settled.fates["1"].dead_letter == DeadLetter("service", "503: try later", MAX_ATTEMPTS)


def test_other_unreadable_bytes_each_time_are_not() -> None:
    settlement = Settlement(request("1"), has_bearer=False)
    for attempt in range(MAX_ATTEMPTS - 1):
        receive(settlement, Trouble("unreadable", "200: 'x'", fingerprint=attempt % 2), n_answered=attempt)
    assert settlement.settled.fates == {}


@pytest.mark.parametrize("answer", [RateLimited("429"), Unauthorized("401"), Expired(), WrongUrl("404")])
def test_what_says_nothing_of_the_batch_is_no_attempt(answer: Exchange) -> None:
    settlement = Settlement(request("1"), has_bearer=False)
    receive(settlement, answer, n_answered=9, times=100)
    for attempt in range(MAX_ATTEMPTS):
        assert settlement.settled.fates == {}
        receive(settlement, TROUBLE, n_answered=attempt)
    letter = settlement.settled.fates["1"].dead_letter
    assert letter
    assert letter.attempts == MAX_ATTEMPTS


def test_the_same_is_asked_again_after_trouble() -> None:
    settlement = Settlement(request("1", "2"), has_bearer=False)
    before = settlement.next_request
    receive(settlement, TROUBLE, times=MAX_ATTEMPTS - 1)
    assert settlement.next_request == before


def test_what_was_settled_before_stays_when_the_rest_is_asked_again() -> None:
    asked = request("11", "12", "13")
    settlement = Settlement(asked, has_bearer=False)
    receive(settlement, Gone(frozenset({"11"}), "400"))
    assert settlement.next_request == asked.of(("12", "13"))
    receive(settlement, Counted([None, None], unavailable=frozenset({"12", "13"})))
    assert set(settlement.settled.fates.values()) == {Fate(Status.UNAVAILABLE)}
    assert settlement.settled.fates.keys() == {"11", "12", "13"}


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_backoff_is_full_jitter_under_a_doubling_cap(n_failed: int, random: float) -> None:
    assert 0 <= backoff_s(n_failed, random) <= min(30.0, 0.5 * 2 ** (n_failed - 1))


@pytest.mark.parametrize(
    ("n_failed", "most"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (7, 30.0), (10_000, 30.0)]
)
def test_backoff_reaches_up_to_its_cap(n_failed: int, most: float) -> None:
    assert backoff_s(n_failed, 1.0) == most
