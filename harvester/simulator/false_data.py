"""Well-formed answers that are wrong: tweets missing, too many or twice, and counts that are none."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from harvester.simulator.draws import Draw
from harvester.simulator.reply import Reply

DataFault = Literal["missing-ids", "extra-ids", "other-batch-ids", "doubled-key", "bad-counts"]
Group = dict[str, object]

_LEFT_OUT_SHARE: Final = 0.1
_BAD_COUNTS: Final[tuple[object, ...]] = (
    "-3",
    -3,
    "2.5",
    2.5,
    "1e6",
    10**30,
    str(10**30),
    "many",
    "",
    None,
    True,
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a fault strikes. earlier_ids: those of the request before. now: epoch seconds."""

    asked_ids: Sequence[str]
    earlier_ids: Sequence[str]
    draw: Draw
    now: float


def falsify(reply: Reply, fault: DataFault, occasion: Occasion) -> Reply:
    """The reply with wrong data; the very same where it has no data that the fault could change."""
    body = cast("Group", json.loads(reply.content)) if reply.status == 200 else {}
    groups = [group for value in body.values() for group in _groups_by_id(value, set(occasion.asked_ids))]
    answered = sorted({key for group in groups for key in group})
    if not answered:
        return reply
    chosen = answered[int(occasion.draw.uniform(fault) * len(answered))]
    match fault:
        case "missing-ids":
            _leave_out(groups, _left_out(answered, occasion.draw) or {chosen})
        case "extra-ids":
            _add(groups, _stranger(occasion.asked_ids))
        case "other-batch-ids":
            others = sorted(set(occasion.earlier_ids) - set(occasion.asked_ids))
            if not others:
                return reply
            _add(groups, others[0])
        case "doubled-key":
            return replace(reply, content=_doubled(body, groups, chosen))
        case "bad-counts":
            bad = _BAD_COUNTS[int(occasion.draw.uniform("bad count") * len(_BAD_COUNTS))]
            _set_a_leaf(next(group for group in groups if chosen in group), chosen, bad)
    return replace(reply, content=_as_json(body))


def _as_json(body: Group) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _groups_by_id(value: object, asked_ids: set[str]) -> list[Group]:
    """All objects in a grouping whose keys are tweet IDs."""
    if not isinstance(value, dict):
        return []
    if value.keys() & asked_ids:
        return [value]
    return [group for inner in value.values() for group in _groups_by_id(inner, asked_ids)]


def _left_out(answered: Sequence[str], draw: Draw) -> set[str]:
    """About a tenth of the IDs."""
    return {text for text in answered if draw.uniform(f"missing/{text}") < _LEFT_OUT_SHARE}


def _leave_out(groups: Sequence[Group], chosen: set[str]) -> None:
    for group in groups:
        for key in chosen & group.keys():
            del group[key]


def _add(groups: Sequence[Group], tweet_id: str) -> None:
    """One more tweet, with the counts of another."""
    for group in groups:
        group[tweet_id] = next(iter(group.values()))


def _stranger(asked_ids: Sequence[str]) -> str:
    """An ID that looks like the asked ones and is none of them."""
    known = {int(text) for text in asked_ids}
    stranger = max(known) - 1
    while stranger in known or stranger < 1:
        stranger = stranger - 1 if stranger > 1 else max(known) + 1
    return str(stranger)


def _doubled(body: Group, groups: Sequence[Group], tweet_id: str) -> bytes:
    """The body as JSON in which the tweet comes a second time, at the end, where a careless reader takes it."""
    stand_in = f"again {tweet_id}"
    for group in groups:
        if tweet_id in group:
            group[stand_in] = _with_more(group[tweet_id])
    return _as_json(body).replace(f'"{stand_in}"'.encode(), f'"{tweet_id}"'.encode())


def _with_more(counts: object) -> object:
    """The same counts, each one higher."""
    if isinstance(counts, dict):
        return {key: _with_more(inner) for key, inner in counts.items()}
    return counts + 1 if isinstance(counts, int) else str(int(str(counts)) + 1)


def _set_a_leaf(group: Group, key: str, value: object) -> None:
    """Put the value at the first count below the key."""
    while isinstance(inner := group[key], dict) and inner:
        group, key = inner, next(iter(inner))
    group[key] = value
