"""From IDs to numbered batches. Pure: the same IDs and options give the same batches, however the IDs are
cut into chunks. That is what lets a resumed run skip what is committed by counting.

Tweets are parted by owner and by age: a tweet too old for a metric is not asked for it, and a window of time
that was over when a tweet was made is not asked about it. Each part fills batches of its own, and a batch gets
its number when it is full. Batches carry a rolling hash of all IDs planned so far, by which a resumed run
notices that its input is another one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby, repeat
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.metrics import CATALOGUE, EndpointName, needs_user_context
from harvester.engagement.request import Access, Request
from harvester.engagement.tweet_id import DAY_MS, Ids, decimals, first_id_at
from harvester.engagement.windows import Window

EMPTY_CHAIN: Final = bytes(16)
NO_WINDOWS: Final[tuple[Window | None, ...]] = (None,)
"""Of endpoints that are not asked for a time: each tweet is asked for once, without one."""
_NO_IDS: Final[Ids] = np.empty(0, dtype=np.int64)
Owners = NDArray[np.int32]
"""Whose tweets some IDs are, as places in a list of names."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the credentials can read: own tweets by account ("" for the default one), everybody's by bearer."""

    accounts: frozenset[str]
    has_bearer: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """IDs that are asked for together.

    number: from 0, without gaps. blank: the request without its tweets; where it has no metrics there is
    nothing to ask, because the tweets are too old for all of them. windows: the times to ask for, the earliest
    first; none where the tweets were made after all of them. chain: the hash of all IDs up to and with this
    batch, 16 bytes.
    """

    number: int
    ids: Ids
    blank: Request
    windows: tuple[Window | None, ...]
    chain: bytes

    def request(self) -> Request:
        """What to ask, over all time. Made when it is wanted: a replay plans many batches that nobody asks for."""
        return self.blank.of(decimals(self.ids))

    def request_in(self, window: Window | None) -> Request:
        """What to ask in one of the windows: for the tweets that were made before it was over."""
        if window is None:
            return self.request()
        there = self.ids[self.ids < window.first_id_after]
        return self.blank.in_window(window).of(decimals(there))

    @property
    def n_requests(self) -> int:
        """How many requests it takes, if none has to be repeated."""
        return len(self.windows) if self.blank.metrics else 0


@dataclass(frozen=True, slots=True)
class AgeClass:
    """Tweets from first_id on (up to the next younger class) and what they can be asked for."""

    first_id: int
    metrics: tuple[str, ...]
    access: Access
    windows: tuple[Window | None, ...] = NO_WINDOWS


def age_classes(
    endpoint: EndpointName,
    columns: tuple[str, ...],
    now_ms: int,
    *,
    has_user_context: bool,
    has_bearer: bool,
    windows: Sequence[Window] = (),
) -> tuple[AgeClass, ...]:
    """The parts of all tweets that are asked alike, oldest first.

    A part whose metrics are all public is asked with the bearer token where there is one: it reads
    everybody's tweets, while user context is refused those of others. Source: contract, section 1 and 2.
    """
    limits = {m: CATALOGUE[m].age_limit_days(endpoint) for m in columns}
    first_ids = {days: first_id_at(now_ms - days * DAY_MS) for days in limits.values() if days is not None}
    edges = {0, *first_ids.values(), *(window.first_id_after for window in windows)}
    can_read_public = has_bearer and endpoint == "totals"
    classes = []
    for first_id in sorted(edges):
        metrics = tuple(m for m in columns if (days := limits[m]) is None or first_ids[days] <= first_id)
        if not has_user_context:
            metrics = tuple(m for m in metrics if can_read_public and not needs_user_context(m, endpoint))
        is_private = any(needs_user_context(m, endpoint) for m in metrics)
        if has_user_context and (is_private or not has_bearer):
            access = Access.USER_CONTEXT
        else:
            access = Access.APP_ONLY if can_read_public or has_user_context else Access.NONE
        own_windows: tuple[Window | None, ...] = NO_WINDOWS
        if windows and metrics:
            own_windows = tuple(window for window in windows if first_id < window.first_id_after)
        classes.append(AgeClass(first_id, metrics, access, own_windows))
    return tuple(classes)


class Planner:
    """Makes batches of the IDs that it is given, in chunks of any size.

    blank: the request without tweets, metrics and credential. owners: the names whose places `plan` is given.
    is_distinct: no ID comes twice.
    n_repeated: IDs left out because they came twice in a batch, as they may where nobody removes duplicates.
    n_planned: batches so far. passed_chain: of the last batch that was passed over, once it is planned.
    """

    def __init__(
        self,
        blank: Request,
        now_ms: int,
        reach: Reach,
        windows: Sequence[Window] = (),
        owners: Sequence[str] = ("",),
        *,
        is_distinct: bool = False,
    ) -> None:
        self.n_repeated = self.n_planned = 0
        self.passed_chain: bytes | None = None
        self._is_distinct = is_distinct
        self._size = blank.endpoint.ids_per_request
        self._owners = owners
        self._classes = {
            is_own: age_classes(
                blank.endpoint.name,
                blank.columns,
                now_ms,
                has_user_context=is_own,
                has_bearer=reach.has_bearer,
                windows=windows,
            )
            for is_own in (True, False)
        }
        self._blank = blank
        self._reach = reach
        self._first_ids = np.array([part.first_id for part in self._classes[True][1:]], dtype=np.int64)
        self._pending: dict[int, Ids] = {}
        self._kinds: dict[int, _Kind] = {}
        self._n_passed = 0
        self._chain = EMPTY_CHAIN

    def pass_over(self, n_batches: int) -> None:
        """Give none of the first batches, which are committed. So a replay makes hardly an object for them."""
        self._n_passed = n_batches

    def plan(self, ids: Ids, owners: Owners | None = None) -> Iterator[Batch]:
        """The batches that these IDs, which follow on those given before, fill up.

        owners: whose each is; None where all are of the first.
        """
        size = self._size
        part_of = np.searchsorted(self._first_ids, ids, side="right")
        if owners is not None:
            part_of += owners * (len(self._first_ids) + 1)
        full: list[_Full] = []
        for part in np.flatnonzero(np.bincount(part_of)).tolist() if len(ids) else ():
            positions = np.flatnonzero(part_of == part)
            pending = self._pending.get(part, _NO_IDS)
            waiting = np.concatenate((pending, ids[positions]))
            n_full = len(waiting) // size
            filled_at = positions[size - len(pending) - 1 :: size]
            members = waiting[: n_full * size].reshape(n_full, size)
            full += zip(filled_at.tolist(), repeat(part), members, self._repeats(members), strict=False)
            self._pending[part] = waiting[n_full * size :].copy()
        full.sort(key=itemgetter(0))
        yield from self._batches(full)

    def finish(self) -> Iterator[Batch]:
        """The batches of what is left at the end of the input, by owner, oldest tweets first.

        Parts that differ only in their windows go together, so that the last few tweets of each do not cost
        a request a window each: from the oldest on, a batch is as cheap as its oldest tweet allows.
        """
        left = sorted((part, ids) for part, ids in self._pending.items() if len(ids))
        self._pending.clear()
        full: list[_Full] = []
        for _, alike in groupby(left, key=lambda item: self._asked_alike(item[0])):
            parts = list(alike)
            ids = np.concatenate([members for _, members in parts])
            part_of = np.concatenate([np.full(len(members), part) for part, members in parts])
            for start in range(0, len(ids), self._size):
                members = ids[start : start + self._size]
                (n_repeated,) = self._repeats(members[np.newaxis])
                full.append((0, int(part_of[start]), members, n_repeated))
        yield from self._batches(full)

    def is_askable(self, owner: int) -> bool:
        """Whether there is a credential for the tweets of an owner, by its place."""
        return any(part.access is not Access.NONE for part in self._classes_of(self._owners[owner]))

    def _classes_of(self, name: str) -> tuple[AgeClass, ...]:
        return self._classes[name in self._reach.accounts]

    def _asked_alike(self, part: int) -> tuple[str, tuple[str, ...], Access]:
        owner, age_class = self._part(part)
        return owner, age_class.metrics, age_class.access

    def _part(self, part: int) -> tuple[str, AgeClass]:
        owner, index = divmod(part, len(self._first_ids) + 1)
        name = self._owners[owner]
        return name, self._classes_of(name)[index]

    def _kind(self, part: int) -> "_Kind":
        """What the batches of a part have in common; made once."""
        if (kind := self._kinds.get(part)) is None:
            owner, age_class = self._part(part)
            blank = self._blank.asking(age_class.metrics, age_class.access, owner)
            kind = _Kind(owner.encode(errors="surrogateescape"), blank, age_class.windows)
            self._kinds[part] = kind
        return kind

    def _repeats(self, members: Ids) -> Iterable[int]:
        """How many IDs of each row came earlier in it."""
        if self._is_distinct:
            return repeat(0, len(members))
        in_order = np.sort(members, axis=1)
        repeats: list[int] = np.count_nonzero(in_order[:, 1:] == in_order[:, :-1], axis=1).tolist()
        return repeats

    def _batches(self, full: Iterable["_Full"]) -> Iterator[Batch]:
        """The batches of these members, in their order."""
        for _, part, members, n_repeated in full:
            kind = self._kind(part)
            chain = blake2b(self._chain, digest_size=16)
            chain.update(members.astype("<i8", copy=False).data)
            chain.update(kind.owner)
            self._chain = chain.digest()
            self.n_repeated += n_repeated
            number = self.n_planned
            self.n_planned += 1
            if number >= self._n_passed:
                ids = np.array(list(dict.fromkeys(members.tolist())), np.int64) if n_repeated else members
                yield Batch(number, ids, kind.blank, kind.windows, self._chain)
            elif self.n_planned == self._n_passed:
                self.passed_chain = self._chain


class _Kind(NamedTuple):
    """What is the same in all batches of a part. owner: the account, as it is hashed."""

    owner: bytes
    blank: Request
    windows: tuple[Window | None, ...]


_Full = tuple[int, int, Ids, int]
"""Where in a chunk a batch was full, its part, its IDs, and how many of them are repeats."""
