"""The records of a run, read back: typed, block by block, up to what the journal counts."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple
from numpy.typing import NDArray

from harvester.engagement.body import counts_type
from harvester.engagement.metrics import EndpointName
from harvester.engagement.nested import MAX_COUNT
from harvester.engagement.request import Request
from harvester.engagement.tweet_id import Ids
from harvester.errors import RunDirectoryError
from harvester.recorded.lines import Prefix
from harvester.recorded.run import RecordedRun
from harvester.rundir.names import records_name
from harvester.rundir.records import DetailedRecord, Record

NOT_COUNTED: Final = -1
"""Where a column of counts has none: counts are never negative."""
_Point = Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNT)]


class RecordBlock:
    """Some records of an endpoint, in the order of their file.

    records: each with the fields of `Record` or `DetailedRecord`; what is not there is UNSET. columns: the metrics
    that were asked for.
    """

    def __init__(self, records: Sequence[Any], columns: Sequence[str]) -> None:
        self.records = records
        self.columns = tuple(columns)

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def ids(self) -> Ids:
        """Their tweet IDs, as numbers."""
        return np.array([int(record.tweet_id) for record in self.records], dtype=np.int64)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Their counts, a row for each record and a column for each metric; NOT_COUNTED where there is none."""
        n = len(self.columns)
        nothing = (UNSET,) * n
        rows = (nothing if record.metrics is UNSET else astuple(record.metrics) for record in self.records)
        # An array of objects finds what is not there three times as fast as a loop does.
        cells = np.fromiter(chain.from_iterable(rows), dtype=object, count=n * len(self.records))
        cells[cells == UNSET] = NOT_COUNTED
        return cells.astype(np.int64).reshape(len(self.records), n)


def read_records(run: RecordedRun, endpoint: EndpointName) -> Iterator[RecordBlock]:
    """All records of an endpoint that the journal counts, in about a megabyte's blocks.

    Memory is that of one block. Raises RunDirectoryError when the file is not what the journal vouches for: where
    it is shorter or no record, at that place; where a byte has flipped, at the end.
    """
    mark, (blank, _) = run.marks[endpoint], run.recalled.blanks[endpoint]
    if not mark.records_bytes:
        return
    path = run.folder / records_name(endpoint)
    decoder = msgspec.json.Decoder(record_type(blank))
    try:
        prefix = Prefix(path, mark.records_bytes)
        for block in prefix.blocks():
            yield RecordBlock(decoder.decode_lines(block.text), blank.columns)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise RunDirectoryError(f"{path} is damaged: {str(exc)[:200]}") from exc
    except RunDirectoryError as exc:
        raise RunDirectoryError(f"{path} {exc.message}") from exc
    if prefix.n_bytes < prefix.length_bytes or prefix.torn or prefix.digest != mark.records_digest:
        raise RunDirectoryError(
            f"{path} is damaged: it is not what the journal vouches for", "harvester verify tells more."
        )


def record_type(blank: Request) -> type[msgspec.Struct]:
    """The type of the endpoint's records as the encoder has it, with what is left open there filled in."""
    own: dict[str, Any] = {
        "metrics": counts_type(blank.columns) | UnsetType,
        "series": dict[str, dict[str, _Point]] | UnsetType,
    }
    written = msgspec.structs.fields(DetailedRecord if blank.has_details else Record)
    fields = [
        (part.name, own.get(part.name, part.type), *([UNSET] if UnsetType in _options(part.type) else []))
        for part in written
    ]
    return msgspec.defstruct("Written", fields, kw_only=True, gc=False)


def _options(kind: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = getattr(kind, "__args__", ())
    return found
