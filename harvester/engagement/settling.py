"""Settling one batch: from a request to an outcome for each of its tweets. Pure, like a protocol without I/O.

A worker asks `next_request`, sends it, and hands the answer to `receive`, until nothing is left to ask:

- what the API counted, lists as unavailable or names as forbidden is settled;
- tweets that a refusal names are taken out and the rest is asked again;
- a refusal that names nobody, trouble that does not pass, and an answer that is too large halve the request until
  the culprit is alone;
- what is alone and still gets no answer is a dead letter, but never because the whole service is down;
- tweets that an answer leaves out, or counts only in part, are asked once more, together with those of other
  batches.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import compress
from typing import Final, assert_never

from harvester.engagement.answer import (
    Counted,
    Counts,
    Detail,
    Exchange,
    Expired,
    Gone,
    MetricsDenied,
    RateLimited,
    Refused,
    Trouble,
    Unauthorized,
    Unowned,
    WrongUrl,
)
from harvester.engagement.groupings import Nested, add_nested
from harvester.engagement.metrics import needs_user_context
from harvester.engagement.request import Access, Credential, Request
from harvester.errors import CredentialsError

MAX_ATTEMPTS: Final = 5
SAME_BYTES: Final = 3
"""So many times the same unreadable bytes, and more attempts would not help."""
SUSPICIOUS_SIZE: Final = 10
"""From so many tweets on, an answer that leaves out most of them is asked again as a whole."""
BACKOFF_BASE_S: Final = 0.5
BACKOFF_CAP_S: Final = 30.0


class Status(Enum):
    """What became of a tweet; the value stands in its record. DEAD tweets have a dead letter instead."""

    OK = "ok"
    UNAVAILABLE = "unavailable"
    FORBIDDEN = "forbidden"
    NO_DATA = "no_data"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Why a tweet was given up: a word for the kind, the last error, how often it was asked.

    body: how the last answer began, if that could not be read.
    """

    reason: str
    error: str
    attempts: int
    body: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """The outcome of a tweet that is not simply counted as its batch was planned."""

    status: Status
    unsupported: tuple[str, ...] = ()
    dead_letter: DeadLetter | None = None


@dataclass(slots=True)
class Settled:
    """The outcomes of a request's tweets.

    rows: aligned with request.tweet_ids; the counts of those with status OK, None for the others.
    fates: by tweet ID, all that are not OK, and those of OK that lack other metrics than request.unasked.
    missing: tweets that the answers left out so far, or counted only in part; each has no row and no fate but
    for that part.
    details, sums: as in `Counted`, over all answers.
    """

    request: Request
    rows: list[Counts | None]
    fates: dict[str, Fate] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    n_unexpected: int = 0
    details: list[Detail | None] = field(default_factory=list)
    sums: Nested = field(default_factory=dict)

    def counted(self) -> tuple[Sequence[Counts], Sequence[str]]:
        """The rows that there are, and whose they are."""
        rows = [row for row in self.rows if row is not None]
        tweet_ids = self.request.tweet_ids
        return rows, tweet_ids if len(rows) == len(tweet_ids) else [*compress(tweet_ids, self.rows)]

    def take(self, other: "Settled") -> None:
        """Take over what was settled of these tweets in another request, which may hold others too."""
        index_of = {tweet_id: index for index, tweet_id in enumerate(self.request.tweet_ids)}
        was_planned = other.request.metrics == self.request.metrics
        still_missing = set(other.missing)
        if other.details and not self.details:
            self.details = [None] * len(self.rows)
        for position, (tweet_id, row) in enumerate(zip(other.request.tweet_ids, other.rows, strict=True)):
            index, fate = index_of.get(tweet_id), other.fates.get(tweet_id)
            if index is None or (row is None and tweet_id in still_missing):
                continue
            if self.rows[index] is not None and fate and fate.status is Status.NO_DATA:
                continue  # what was counted in part is more than nothing
            self.rows[index] = row
            if other.details:
                self.details[index] = other.details[position]
            self.fates.pop(tweet_id, None)
            if fate:
                self.fates[tweet_id] = fate
            elif not was_planned:
                self.fates[tweet_id] = Fate(Status.OK, other.request.unasked)
        settled = set(other.request.tweet_ids) - still_missing
        self.missing = [i for i in self.missing if i not in settled]
        self.missing.extend(i for i in other.missing if i in index_of and i not in self.missing)


@dataclass(slots=True)
class _Ask:
    """A request on its way, with what happened to it so far."""

    request: Request
    n_sent: int = 0
    n_failed: int = 0
    is_second: bool = False
    last_error: str = ""
    last_body: str = ""
    last_fingerprint: int | None = None
    n_same_bytes: int = 0
    answered_before: int | None = None


class Settlement:
    """One batch on its way from IDs to outcomes.

    has_bearer: whether tweets that the token's user does not own can be asked for their public metrics with
    a bearer token. is_second: the tweets were missing in an answer before; still missing means no data. denied:
    metrics of which it is known that the request's credential may not read them. is_again: the tweets have dead
    letters, so that nothing is lost where they get them again, even if the whole service is down.
    """

    def __init__(
        self,
        request: Request,
        *,
        has_bearer: bool,
        is_second: bool = False,
        denied: Collection[str] = (),
        is_again: bool = False,
    ) -> None:
        request = request.without_metrics(denied) if denied else request
        self._known_denied = frozenset(denied)
        self.settled = Settled(request, [None] * len(request.tweet_ids))
        self.denied: set[tuple[Credential, str]] = set()
        self._has_bearer = has_bearer
        self._is_again = is_again
        self._todo = [_Ask(request, is_second=is_second)] if request.metrics else []
        if request.access is Access.NONE:
            self._todo.clear()
            self._set(request.tweet_ids, Fate(Status.FORBIDDEN))

    @property
    def next_request(self) -> Request | None:
        """What to send next; None when all is settled (but for `settled.missing`)."""
        return self._todo[-1].request if self._todo else None

    def receive(self, answer: Exchange, *, n_answered: int, random: float) -> float:
        """Take the answer to `next_request`; gives the seconds to wait before the next one is sent.

        n_answered: how many requests the endpoint has answered so far, to any batch; by that, trouble with
        this batch is told from trouble with the service. random: uniform in [0, 1).

        Raises CredentialsError when the token may read none of the metrics of the run.
        """
        ask = self._todo[-1]
        ask.n_sent += 1
        match answer:
            case Counted():
                self._count(ask, answer)
            case Gone(tweet_ids, _):
                self._set(tweet_ids, Fate(Status.UNAVAILABLE))
                self._ask_again(ask.request.without_tweets(tweet_ids), ask)
            case Unowned(tweet_ids, _):
                self._strip_unowned(ask, tweet_ids)
            case MetricsDenied(metrics, message):
                self._strip_denied(ask, metrics, message)
            case Refused(_, message):
                ask.last_error = message
                self._part(ask, "refused")
                if len(ask.request.tweet_ids) == 1 and self._todo:
                    # What is left longest goes next: its neighbours may be refused for the same reason, and
                    # whether everything is, other places tell sooner.
                    self._todo.append(self._todo.pop(0))
            case Trouble():
                return self._retry(ask, answer, n_answered, random)
            case RateLimited() | Unauthorized() | Expired() | WrongUrl():
                # They say nothing of this batch: the endpoint waits or stops, and then asks the same.
                ask.n_sent -= 1
            case _:
                assert_never(answer)
        return 0.0

    def _count(self, ask: _Ask, answer: Counted) -> None:
        request = ask.request
        missing = answer.missing_of(request.tweet_ids)
        if len(missing) * 2 > len(request.tweet_ids) >= SUSPICIOUS_SIZE and not ask.is_second:
            self._ask_again(request, ask, is_second=True)
            return
        counted = Settled(
            request, list(answer.rows), n_unexpected=answer.n_unexpected, details=list(answer.details)
        )
        for tweet_id in answer.unavailable:
            counted.fates[tweet_id] = Fate(Status.UNAVAILABLE)
        for tweet_id, metrics in answer.unsupported.items():
            uncounted = tuple(m for m in request.columns if m in metrics or m not in request.metrics)
            counted.fates[tweet_id] = Fate(Status.OK, uncounted)
        for tweet_id, what in answer.malformed.items():
            counted.fates[tweet_id] = Fate(Status.DEAD, (), DeadLetter("malformed", what, ask.n_sent))
        if ask.is_second:
            uncounted_ids = (tweet_id for tweet_id in missing if tweet_id not in answer.incomplete)
            counted.fates.update((tweet_id, Fate(Status.NO_DATA)) for tweet_id in uncounted_ids)
        else:
            counted.missing = missing
        self._todo.pop()
        if request is self.settled.request:
            self.settled = counted
        else:
            self.settled.take(counted)
            self.settled.n_unexpected += counted.n_unexpected
        add_nested(self.settled.sums, answer.sums)

    def _strip_unowned(self, ask: _Ask, tweet_ids: Collection[str]) -> None:
        request = ask.request
        self._ask_again(request.without_tweets(tweet_ids), ask)
        private = [m for m in request.metrics if needs_user_context(m, request.endpoint.name)]
        public = request.of(i for i in request.tweet_ids if i in tweet_ids).without_metrics(private)
        if self._has_bearer and request.access is Access.USER_CONTEXT and public.metrics:
            self._ask_again(public.with_access(Access.APP_ONLY), ask)
        else:
            self._set(tweet_ids, Fate(Status.FORBIDDEN))

    def _strip_denied(self, ask: _Ask, metrics: frozenset[str], message: str) -> None:
        if metrics | self._known_denied >= set(ask.request.columns):
            raise CredentialsError(f"the token may read none of the metrics asked: {message}")
        self.denied.update((ask.request.credential, metric) for metric in metrics)
        rest = ask.request.without_metrics(metrics)
        if rest.metrics:
            self._ask_again(rest, ask)
            return
        # The others are those that the tweets are too old for.
        self._todo.pop()
        self._set(ask.request.tweet_ids, Fate(Status.OK, ask.request.columns))

    def _retry(self, ask: _Ask, trouble: Trouble, n_answered: int, random: float) -> float:
        ask.last_error, ask.last_body = trouble.message, trouble.body
        is_single, is_first = len(ask.request.tweet_ids) == 1, ask.answered_before is None
        if ask.answered_before is None:
            ask.answered_before = n_answered
        others_are_answered = n_answered > ask.answered_before
        if is_single and not is_first and not others_are_answered and not self._is_again:
            # Nobody is answered, so this says nothing of the tweet.
            self._ask_others_first()
            return backoff_s(MAX_ATTEMPTS, random)
        ask.n_failed += 1
        is_same = trouble.fingerprint is not None and trouble.fingerprint == ask.last_fingerprint
        ask.last_fingerprint = trouble.fingerprint
        ask.n_same_bytes = ask.n_same_bytes + 1 if is_same else 1
        is_too_much = trouble.kind == "too large" and not is_single
        if is_too_much or ask.n_failed >= MAX_ATTEMPTS or ask.n_same_bytes >= SAME_BYTES:
            # While others are answered it is this request that is at fault: its halves get fewer tries.
            self._part(ask, trouble.kind, n_failed=MAX_ATTEMPTS - 2 if others_are_answered else 0)
        else:
            self._ask_others_first()
        return backoff_s(ask.n_failed, random)

    def _ask_others_first(self) -> None:
        """Let the rest of the batch go next: it tells whether this part is at fault or the service."""
        self._todo.insert(0, self._todo.pop())

    def _part(self, ask: _Ask, reason: str, *, n_failed: int = 0) -> None:
        """Halve a request that is not answered as a whole; give up the tweet that is alone in it."""
        self._todo.pop()
        if len(ask.request.tweet_ids) == 1:
            letter = DeadLetter(reason, ask.last_error, ask.n_sent, ask.last_body)
            self._set(ask.request.tweet_ids, Fate(Status.DEAD, (), letter))
            return
        for half in reversed(ask.request.halves()):
            part = _Ask(half, ask.n_sent, n_failed, ask.is_second, answered_before=ask.answered_before)
            self._todo.append(part)

    def _ask_again(self, request: Request, ask: _Ask, *, is_second: bool = False) -> None:
        """Put a request in the place of the one that was answered, or above what took its place."""
        if self._todo and self._todo[-1] is ask:
            self._todo.pop()
        if request.tweet_ids:
            self._todo.append(_Ask(request, ask.n_sent, is_second=is_second or ask.is_second))

    def _set(self, tweet_ids: Iterable[str], fate: Fate) -> None:
        self.settled.fates.update((tweet_id, fate) for tweet_id in tweet_ids)


def backoff_s(n_failed: int, random: float) -> float:
    """Full jitter: uniform from 0 to the backoff, which doubles from 0.5 s up to 30 s.

    With the defaults the four waits of a batch are at most 0.5, 1, 2 and 4 s long.
    """
    return random * min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(n_failed - 1, 32))
