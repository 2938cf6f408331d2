"""The gains of single tweets as NDJSON. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from harvester.engagement.tweet_id import decimals
from harvester.engagement.windows import utc_text
from harvester.growth.gains import Gains

_encoder = msgspec.json.Encoder()


class _Gain(msgspec.Struct, gc=False):
    """One tweet's line, its fields in their order; UNSET ones are left out."""

    tweet_id: str
    old_retrieved_at: str
    new_retrieved_at: str
    hours: float
    gained: msgspec.Struct
    per_hour: msgspec.Struct | UnsetType
    not_counted: tuple[str, ...] | UnsetType


class GainLines:
    """Writes gains as lines.

    `{"tweet_id":"20","old_retrieved_at":…,"new_retrieved_at":…,"hours":24.0,"gained":{"favorites":12},
    "per_hour":{"favorites":0.5},"not_counted":["impressions"]}`: a metric that one of the runs has not counted is
    in not_counted alone, and without a second between the records there is no per_hour.
    """

    def __init__(self, metrics: Sequence[str]) -> None:
        self._metrics = tuple(metrics)
        self._gained = _row_type(self._metrics, int)
        self._per_hour = _row_type(self._metrics, float)

    def encode(self, gains: Gains) -> bytes:
        """A line for each tweet, in their order."""
        is_counted = gains.is_counted
        columns = zip(
            decimals(gains.tweet_ids),
            map(utc_text, gains.old_at.tolist()),
            map(utc_text, gains.new_at.tolist()),
            np.round(gains.hours, 4).tolist(),
            _structs(self._gained, gains.gained, is_counted),
            _structs(self._per_hour, np.round(gains.per_hour, 6), is_counted),
            map(self._not_counted, is_counted.tolist()),
            strict=True,
        )
        return _encoder.encode_lines([_Gain(*_timed(line)) for line in columns])

    def _not_counted(self, is_counted: Sequence[bool]) -> tuple[str, ...] | UnsetType:
        metrics = zip(self._metrics, is_counted, strict=True)
        return tuple(metric for metric, counted in metrics if not counted) or UNSET


def _timed(line: tuple[Any, ...]) -> tuple[Any, ...]:
    """A line's parts, but nothing per hour where no time has passed."""
    return line if line[3] else (*line[:5], UNSET, line[6])


def _row_type(metrics: Sequence[str], kind: type[int | float]) -> type[msgspec.Struct]:
    fields = [(metric, kind | UnsetType, UNSET) for metric in metrics]
    return msgspec.defstruct("Row", fields, gc=False)


def _structs(
    kind: type[msgspec.Struct], values: NDArray[Any], is_counted: NDArray[np.bool_]
) -> list[msgspec.Struct]:
    if is_counted.all():
        return [kind(*row) for row in values.tolist()]
    filled = values.astype(object)
    filled[~is_counted] = UNSET
    return [kind(*row) for row in filled.tolist()]
