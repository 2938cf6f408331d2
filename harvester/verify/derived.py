"""What a run has derived from its records at its end, against what they come to now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from harvester.errors import ExitCode, RunDirectoryError
from harvester.pipeline.reading import InputCounts
from harvester.recorded.lines import readable, size_text
from harvester.recorded.run import RecordedRun
from harvester.report.results import SCHEMA, total_of
from harvester.report.summary import EndpointResult, make_summary, make_top_tweets_csv
from harvester.rundir.files import describe_file
from harvester.rundir.kept import kept_name
from harvester.rundir.marks import FileMark
from harvester.rundir.names import (
    MANIFEST,
    REJECTED,
    SUCCESS,
    SUMMARY,
    TOP_TWEETS,
    dead_letters_name,
    records_name,
)
from harvester.rundir.seals import unsealed
from harvester.verify.differences import differences
from harvester.verify.endpoint import Seen
from harvester.verify.findings import Findings

_OF_THE_PROCESS: Final = ("finished_at", "elapsed_s", "handles")
"""What a summary says of the processes that made it, which no file tells again."""


def judge_dead_letters(told: RecordedRun, endpoints: Sequence[Seen], findings: Findings) -> None:
    """Compare `….failed.ndjson` with the dead letters of the journal."""
    for seen in endpoints:
        name = dead_letters_name(seen.name)
        with findings.check(name) as check:
            mark = _demand_written(told, name)
            if mark.digest != seen.letters_digest:
                findings.add(name, "it has not the dead letters of the journal")
            check.says.append(f"{seen.dead.n_ids:,} dead letters")


def judge_summary(
    told: RecordedRun, results: Sequence[EndpointResult], counts: InputCounts | None, findings: Findings
) -> None:
    """Compare `summary.json`. counts: those of the input, None where they are not known."""
    with findings.check(SUMMARY) as check:
        _demand_written(told, SUMMARY)
        found = _object(json.loads, told.folder / SUMMARY)
        computed = make_summary(
            results,
            found.get("input", {}) if counts is None else asdict(counts),
            run_id=told.manifest.run_id,
            sample=told.manifest.is_sample,
            exit=int(_exit_code(results, found.get("input", {}) if counts is None else asdict(counts))),
        )
        computed |= {name: found[name] for name in _OF_THE_PROCESS if name in found}
        for result in results:
            said = found.get("endpoints", {}).get(result.name, {})
            unknown = ("requests",) if counts else ("requests", "repeated")
            computed["endpoints"][result.name] |= {name: said[name] for name in unknown if name in said}
        _tell(SUMMARY, found, computed, findings)
        check.says.append("counts, sums and top lists of the records, counts of the input")


def _exit_code(results: Sequence[EndpointResult], counts: Mapping[str, Any]) -> ExitCode:
    """With what a run ends that has come to this. It may be killed before it says so in `_SUCCESS`."""
    is_whole = not any(result.n_failed for result in results) and not counts.get("unreadable")
    return ExitCode.OK if is_whole else ExitCode.INCOMPLETE


def judge_top_tweets(told: RecordedRun, results: Sequence[EndpointResult], findings: Findings) -> None:
    """Compare `top_tweets.csv`."""
    with findings.check(TOP_TWEETS) as check:
        _demand_written(told, TOP_TWEETS)
        with readable():
            found = (told.folder / TOP_TWEETS).read_bytes()
        computed = make_top_tweets_csv(results)
        lines = zip(found.split(b"\n"), computed.split(b"\n"), strict=False)
        if found != computed:
            line = next((n for n, (one, other) in enumerate(lines, start=1) if one != other), None)
            findings.add(TOP_TWEETS, "it has not the top tweets of the records", line=line)
        check.says.append(f"{len(computed.splitlines()) - 1:,} top tweets of the records")


def _demand_written(told: RecordedRun, name: str) -> FileMark:
    """What a file holds. Raises RunDirectoryError where that is not what the journal says was written."""
    mark = describe_file(told.folder / name)
    if mark != told.derived.get(name):
        raise RunDirectoryError("is not what the journal says was written")
    return mark


def judge_success(told: RecordedRun, results: Sequence[EndpointResult], findings: Findings) -> None:
    """Compare `_SUCCESS`, and the files that it has to speak of."""
    names = [MANIFEST, REJECTED, *told.derived, *map(kept_name, told.streams)]
    names += map(records_name, told.marks)
    with findings.check(SUCCESS) as check:
        found = _object(unsealed, told.folder / SUCCESS)
        marks = {name: describe_file(told.folder / name) for name in names}
        computed = {
            "schema": SCHEMA,
            "run_id": told.manifest.run_id,
            "finished_at": found.get("finished_at"),
            "counts": {result.name: result.counts() for result in results},
            "total": total_of(results, told.input_mark.rejected_lines),
            "files": {n: {"bytes": m.n_bytes, "sha256": m.digest.hex()} for n, m in marks.items()},
        }
        _tell(SUCCESS, found, computed, findings)
        for result in results:
            if result.n_failed:
                findings.add(SUCCESS, f"it stands beside {result.n_failed:,} dead letters of {result.name}")
        size_bytes = sum(mark.n_bytes for mark in marks.values())
        check.says.append(f"sizes and checksums of {len(marks)} files, {size_text(size_bytes)}")


def _object(read: Any, path: Path) -> dict[str, Any]:
    with readable():
        text = path.read_bytes()
    try:
        document = read(text)
    except ValueError as exc:
        raise RunDirectoryError(f"is damaged: {str(exc)[:200]}") from exc
    if not isinstance(document, dict):
        raise RunDirectoryError("is damaged: it is no JSON object")
    return document


def _tell(name: str, found: Mapping[str, Any], computed: Mapping[str, Any], findings: Findings) -> None:
    for what in differences(found, json.loads(json.dumps(computed))):
        findings.add(name, what, kind="content")
