"""The input, read once more: what it holds, whether it is still the same, and the lines of it that are no ID."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
import orjson

from harvester.config.options import Options
from harvester.engagement.tweet_id import Ids, first_id_at
from harvester.errors import RunDirectoryError, ServiceError, UsageError
from harvester.pipeline.reading import NOTHING_COMMITTED, InputCounts, changed_input, input_form, open_reading
from harvester.recorded.lines import Prefix, size_text
from harvester.recorded.run import RecordedRun
from harvester.rundir.inputs import InputFile, change_between, look_at, look_at_sizes
from harvester.rundir.kept import NOTHING_KEPT, kept_name, kept_source
from harvester.rundir.names import REJECTED
from harvester.rundir.records import encode_rejected
from harvester.sources import Source, find_sources
from harvester.verify.files import judge_prefix
from harvester.verify.findings import Findings, Problem
from harvester.verify.partitions import IdPartitions

LEAVE_OUT: Final = "--no-input leaves out what needs it"


class _Rejected(msgspec.Struct, forbid_unknown_fields=True):
    """A line of `rejected.ndjson`."""

    file: str
    line: int
    text: str
    reason: str


@dataclass(slots=True)
class InputSeen:
    """What the input holds.

    ids: those to harvest. is_raw: duplicates and those below first_id are still among them. counts: complete when
    all parts were taken. is_exact: whether the run has to have counted the same.
    """

    ids: IdPartitions
    counts: InputCounts
    is_raw: bool = False
    first_id: int | None = None
    is_exact: bool = True

    def take_part(self, number: int) -> Ids:
        """The IDs of a part that are wanted; to be called once."""
        ids = self.ids.part(number)
        if not self.is_raw:
            return ids
        distinct = np.unique(ids)
        wanted = distinct if self.first_id is None else distinct[distinct >= self.first_id]
        self.counts.duplicates += len(ids) - len(distinct)
        self.counts.distinct -= len(ids) - len(distinct)
        self.counts.too_old += len(distinct) - len(wanted)
        return wanted


def read_rejected(told: RecordedRun, findings: Findings) -> None:
    """Judge `rejected.ndjson`."""
    mark, path = told.input_mark, told.folder / REJECTED
    with findings.check(REJECTED) as check:
        check.says.append(f"{mark.rejected_lines:,} lines")
        if not mark.rejected_bytes and not path.exists():
            return
        prefix = Prefix(path, mark.rejected_bytes)
        n_lines = 0
        for block in prefix.blocks():
            lines = block.text.split(b"\n")[:-1]
            n_lines += len(lines)
            bad = [index for index, line in enumerate(lines) if not _is_rejected(line + b"\n")]
            problems = (Problem(REJECTED, "no rejected line", *block.place(index)) for index in bad)
            findings.add_many(REJECTED, "line", len(bad), problems)
        if prefix.torn:
            findings.add(REJECTED, "the last line is cut", offset=prefix.n_bytes - len(prefix.torn))
        if n_lines != mark.rejected_lines:
            findings.add(REJECTED, f"{n_lines:,} lines, and the journal counts {mark.rejected_lines:,}")
        judge_prefix(prefix, mark.rejected_hash, findings, is_complete=told.is_complete)


def _is_rejected(line: bytes) -> bool:
    try:
        said = msgspec.json.decode(line, type=_Rejected)
        return encode_rejected(said.file, said.line, said.text, said.reason) == line
    except (msgspec.MsgspecError, UnicodeDecodeError, orjson.JSONEncodeError):
        return False


def read_streams(told: RecordedRun, findings: Findings) -> None:
    """Judge what is kept of the streams of the input."""
    for place, mark in told.streams.items():
        name = kept_name(place)
        with findings.check(name) as check:
            prefix = Prefix(told.folder / name, mark.n_bytes)
            prefix.read()
            judge_prefix(prefix, mark.digest, findings, is_complete=told.is_complete)
            check.says.append(f"{size_text(mark.n_bytes)}{'' if mark.is_whole else ', not to its end'}")


def read_input(told: RecordedRun, findings: Findings, stack: ExitStack) -> InputSeen | None:
    """Read the input as the run did; None where it is another one, which is told.

    It is read without the set of IDs that the run needs to leave out duplicates: they are found part by part.
    Only which are the first --limit IDs cannot be told without it; for that memory grows with them.
    """
    options = told.options
    secret = [file.name for file in told.manifest.inputs if file.is_shortened and file.size_bytes is not None]
    if secret:
        findings.notes.append(f"input: not read again, {secret[0]} lacks what its URL had and is not stored")
        return None
    seen = InputSeen(stack.enter_context(IdPartitions()), InputCounts())
    if options.dedupe and options.limit is None:
        seen.is_raw = True
        if options.newer_than_ms is not None:
            seen.first_id = first_id_at(told.manifest.started_ms - options.newer_than_ms)
        options = replace(options, dedupe=False, newer_than_ms=None)
    # Where a stream is cut by --limit depends on how its bytes came.
    seen.is_exact = options.limit is None or not told.streams
    with findings.check("input") as check:
        try:
            sources = _unchanged(told, findings)
            seen.counts = _read_all(told, options, sources, seen)
        except (RunDirectoryError, ServiceError, UsageError) as exc:
            raise RunDirectoryError(f"{exc.message}; {LEAVE_OUT}") from exc
        check.says.append(f"{len(sources):,} files, {size_text(seen.counts.bytes)}, read again")
        return seen
    return None


def _read_all(told: RecordedRun, options: Options, sources: Sequence[Source], seen: InputSeen) -> InputCounts:
    """Take all IDs. Raises RunDirectoryError where the lines that are none are not those of the run."""
    mark = told.input_mark if seen.is_exact else NOTHING_COMMITTED
    reading = open_reading(options, sources, ("",), told.manifest.started_ms, mark)
    n_rejected = 0
    for portion in reading.portions():
        seen.ids.add(portion.ids)
        n_rejected = portion.mark.rejected_lines
    if told.is_finished and seen.is_exact and n_rejected != mark.rejected_lines:
        raise changed_input(
            f"{n_rejected:,} lines of it are no IDs, and {mark.rejected_lines:,} are committed"
        )
    return reading.counts


def _unchanged(told: RecordedRun, findings: Findings) -> tuple[Source, ...]:
    """The input as the run read it.

    Raises UsageError where it is not there, RunDirectoryError where it is another.
    """
    inputs = told.manifest.inputs
    now = [_source_now(file) for file in inputs]
    if change := change_between(
        inputs,
        look_at_sizes(now)
        if told.manifest.is_sample
        else look_at(now, inputs, input_form(told.options, told.manifest.started_ms)),
    ):
        if change.grown is None:
            raise RunDirectoryError(f"the input has changed, {change.how}")
        findings.notes.append(f"input: {change.how}; what was added is not looked at")
    return tuple(
        replace(source, size_bytes=file.size_bytes, ends_bytes=file.ends_bytes)
        if file.size_bytes is not None
        else kept_source(
            file.name, told.folder / kept_name(place), told.streams.get(place, NOTHING_KEPT).n_bytes
        )
        for place, (file, source) in enumerate(zip(inputs, now, strict=True))
    )


def _source_now(file: InputFile) -> Source:
    """An input of the run as it is now. Raises UsageError where it is not there."""
    if file.size_bytes is None:
        return Source(file.name, None, is_shortened=file.is_shortened)
    return find_sources((file.name,))[0]
