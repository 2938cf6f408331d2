"""Whether each ID of the input is exactly once among the records and dead letters of an endpoint, part by part."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harvester.engagement.tweet_id import Ids
from harvester.recorded.run import RecordedRun
from harvester.rundir.names import records_name
from harvester.verify.endpoint import Seen
from harvester.verify.findings import Findings, Problem
from harvester.verify.input import InputSeen
from harvester.verify.partitions import N_PARTS


@dataclass(frozen=True, slots=True)
class PartMatch:
    """What is wrong in one part: IDs that are there too often, that nobody asked for, that are not there."""

    twice: Ids
    foreign: Ids
    lost: Ids


def match_part(wanted: Ids | None, settled: Ids, *, is_distinct: bool) -> PartMatch:
    """Compare the IDs that are wanted, None if that is not known, with those of records and dead letters.

    is_distinct: each is to be there once. Otherwise one that is wanted n times is there at most so often, and at
    least once: those that came together in a batch were asked for once.
    """
    none = settled[:0]
    values, n_times = np.unique(settled, return_counts=True)
    if wanted is None:
        return PartMatch(values[n_times > 1] if is_distinct else none, none, none)
    asked, n_asked = np.unique(wanted, return_counts=True)
    if not len(asked):
        return PartMatch(none, values, none)
    place = np.minimum(np.searchsorted(asked, values), len(asked) - 1)
    is_asked = asked[place] == values
    n_allowed = np.ones_like(n_times) if is_distinct else n_asked[place]
    is_lost = np.ones(len(asked), np.bool_)
    is_lost[place[is_asked]] = False
    return PartMatch(values[is_asked & (n_times > n_allowed)], values[~is_asked], asked[is_lost])


def match(
    told: RecordedRun, endpoints: Sequence[Seen], read: InputSeen | None, findings: Findings
) -> Counter[str]:
    """Match all endpoints with the input, None if that is not to be read; completes the counts of the input.

    Gives, by endpoint, how many distinct IDs of the input have neither a record nor a dead letter.
    """
    n_left: Counter[str] = Counter()
    for number in range(N_PARTS):
        wanted = None if read is None else read.take_part(number)
        for seen in endpoints:
            settled = np.concatenate((seen.recorded.part(number), seen.dead.part(number)))
            part = match_part(wanted, settled, is_distinct=told.options.dedupe)
            n_left[seen.name] += len(part.lost)
            _tell(seen, part, findings, number, is_finished=told.is_finished)
    return n_left


def _tell(seen: Seen, part: PartMatch, findings: Findings, number: int, *, is_finished: bool) -> None:
    dead = set(seen.dead.part(number).tolist()) if len(part.twice) else set()

    def tell(kind: str, ids: Ids, how: Callable[[int], str]) -> None:
        problems = (Problem(file, f"tweet {tweet_id} {how(tweet_id)}") for tweet_id in ids.tolist())
        findings.add_many(file, kind, len(ids), problems)

    file = records_name(seen.name)
    tell(
        "twice",
        part.twice,
        lambda i: "has a record and a dead letter" if i in dead else "has too many records",
    )
    tell("foreign", part.foreign, lambda _: "is not in the input")
    if is_finished:
        tell("lost", part.lost, lambda _: "of the input has neither a record nor a dead letter")
