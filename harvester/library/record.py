"""A record as Python has it, and how a line of a file becomes one. Pure."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from harvester.engagement.metrics import EndpointName

Counts = dict[str, int]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an endpoint has said of one tweet. Its fields are those of the line in the file; times are UTC's.

    endpoint: `totals`, `28hr` or `historical`. tweet_id: digits. status: `ok`; `unavailable` (deleted,
    protected, …); `forbidden` (not owned by the token's user); `no_data` (answered, but neither listed nor
    counted). created_at: `2018-11-09T19:20:26Z`, None for IDs from before November 2010. metrics: counts by
    engagement type, empty unless the status is `ok`; a metric that is not there was not counted, and is no zero.
    unsupported: metrics that the API cannot count for this tweet. start, end: of the time counted, of 28hr and
    historical. series: where it was asked for, by metric and by time (`2026-11-22T17` or `2026-11-22`), zeros
    left out. groupings: the user's own that begin with `tweet.id`, by their names. retrieved_at: when it was
    answered.
    """

    endpoint: EndpointName = "totals"
    tweet_id: str
    status: Literal["ok", "unavailable", "forbidden", "no_data"]
    created_at: str | None = None
    start: str | None = None
    end: str | None = None
    metrics: Counts = msgspec.field(default_factory=dict)
    series: dict[str, Counts] | None = None
    groupings: dict[str, Any] | None = None
    unsupported: tuple[str, ...] = ()
    retrieved_at: str

    def to_dict(self) -> dict[str, Any]:
        """The line of the file as values of JSON, and before them the endpoint."""
        written: dict[str, Any] = msgspec.to_builtins(self)
        return {
            "endpoint": self.endpoint,
            **written,
            **({"unsupported": list(self.unsupported)} if self.unsupported else {}),
            # An answer of which nothing can be counted is one; it is told from none by its counts, which are none.
            **({"metrics": self.metrics} if self.status == "ok" else {}),
        }


_decoder: Final = msgspec.json.Decoder(Record)


def decode_records(endpoint: str, lines: bytes) -> Sequence[Record]:
    """The records of some whole lines of an endpoint's file. Raises msgspec.MsgspecError for what is none."""
    records = _decoder.decode_lines(lines)
    for record in records:
        # Nobody has seen it yet, and a line does not say whose file it is in.
        msgspec.structs.force_setattr(record, "endpoint", endpoint)
    return records
