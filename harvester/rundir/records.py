"""What stands in the files: records, dead letters and rejected lines as NDJSON. Pure."""

import msgspec
import orjson
from msgspec import UNSET, UnsetType

from harvester.engagement.settling import Settled, Status
from harvester.engagement.tweet_id import Ids, created_at_texts


class Record(msgspec.Struct, gc=False):
    """One tweet of an endpoint's records, its fields in their order; UNSET ones are left out."""

    tweet_id: str
    status: str
    created_at: str | UnsetType
    metrics: msgspec.Struct | UnsetType
    unsupported: tuple[str, ...] | UnsetType
    retrieved_at: str


class _NoCounts(msgspec.Struct):
    """What `metrics` is for a tweet that is answered, but of which nothing can be counted."""


_NO_COUNTS = _NoCounts()
_encoder = msgspec.json.Encoder()


def encode_records(ids: Ids, settled: Settled, retrieved_at: str) -> bytes:
    """The records of a settled batch, a line each, in the batch's order; dead letters are not among them.

    One call encodes them all; msgspec is here twice as fast as a dict for each tweet and orjson.
    """
    common = settled.request.unasked or UNSET
    if settled.fates:
        records = _with_fates(ids, settled, retrieved_at, common)
    else:
        records = [
            Record(tweet_id, "ok", created_at or UNSET, row or _NO_COUNTS, common, retrieved_at)
            for tweet_id, created_at, row in zip(
                settled.request.tweet_ids, created_at_texts(ids), settled.rows, strict=True
            )
        ]
    return _encoder.encode_lines(records)


def _with_fates(
    ids: Ids, settled: Settled, retrieved_at: str, common: tuple[str, ...] | UnsetType
) -> list[Record]:
    records = []
    rows = zip(settled.request.tweet_ids, created_at_texts(ids), settled.rows, strict=True)
    for tweet_id, created_at, row in rows:
        fate = settled.fates.get(tweet_id)
        status, unsupported = (fate.status, fate.unsupported or UNSET) if fate else (Status.OK, common)
        if status is not Status.DEAD:
            is_ok = status is Status.OK
            counts = (row or _NO_COUNTS) if is_ok else UNSET
            uncounted = unsupported if is_ok else UNSET
            records.append(
                Record(tweet_id, status.value, created_at or UNSET, counts, uncounted, retrieved_at)
            )
    return records


def encode_dead_letters(settled: Settled) -> list[tuple[int, bytes]]:
    """(tweet ID, its dead letter as JSON): what was asked, the last error, the attempts. In the batch's order."""
    request = settled.request
    letters = []
    for tweet_id in request.tweet_ids if settled.fates else ():
        if (fate := settled.fates.get(tweet_id)) and fate.dead_letter:
            letter = {
                "tweet_id": tweet_id,
                "endpoint": request.endpoint.name,
                "metrics": request.metrics,
                "access": request.access.value,
                "reason": fate.dead_letter.reason,
                "error": fate.dead_letter.error,
                "attempts": fate.dead_letter.attempts,
            }
            letters.append((int(tweet_id), orjson.dumps(letter)))
    return letters


def encode_rejected(file: str, line: int, text: str, reason: str) -> bytes:
    """One line of `rejected.ndjson`. A file's name may hold bytes that are no text; they are escaped."""
    name = file.encode(errors="backslashreplace").decode()
    return orjson.dumps(
        {"file": name, "line": line, "text": text, "reason": reason}, option=orjson.OPT_APPEND_NEWLINE
    )
