"""From IDs to numbered batches. Pure: the same IDs and options give the same batches, however the IDs are
cut into chunks. That is what lets a resumed run skip what is committed by counting.

Tweets are parted by owner and by age: a tweet too old for a metric is not asked for it, and a window of time
that was over when a tweet was made is not asked about it. Each part fills batches of its own, and a batch gets
its number when it is full. Batches carry a rolling hash of all IDs planned so far, by which a resumed run
notices that its input is another one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from typing import Final

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

    def requests(self) -> tuple[Request, ...]:
        """What to ask, one request a window, each for the tweets that were made before it was over."""
        return tuple(self._in_window(window) if window else self.request() for window in self.windows)

    def _in_window(self, window: Window) -> Request:
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
        self.n_repeated = 0
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
        self._number = 0
        self._chain = EMPTY_CHAIN

    def plan(self, ids: Ids, owners: Owners | None = None) -> Iterator[Batch]:
        """The batches that these IDs, which follow on those given before, fill up.

        owners: whose each is; None where all are of the first.
        """
        size = self._size
        part_of = np.searchsorted(self._first_ids, ids, side="right")
        if owners is not None:
            part_of += owners * (len(self._first_ids) + 1)
        full: list[tuple[int, int, Ids]] = []
        for part in np.flatnonzero(np.bincount(part_of)).tolist() if len(ids) else ():
            positions = np.flatnonzero(part_of == part)
            pending = self._pending.get(part, _NO_IDS)
            waiting = np.concatenate((pending, ids[positions]))
            n_full = len(waiting) // size
            for end in range(size, n_full * size + 1, size):
                filled_at = int(positions[end - len(pending) - 1])
                full.append((filled_at, part, waiting[end - size : end]))
            self._pending[part] = waiting[n_full * size :]
        for _, part, members in sorted(full, key=lambda batch: batch[0]):
            yield self._batch(part, members)

    def finish(self) -> Iterator[Batch]:
        """The batches of what is left at the end of the input, by owner, oldest tweets first.

        Parts that differ only in their windows go together, so that the last few tweets of each do not cost
        a request a window each: from the oldest on, a batch is as cheap as its oldest tweet allows.
        """
        left = sorted((part, ids) for part, ids in self._pending.items() if len(ids))
        self._pending.clear()
        for _, alike in groupby(left, key=lambda item: self._asked_alike(item[0])):
            parts = list(alike)
            ids = np.concatenate([members for _, members in parts])
            part_of = np.concatenate([np.full(len(members), part) for part, members in parts])
            for start in range(0, len(ids), self._size):
                yield self._batch(int(part_of[start]), ids[start : start + self._size])

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

    def _batch(self, part: int, ids: Ids) -> Batch:
        owner, age_class = self._part(part)
        text = self._chain + ids.astype("<i8").tobytes() + owner.encode(errors="surrogateescape")
        self._chain = blake2b(text, digest_size=16).digest()
        self._number += 1
        if not self._is_distinct and len(distinct := dict.fromkeys(ids.tolist())) < len(ids):
            self.n_repeated += len(ids) - len(distinct)
            ids = np.array(list(distinct), dtype=np.int64)
        blank = self._blank.asking(age_class.metrics, age_class.access, owner)
        return Batch(self._number - 1, ids, blank, age_class.windows, self._chain)
