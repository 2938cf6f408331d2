"""`run.json`: what was asked. A run directory goes on only with the same question.

What can change the result is compared and has to be equal; pace, concurrency and logging may change freely.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson

from harvester.errors import RunDirectoryError
from harvester.rundir.files import storage_errors, write_derived
from harvester.rundir.inputs import InputFile
from harvester.rundir.seals import sealed, unsealed

SCHEMA: Final = 1
_OPTIONS: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_TRY_THIS: Final = "Use another run directory, or run the command that began this one."


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run was asked. started_ms: UTC, ms since 1970; the moment from which the tweets' ages count."""

    run_id: str
    started_ms: int
    version: str
    options: Mapping[str, Any]
    inputs: Sequence[InputFile]

    @property
    def is_sample(self) -> bool:
        """Whether only a part of the input was wanted."""
        return self.options.get("limit") is not None


def new_manifest(
    options: Mapping[str, Any], inputs: Sequence[InputFile], now_ms: int, version: str
) -> Manifest:
    """The manifest of a run that begins now."""
    return Manifest(uuid4().hex, now_ms, version, options, inputs)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write `run.json`."""
    started = datetime.fromtimestamp(manifest.started_ms / 1000, UTC)
    document = {
        "schema": SCHEMA,
        "run_id": manifest.run_id,
        "version": manifest.version,
        "started_at": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sample": manifest.is_sample,
        "options": manifest.options,
        "inputs": [asdict(file) for file in manifest.inputs],
    }
    write_derived(path, orjson.dumps(sealed(document), option=_OPTIONS))


def read_manifest(path: Path) -> Manifest | None:
    """The manifest of the run that lives here; None where there is none.

    Raises RunDirectoryError when it is damaged or of another schema.
    """
    with storage_errors(path):
        if not path.exists():
            return None
        text = path.read_bytes()
    try:
        document = unsealed(text)
        if document["schema"] != SCHEMA:
            raise RunDirectoryError(
                f"{path} has schema {document['schema']}, this version of harvester knows {SCHEMA}"
            )
        started = datetime.fromisoformat(document["started_at"])
        inputs = [
            InputFile(**{**file, "ends_bytes": tuple(file["ends_bytes"])}) for file in document["inputs"]
        ]
        return Manifest(
            document["run_id"],
            round(started.timestamp() * 1000),
            document["version"],
            document["options"],
            inputs,
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise RunDirectoryError(f"{path} is damaged: {exc}") from exc


def other_options(path: Path, found: Manifest, options: Mapping[str, Any]) -> RunDirectoryError | None:
    """In what options differ from those of the directory's run, as an error; None where they are the same."""
    wanted = orjson.loads(orjson.dumps(options))
    for name in sorted({*found.options, *wanted}):
        old, new = found.options.get(name), wanted.get(name)
        if old != new:
            how = f"the run was begun with {name} {_shown(old)}, now it is {_shown(new)}"
            return RunDirectoryError(f"{path}: {how}", _TRY_THIS)
    return None


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name}={_shown(part)}" for name, part in value.items())
    return "unset" if value is None else str(value)
