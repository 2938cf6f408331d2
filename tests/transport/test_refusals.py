"""Refusals of one tweet and refusals of everything, told apart for any number of workers.

Workers go in lockstep here: each sends one request, then all are answered.
"""

from collections.abc import Callable, Sequence

import pytest

from harvester.engagement.answer import Answer, Counted, Gone, Refused, Trouble
from harvester.engagement.body import counts_type
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.request import Access, Request
from harvester.engagement.settling import Settlement, Status
from harvester.errors import CredentialsError, HarvesterError, UsageError
from harvester.transport.refusals import Refusals

METRICS = ("favorites",)
ROW = counts_type(METRICS)
Api = Callable[[Request], Answer]


def batch(*ids: int, access: Access = Access.APP_ONLY) -> Request:
    return Request(ENDPOINTS["totals"], tuple(map(str, ids)), METRICS, METRICS, access)


def batches(n: int, size: int = 250) -> list[Request]:
    return [batch(*range(k * size, (k + 1) * size)) for k in range(n)]


def counted(asked: Request) -> Answer:
    return Counted([ROW(1) for _ in asked.tweet_ids])


def refusing(culprits: set[int], words: str = "400: no", status: int = 400) -> Api:
    def answer(asked: Request) -> Answer:
        is_refused = not culprits.isdisjoint(map(int, asked.tweet_ids))
        return Refused(status, words) if is_refused else counted(asked)

    return answer


def everything(status: int, words: str = "no") -> Api:
    return lambda _asked: Refused(status, f"{status}: {words}")


def settle(
    refusals: Refusals, todo: Sequence[Request], api: Api, workers: int
) -> tuple[HarvesterError | None, int, list[str]]:
    """What ended the run, after how many requests, and the dead letters."""
    waiting, dead, n_requests = list(todo), list[str](), 0
    under_way: list[tuple[Request, Settlement]] = []
    while waiting or under_way:
        while waiting and len(under_way) < workers:
            one = waiting.pop(0)
            under_way.append((one, Settlement(one, has_bearer=False)))
        for one, settlement in list(under_way):
            asked = settlement.next_request
            if asked is None:
                fates = settlement.settled.fates
                dead += [i for i, fate in fates.items() if fate.status is Status.DEAD]
                under_way.remove((one, settlement))
                continue
            n_requests += 1
            answer = api(asked)
            if error := refusals.judge(one, asked, answer):
                return error, n_requests, dead
            settlement.receive(answer, n_answered=n_requests, random=0.5)
    return refusals.verdict(), n_requests, dead


@pytest.mark.parametrize("workers", [1, 8, 64])
@pytest.mark.parametrize("place", [0, 1, 130, 249])
def test_a_culprit_in_each_batch_is_found_whatever_the_number_of_workers(workers: int, place: int) -> None:
    todo = batches(workers * 2)
    culprits = {int(one.tweet_ids[place]) for one in todo}
    error, n_requests, dead = settle(Refusals(), todo, refusing(culprits), workers)
    assert error is None
    assert sorted(map(int, dead)) == sorted(culprits)
    assert n_requests <= 17 * len(todo)


@pytest.mark.parametrize("workers", [1, 8])
def test_bad_tweets_at_the_head_of_the_input_do_not_end_the_run(workers: int) -> None:
    error, _, dead = settle(Refusals(), batches(workers), refusing(set(range(40))), workers)
    assert error is None
    assert len(dead) == 40


@pytest.mark.parametrize(("status", "kind"), [(403, CredentialsError), (400, UsageError), (405, UsageError)])
@pytest.mark.parametrize(("workers", "at_most"), [(1, 60), (2, 80), (8, 136), (64, 1088)])
def test_when_everything_is_refused_the_run_ends_early(
    workers: int, at_most: int, status: int, kind: type[HarvesterError]
) -> None:
    error, n_requests, _ = settle(Refusals(), batches(4 * workers), everything(status), workers)
    assert isinstance(error, kind)
    assert f"refuses every request: {status}: no" in error.message
    assert n_requests <= at_most


def test_batches_of_one_tweet_bear_witness_too() -> None:
    error, n_requests, _ = settle(Refusals(), batches(100, size=1), everything(400), workers=8)
    assert isinstance(error, UsageError)
    assert n_requests == 8


@pytest.mark.parametrize("todo", [batches(1, size=4), batches(4, size=1)], ids=["one batch", "four"])
def test_a_small_run_that_is_refused_as_a_whole_is_told_so_at_its_end(todo: list[Request]) -> None:
    error, _, dead = settle(Refusals(), todo, everything(400, "One or more groupBys (tweet.id)"), 2)
    assert isinstance(error, UsageError)
    assert len(dead) == 4


@pytest.mark.parametrize("words", ["400: Tweet not found", "400: 1 Tweet ID(s) are UNAVAILABLE somehow"])
def test_words_about_tweets_say_nothing_of_the_run(words: str) -> None:
    error, _, dead = settle(Refusals(), batches(2), lambda _asked: Refused(400, words), 2)
    assert error is None
    assert len(dead) == 500


def test_a_run_that_was_answered_earlier_goes_on_with_its_dead_letters() -> None:
    refusals = Refusals(was_accepted=True)
    error, _, dead = settle(refusals, batches(1, size=30), everything(400), 8)
    assert error is None
    assert len(dead) == 30


@pytest.mark.parametrize("answer", [Gone(frozenset({"1"}), "400: gone"), Counted([None])])
def test_one_answer_is_enough_to_go_on(answer: Answer) -> None:
    refusals = Refusals()
    assert refusals.judge(batch(1), batch(1), answer) is None
    error, _, dead = settle(refusals, batches(1, size=30), everything(400), 8)
    assert error is None
    assert len(dead) == 30


def test_each_credential_stands_for_itself() -> None:
    refusals, other = Refusals(), batch(1, access=Access.USER_CONTEXT)
    assert refusals.judge(other, other, counted(other)) is None
    error, _, _ = settle(refusals, batches(2), everything(403), 1)
    assert isinstance(error, CredentialsError)


def test_trouble_is_no_refusal() -> None:
    refusals, trouble = Refusals(), Trouble("service", "503: no")
    assert [refusals.judge(one, one, trouble) for one in batches(20, size=1)] == [None] * 20
    assert refusals.verdict() is None
