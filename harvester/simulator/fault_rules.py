"""What is to go wrong when, and how that is written: `http-503=0.01x8`, `reset=@5-7`, `5+30=502`."""

import re
from dataclasses import dataclass, replace
from itertools import count
from math import isfinite
from typing import Final, Literal, get_args

from harvester.simulator.catalogue import FAULTS, KINDS, Fault

OutageStyle = Literal["500", "502", "503", "reset", "refuse"]

_BY_NAME: Final[dict[str, Fault]] = {fault: fault for fault in FAULTS}
_STYLES: Final[dict[str, OutageStyle]] = {style: style for style in get_args(OutageStyle)}
_SHAPE: Final = re.compile(
    r"(?P<probability>[0-9.e-]+)(x(?P<burst>[0-9]+))?|@(?P<first>[0-9]+)(-(?P<last>[0-9]+)|x(?P<length>[0-9]+))?"
)


@dataclass(frozen=True, slots=True)
class Chance:
    """Strikes a request with a probability, and then the next length - 1 to the same endpoint as well."""

    fault: Fault
    probability: float
    length: int = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """Strikes from the first to the last request to any endpoint, both counted from 1 and both struck."""

    fault: Fault
    first: int
    last: int


Rule = Chance | Moment


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch of trouble, in seconds since the first request.

    style: the status of all answers, or reset: no answer but a reset; refuse: no connection either.
    """

    start_s: float
    length_s: float
    style: OutageStyle = "503"


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules of one `NAME=WHEN`: one, or with the name `all` one for each fault that passes.

    Raises ValueError that says what is wrong with it.
    """
    name, _, when = text.partition("=")
    if name == "all":
        return _all_passing(_probability(when, name))
    fault = _BY_NAME.get(name)
    if fault is None:
        raise ValueError(f"{name[:40]!r} is no fault; there are: all, {', '.join(FAULTS)}")
    found = _SHAPE.fullmatch(when)
    if not found:
        raise ValueError(_misfit(when, name))
    if found["probability"]:
        length = int(found["burst"] or 1)
        if not length:
            raise ValueError(f"{text[:40]!r}: a burst has at least one request")
        return (Chance(fault, _probability(found["probability"], name), length),)
    first = int(found["first"])
    last = int(found["last"] or first + int(found["length"] or 1) - 1)
    if not 1 <= first <= last:
        raise ValueError(f"{text[:40]!r}: requests are counted from 1, and a stretch has at least one")
    return (Moment(fault, first, last),)


def parse_outage(text: str) -> Outage:
    """The outage of `START+LENGTH[=STYLE]`. Raises ValueError that says what is wrong with it."""
    stretch, equals, style = text.partition("=")
    start, _, length = stretch.partition("+")
    try:
        outage = Outage(float(start), float(length))
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not START+LENGTH in seconds, such as 5+30 or 5+30=502") from None
    if not (isfinite(outage.start_s) and outage.start_s >= 0 and outage.length_s > 0):
        raise ValueError(f"{text[:40]!r} does not start at 0 or later, or has no length")
    if not equals:
        return outage
    if style not in _STYLES:
        raise ValueError(f"{style[:40]!r} is no kind of outage; there are: {', '.join(_STYLES)}")
    return replace(outage, style=_STYLES[style])


def _all_passing(probability: float) -> tuple[Chance, ...]:
    """The same chance for each of them: what is tried later makes up for what came before it."""
    faults = [fault for fault in FAULTS if KINDS[fault].is_passing]
    share = probability / len(faults)
    return tuple(
        Chance(fault, min(1.0, share / (1 - n_before * share)))
        for n_before, fault in zip(count(), faults, strict=False)
    )


def _probability(text: str, name: str) -> float:
    try:
        probability = float(text)
    except ValueError:
        raise ValueError(_misfit(text, name)) from None
    if not 0 <= probability <= 1:
        raise ValueError(_misfit(text, name))
    return probability


def _misfit(when: str, name: str) -> str:
    shapes = f"{name}=0.05"
    if name != "all":
        shapes += f", {name}=0.01x8, {name}=@5, {name}=@5-9 or {name}=@5x10"
    return f"{when[:40]!r} is no probability from 0 to 1 and no moment, such as {shapes}"
