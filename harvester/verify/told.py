"""What a run directory says of itself, and whether it may be believed."""

from contextlib import ExitStack
from pathlib import Path

from harvester.engagement.windows import utc_text
from harvester.errors import RunDirectoryError
from harvester.recorded.run import (
    Asked,
    RecordedRun,
    State,
    demand_own_journal,
    is_barely_begun,
    opened_journal,
    read_asked,
    recorded_run,
    state_by_mark,
)
from harvester.rundir.names import JOURNAL, MANIFEST
from harvester.verify.findings import Findings


def read_told(folder: Path, findings: Findings, stack: ExitStack) -> tuple[State | None, RecordedRun | None]:
    """What kind of run it is, and what it says; None for what cannot be known."""
    with findings.check(MANIFEST) as check:
        asked = read_asked(folder)
        if asked is None:
            raise RunDirectoryError("is not there, so this is no run directory")
        began = utc_text(asked.manifest.started_ms // 1000)
        endpoints = ", ".join(asked.recalled.blanks)
        check.says.append(f"{endpoints}, begun {began} by version {asked.manifest.version}")
        state = state_by_mark(folder)
        if is_barely_begun(folder):
            findings.notes.append("nothing is committed yet")
            return state, None
        told = _read_journal(asked, state, findings, stack)
        return told.state if told else state, told
    return None, None


def _read_journal(asked: Asked, state: State, findings: Findings, stack: ExitStack) -> RecordedRun | None:
    with findings.check(JOURNAL) as check:
        journal = stack.enter_context(opened_journal(asked.folder))
        demand_own_journal(asked, journal)
        journal.demand_sound()
        told = recorded_run(asked, state, journal)
        marks = told.marks.items()
        check.says.append(", ".join(f"{mark.batches:,} batches of {name}" for name, mark in marks))
        return told
    return None
