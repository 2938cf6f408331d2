"""The events of `--log-format json`: one line of JSON each on standard error, by stable names.

The README's table is made from this one. Fields are added, never changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

OF_ALL: Final = {"event": "the name", "time": "UTC, `2026-11-24T10:15:00.250Z`"}


@dataclass(frozen=True, slots=True)
class Event:
    """An event. when: it is written. fields: by name, what each means, but for those that all have."""

    when: str
    fields: Mapping[str, str]


ENDPOINT: Final = {"endpoint": "`totals`, `28hr` or `historical`"}
FIGURES: Final = {
    "settled": "tweets that are accounted for, over all processes of the run",
    "total": "tweets to settle, null while the input is still being read",
    "dead_letters": "tweets given up",
    "requests": "sent by this process",
    "rate_limited": "answers with 429 among them",
    "errors": "requests that came to nothing",
}
WAITING_FOR: Final = "`rate limit`, `service`, `disk` or `input`"

EVENTS: Final[Mapping[str, Event]] = {
    "start": Event("a run begins", {"run_dir": "its directory"}),
    "resume": Event(
        "a run goes on",
        {
            "run_dir": "its directory",
            "batch": "the first one that is not committed, from 0, over all endpoints",
            "cut_bytes": "of records that were not committed",
        },
    ),
    "complete": Event("nothing is left to do", {"run_dir": "its directory"}),
    "progress": Event(
        "every 10 seconds, for each endpoint",
        {
            **ENDPOINT,
            **FIGURES,
            "fraction_read": "of the input, from 0 to 1, null where nobody knows",
            "ids_per_s": "over the last three minutes",
            "requests_per_minute": "over the last minute",
            "limit_per_minute": "the allowance, null while it is not known",
            "at_once": "requests that may be in flight",
            "left_s": "seconds to the end at this pace, null where nobody knows",
            "waiting_for": f"{WAITING_FOR}; `pace`: the next request goes in seconds; null: nothing",
            "wait_s": "seconds that takes, null where nobody knows",
        },
    ),
    "wait": Event(
        "nothing can be sent from now on",
        {
            **ENDPOINT,
            "waiting_for": WAITING_FOR,
            "wait_s": "seconds, null where nobody knows",
            "until": "UTC, null where nobody knows",
        },
    ),
    "go_on": Event(
        "it goes on",
        {**ENDPOINT, "waited_for": "as `waiting_for`", "waited_s": "seconds since the wait was told"},
    ),
    "degraded": Event(
        "many requests fail",
        {
            **ENDPOINT,
            "requests": "sent in the last half minute",
            "errors": "of those that came to nothing in that time",
            "at_once": "requests that may be in flight",
        },
    ),
    "recovered": Event("they do no more", ENDPOINT),
    "endpoint_end": Event("an endpoint does nothing any more", {**ENDPOINT, **FIGURES}),
    "draining": Event("the run was told to stop", {"grace_s": "seconds that requests in flight still have"}),
    "log": Event(
        "something is worth a word", {"level": "`warning` and worse; with `-v` `info`", "message": "in words"}
    ),
    "end": Event(
        "the run has ended",
        {
            "run_dir": "its directory",
            "exit": "the exit code",
            "counts": "tweets by what became of them, over all endpoints, and `rejected` lines",
            "elapsed_s": "of this process",
            "requests": "sent by this process",
        },
    ),
    "error": Event(
        "the run could not begin or has ended early", {"error": "its `code`, `message` and `hint`"}
    ),
}


def event_line(name: str, now_s: float, fields: Mapping[str, object]) -> str:
    """The line of an event. now_s: seconds since 1970."""
    return orjson.dumps({"event": name, "time": time_text(now_s), **fields}).decode()


def time_text(at_s: float) -> str:
    """`2026-11-24T10:15:00.250Z`. at_s: seconds since 1970."""
    text = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def table_of_events() -> str:
    """The README's table."""
    rows = ["| event | when | fields |", "|---|---|---|"]
    for name, event in EVENTS.items():
        fields = " · ".join(f"`{field}` {meaning}" for field, meaning in event.fields.items())
        rows.append(f"| `{name}` | {event.when} | {fields} |")
    return "\n".join(rows)
