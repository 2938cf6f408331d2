"""`run.json`: what was asked. A run directory goes on only with the same question.

What can change the result is compared and has to be equal; pace, concurrency and logging may change freely.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson

from harvester.errors import RunDirectoryError
from harvester.rundir.files import storage_errors, write_derived

SCHEMA: Final = 1
_TRY_THIS: Final = "Use another run directory, or run the command that began this one."


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input as it was when the run began; size_bytes is None for a stream."""

    name: str
    size_bytes: int | None


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
        "inputs": [{"name": file.name, "size_bytes": file.size_bytes} for file in manifest.inputs],
    }
    write_derived(path, orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_manifest(path: Path) -> Manifest | None:
    """The manifest of the run that lives here; None where there is none.

    Raises RunDirectoryError when it is damaged or of another schema.
    """
    with storage_errors(path):
        if not path.exists():
            return None
        text = path.read_bytes()
    try:
        document = orjson.loads(text)
        if document["schema"] != SCHEMA:
            raise RunDirectoryError(
                f"{path} has schema {document['schema']}, this version of harvester knows {SCHEMA}"
            )
        started = datetime.fromisoformat(document["started_at"])
        inputs = [InputFile(file["name"], file["size_bytes"]) for file in document["inputs"]]
        return Manifest(
            document["run_id"],
            round(started.timestamp() * 1000),
            document["version"],
            document["options"],
            inputs,
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise RunDirectoryError(f"{path} is damaged: {exc}") from exc


def difference(path: Path, found: Manifest, asked: Manifest) -> RunDirectoryError | None:
    """In what a run asks otherwise than the directory's run did, as an error; None where it asks the same."""
    wanted = orjson.loads(orjson.dumps(asked.options))
    for name in sorted({*found.options, *wanted}):
        old, new = found.options.get(name), wanted.get(name)
        if old != new:
            how = f"the run was begun with {name} {_shown(old)}, now it is {_shown(new)}"
            return RunDirectoryError(f"{path}: {how}", _TRY_THIS)
    for old_file, new_file in zip(found.inputs, asked.inputs, strict=False):
        if old_file.name != new_file.name:
            how = f"it was {old_file.name} and is {new_file.name}"
            return RunDirectoryError(f"{path}: the input has changed, {how}", _TRY_THIS)
        if old_file.size_bytes != new_file.size_bytes:
            how = f"{new_file.name} had {_bytes(old_file)} and has {_bytes(new_file)}"
            hint = "Use another run directory, or the old file."
            return RunDirectoryError(f"{path}: the input has changed, {how}", hint)
    if len(found.inputs) != len(asked.inputs):
        how = f"there were {len(found.inputs)} files and are {len(asked.inputs)}"
        return RunDirectoryError(f"{path}: the input has changed, {how}", _TRY_THIS)
    return None


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name}={_shown(part)}" for name, part in value.items())
    return "unset" if value is None else str(value)


def _bytes(file: InputFile) -> str:
    return "no known size" if file.size_bytes is None else f"{file.size_bytes:,} bytes"
