"""Where gains are written: beside the runs and never into them."""

from pathlib import Path

from harvester.errors import UsageError
from harvester.rundir.names import MANIFEST


def demand_outside(path: Path) -> None:
    """Raises UsageError where a file cannot be, or would be one among those of a run."""
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
    if (path.parent / MANIFEST).exists():
        raise UsageError(f"{path} would be in the directory of a run", "Choose another folder.")
