"""Looks at a run directory, beside a run that goes on as well; disturbs nothing and writes nothing."""

import time
from pathlib import Path

from harvester.recorded.run import open_run
from harvester.rundir.lock import look_at_lock
from harvester.rundir.names import pace_name
from harvester.rundir.spend import read_last_spend
from harvester.status.run_status import RunStatus, status_of


def look_at(folder: Path) -> RunStatus:
    """How far the run is at this moment. Raises RunDirectoryError where there is none, or it is damaged."""
    # Before the journal: a run that ends meanwhile counts as going on.
    process, is_held = look_at_lock(folder)
    with open_run(folder) as run:
        spends = {name: read_last_spend(folder / pace_name(name)) for name in run.marks}
        return status_of(run, process, spends, time.time(), is_held=is_held)
