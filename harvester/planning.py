"""From IDs to numbered batches. Pure: the same IDs and options give the same batches, however the IDs are
cut into chunks. That is what lets a resumed run skip what is committed by counting.

Tweets are parted by age, because a tweet too old for a metric is not asked for it: each part fills batches
of its own, and a batch gets its number when it is full. Batches carry a rolling hash of all IDs planned so
far, by which a resumed run notices that its input is another one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np

from harvester.engagement.endpoints import Endpoint
from harvester.engagement.metrics import CATALOGUE, needs_user_context
from harvester.engagement.request import Access, Request
from harvester.engagement.tweet_id import DAY_MS, Ids, first_id_at

EMPTY_CHAIN: Final = bytes(16)
_NO_IDS: Final[Ids] = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Batch:
    """IDs that are asked for together.

    number: from 0, without gaps. blank: the request without its tweets; where it has no metrics there is
    nothing to ask, because the tweets are too old for all of them. chain: the hash of all IDs up to and with
    this batch, 16 bytes.
    """

    number: int
    ids: Ids
    blank: Request
    chain: bytes

    def request(self) -> Request:
        """What to ask. Made when it is wanted: a replay plans many batches that nobody asks for."""
        return self.blank.of(map(str, self.ids.tolist()))


@dataclass(frozen=True, slots=True)
class AgeClass:
    """Tweets from first_id on (up to the next younger class) and what they can be asked for."""

    first_id: int
    metrics: tuple[str, ...]
    access: Access


def age_classes(
    endpoint: Endpoint, columns: tuple[str, ...], now_ms: int, *, has_user_context: bool, has_bearer: bool
) -> tuple[AgeClass, ...]:
    """The parts of all tweets that are asked alike, oldest first.

    A part whose metrics are all public is asked with the bearer token where there is one: it reads
    everybody's tweets, while user context is refused those of others. Source: contract, section 1 and 2.
    """
    limits = {m: CATALOGUE[m].age_limit_days(endpoint.name) for m in columns}
    first_ids = {days: first_id_at(now_ms - days * DAY_MS) for days in limits.values() if days is not None}
    classes = []
    for first_id in sorted({0, *first_ids.values()}):
        metrics = tuple(m for m in columns if (days := limits[m]) is None or first_ids[days] <= first_id)
        is_private = any(needs_user_context(m, endpoint.name) for m in metrics)
        user_context = has_user_context and (is_private or not has_bearer)
        access = Access.USER_CONTEXT if user_context else Access.APP_ONLY
        classes.append(AgeClass(first_id, metrics, access))
    return tuple(classes)


class Planner:
    """Makes batches of the IDs that it is given, in chunks of any size.

    n_repeated: IDs left out because they came twice in a batch, as they may where nobody removes duplicates.
    """

    def __init__(self, endpoint: Endpoint, columns: tuple[str, ...], classes: tuple[AgeClass, ...]) -> None:
        self._size = endpoint.ids_per_request
        self._blanks = [Request(endpoint, (), part.metrics, columns, part.access) for part in classes]
        self._first_ids = np.array([part.first_id for part in classes[1:]], dtype=np.int64)
        self._pending: list[Ids] = [_NO_IDS for _ in classes]
        self.n_repeated = 0
        self._number = 0
        self._chain = EMPTY_CHAIN

    def plan(self, ids: Ids) -> Iterator[Batch]:
        """The batches that these IDs, which follow on those given before, fill up."""
        size = self._size
        class_of = np.searchsorted(self._first_ids, ids, side="right")
        full: list[tuple[int, int, Ids]] = []
        for index, pending in enumerate(self._pending):
            positions = np.flatnonzero(class_of == index)
            waiting = np.concatenate((pending, ids[positions]))
            n_full = len(waiting) // size
            for end in range(size, n_full * size + 1, size):
                filled_at = int(positions[end - len(pending) - 1])
                full.append((filled_at, index, waiting[end - size : end]))
            self._pending[index] = waiting[n_full * size :]
        for _, index, members in sorted(full, key=lambda batch: batch[0]):
            yield self._batch(self._blanks[index], members)

    def finish(self) -> Iterator[Batch]:
        """The batches of what is left at the end of the input, oldest tweets first."""
        for index, pending in enumerate(self._pending):
            if len(pending):
                yield self._batch(self._blanks[index], pending)
            self._pending[index] = _NO_IDS

    def _batch(self, blank: Request, ids: Ids) -> Batch:
        self._chain = blake2b(self._chain + ids.astype("<i8").tobytes(), digest_size=16).digest()
        self._number += 1
        if len(distinct := dict.fromkeys(ids.tolist())) < len(ids):
            self.n_repeated += len(ids) - len(distinct)
            ids = np.array(list(distinct), dtype=np.int64)
        return Batch(self._number - 1, ids, blank, self._chain)
