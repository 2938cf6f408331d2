"""One endpoint of a run directory: its records, its dead letters, and what they come to."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from harvester.engagement.metrics import EndpointName
from harvester.engagement.request import Access, Request
from harvester.engagement.settling import Settled
from harvester.recorded.lines import Prefix, size_text
from harvester.recorded.run import RecordedRun
from harvester.reduce import Reduction
from harvester.report.summary import EndpointResult
from harvester.rundir.journal_reads import JournalReads
from harvester.rundir.marks import EndpointMark
from harvester.rundir.names import JOURNAL, records_name
from harvester.rundir.records import Span
from harvester.verify.differences import differences
from harvester.verify.files import judge_prefix
from harvester.verify.findings import Findings, Problem
from harvester.verify.partitions import IdPartitions
from harvester.verify.records import Judged, RecordJudge, canonical_id


@dataclass(slots=True)
class Seen:
    """What the files of an endpoint hold.

    recorded, dead: the IDs of its records and of its dead letters. reduction: what the records come to; its
    groupings are the journal's. letters_digest: of the dead letters as they stand in their file.
    """

    name: str
    mark: EndpointMark
    span: Span | None
    reduction: Reduction
    recorded: IdPartitions
    dead: IdPartitions
    letters_digest: bytes = b""

    def result(self, n_repeated: int) -> EndpointResult:
        """What the summary says of the endpoint, but for its requests."""
        return EndpointResult(self.name, self.reduction, self.dead.n_ids, {}, self.span, n_repeated)

    def counts(self) -> dict[str, int]:
        """Records by status, and dead letters."""
        return self.result(0).counts()


class _Letter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A dead letter."""

    tweet_id: str
    endpoint: str
    metrics: tuple[str, ...]
    access: Access
    account: str | UnsetType = UNSET
    reason: str
    error: str
    attempts: int
    body: str | UnsetType = UNSET


def read_endpoint(told: RecordedRun, name: EndpointName, findings: Findings, stack: ExitStack) -> Seen:
    """Read the files of an endpoint, once. stack: what closes the temporary files."""
    mark, journal = told.marks[name], told.journal
    blank, time_range = told.recalled.blanks[name]
    seen = Seen(
        name,
        mark,
        (time_range.start, time_range.end) if time_range else None,
        Reduction(blank.columns, told.options.top, told.recalled.rate_floor),
        stack.enter_context(IdPartitions()),
        stack.enter_context(IdPartitions()),
    )
    with findings.check(records_name(name)) as check:
        _read_records(told.folder / records_name(name), seen, blank, findings, is_complete=told.is_complete)
        check.says.append(f"{seen.recorded.n_ids:,} records in {size_text(mark.records_bytes)}")
    with findings.check(name, JOURNAL) as check:
        _read_letters(journal.dead_letters(name), seen, blank, findings)
        _judge_waiting(journal, name, mark, findings)
        _judge_sums(seen, findings)
        n_sums, n_tops = len(seen.reduction.totals), len(seen.reduction.tops)
        check.says.append(f"{n_sums} sums, {n_tops} top lists, {seen.dead.n_ids:,} dead letters")
    if seen.reduction.groupings:
        names = ", ".join(seen.reduction.groupings)
        findings.notes.append(
            f"{name}: groupings over all tweets ({names}) cannot be recomputed from the records"
        )
    return seen


def _read_records(path: Path, seen: Seen, blank: Request, findings: Findings, *, is_complete: bool) -> None:
    if not seen.mark.records_bytes and not path.exists():
        return
    judge = RecordJudge(blank, seen.span)
    prefix = Prefix(path, seen.mark.records_bytes)
    n_lacking = 0
    for block in prefix.blocks():
        judged = judge.judge(block.text)
        n_lacking += judged.n_lacking
        told = (Problem(path.name, fault.what, *block.place(fault.index)) for fault in judged.faults)
        findings.add_many(path.name, "record", len(judged.faults), told)
        _take(seen, blank, judged)
    if prefix.torn:
        findings.add(path.name, "the last record is cut", offset=prefix.n_bytes - len(prefix.torn))
    judge_prefix(prefix, seen.mark.records_digest, findings, is_complete=is_complete)
    if n_lacking:
        findings.notes.append(f"{path.name}: of {n_lacking:,} tweets the API left out a metric")


def _take(seen: Seen, blank: Request, judged: Judged) -> None:
    seen.recorded.add(np.array(judged.ids, dtype=np.int64))
    request = blank.asking(blank.columns, blank.access, blank.account).of(judged.ok_ids)
    partial = seen.reduction.reduce_batch(Settled(request, list(judged.rows)))
    partial.n_by_status = judged.n_by_status
    seen.reduction.add(partial)


def _read_letters(letters: Iterable[bytes], seen: Seen, blank: Request, findings: Findings) -> None:
    digest = hashlib.sha256()
    for letter in letters:
        digest.update(letter + b"\n")
        try:
            said = msgspec.json.decode(letter, type=_Letter)
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            findings.add(JOURNAL, f"no dead letter: {str(exc)[:200]}", kind="letter")
            continue
        tweet_id = canonical_id(said.tweet_id)
        if tweet_id and said.endpoint == seen.name and set(said.metrics) <= set(blank.columns):
            seen.dead.add(np.array([tweet_id], dtype=np.int64))
        else:
            what = f"the dead letter of {said.tweet_id[:40]!r} is of another run"
            findings.add(JOURNAL, what, kind="letter")
    seen.letters_digest = digest.digest()


def _judge_waiting(journal: JournalReads, name: str, mark: EndpointMark, findings: Findings) -> None:
    """What waits in the journal to be written is behind what is written."""
    waiting = journal.ahead_chains(name).keys() | journal.part_numbers(name)
    for number in sorted(number for number in waiting if number < mark.batches):
        what = f"batch {number:,} of {name} waits to be written, and is counted as written"
        findings.add(JOURNAL, what, kind="waiting")


def _judge_sums(seen: Seen, findings: Findings) -> None:
    """Compare the recomputed reduction with the journal's, and the number of dead letters."""
    state, n_dead = seen.mark.state, seen.dead.n_ids
    if (n_counted := state.get("dead_letters", 0)) != n_dead:
        findings.add(JOURNAL, f"it has {n_dead:,} dead letters of {seen.name}, and counts {n_counted:,}")
    found = state.get("reduction")
    if found is None:
        return
    seen.reduction.groupings = found.get("groupings", {})
    computed = json.loads(json.dumps(seen.reduction.to_dict()))
    # Whether a status that no tweet has is written as 0 depends on the batches.
    for document in (found, computed):
        document["counts"] = {status: n for status, n in document.get("counts", {}).items() if n}
    for what in differences(found, computed, seen.name):
        findings.add(JOURNAL, what, kind=seen.name)
