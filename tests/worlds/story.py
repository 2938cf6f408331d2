"""A run directory from its first life to its end: what is so after each life, and what it comes to."""

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

from harvester.errors import ExitCode
from harvester.rundir.inputs import look_at
from harvester.rundir.manifest import read_manifest
from harvester.sources import Form, find_sources
from harvester.verify.report import verify
from tests.worlds.harvesting import options_of
from tests.worlds.input_files import (
    Change,
    Files,
    Growth,
    Lines,
    changed,
    grown,
    ids_in,
    is_torn,
    write_files,
)
from tests.worlds.lives import CALM, Life, Lived, expected_codes, live
from tests.worlds.remains import (
    JOURNAL,
    Remains,
    demand_frugal,
    demand_nothing_is_lost,
    demand_one_place,
    look_at_remains,
)
from tests.worlds.scene import Scene

_RETRIEVED: Final = re.compile(rb',"retrieved_at":"[^"]*"')
_EARLY: Final = {None, ExitCode.STORAGE, ExitCode.INTERRUPTED}
"""How a life may end before it has noticed that it is not welcome."""


@dataclass(frozen=True)
class Harm:
    """What is done to a file of the run directory. which, where: shares of the files and of its length."""

    how: Literal["flip", "cut", "longer", "gone"]
    which: float
    where: float
    bit: int


class Story:
    """The lives of one run directory.

    files: the input that it is about, unless nothing is committed. tell: told how each life went.
    """

    def __init__(
        self, scene: Scene, files: Files, lines: Lines, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._tell = tell
        self._place = tempfile.TemporaryDirectory()
        self._folder = Path(self._place.name)
        self._run_dir = self._folder / "run"
        self._scene, self._files, self._lines = scene, files, lines
        self._wall_s = scene.now_ms / 1000
        self._left_out: set[str] = set()
        self._had_dead = self._has_grown = False
        self._remains = Remains()

    def close(self) -> None:
        """Leave nothing behind."""
        self._place.cleanup()

    @property
    def tweet_ids(self) -> list[str]:
        """The tweets of the input."""
        return sorted(map(str, ids_in(self._files)))

    @property
    def _is_free(self) -> bool:
        """Whether the directory may still be used for something else."""
        return self._remains.is_blank and not self._remains.is_complete

    def go_on(self, life: Life) -> None:
        """The same command once more."""
        before, lived = self._remains, self._live(life)
        self._remains = self._look()
        self._demand_code(life, lived)
        self._demand_kept(before, lived)
        if before.is_complete:
            assert not lived.sent
        if lived.code is not None:
            assert self._remains.is_complete == (before.is_complete or lived.code is ExitCode.OK)
        self._demand_sound()

    def change_input(self, how: Change, random: Random, life: Life) -> None:
        """The same command over another input, which is refused where anything is committed."""
        other = changed(self._files, how, self._lines, random)
        if {name: file.stored for name, file in other.items()} == {
            name: file.stored for name, file in self._files.items()
        }:
            return
        if self._is_free:
            self._files = other
            self.go_on(life)
        else:
            self._be_refused(self._live(life, files=other))

    def grow(self, how: Growth, n: int, life: Life, *, may_grow: bool) -> None:
        """The same command over an input that has grown, with or without leave."""
        other = grown(self._files, how, self._lines, n)
        is_within_line = how != "one more" and is_torn(self._files[max(self._files)])
        if self._is_free:
            self._files = other
            self.go_on(life)
        elif is_within_line or not may_grow:
            self._be_refused(self._live(life, files=other, may_grow=may_grow))
        else:
            self._take_up(other, life)

    def _take_up(self, other: Files, life: Life) -> None:
        before, lived = self._remains, self._live(life, files=other, may_grow=True)
        if self._is_about(other):
            self._files, self._has_grown = other, True
        else:
            assert lived.code in _EARLY
        self._remains = self._look()
        self._demand_code(life, lived)
        self._demand_kept(before, lived)
        if lived.code is ExitCode.OK:
            assert self._remains.is_complete
        self._demand_sound()

    def _is_about(self, files: Files) -> bool:
        """Whether the directory says that it is about this input."""
        manifest = read_manifest(self._run_dir / "run.json")
        write_files(files, self._folder / "in")
        now = [found.file for found in look_at(find_sources([str(self._folder / "in")]), (), Form())]
        return manifest is not None and now == [replace(file, ends_bytes=()) for file in manifest.inputs]

    def ask_otherwise(self, life: Life, **asked: Any) -> None:
        """Another command, which is refused where anything is committed."""
        other = replace(self._scene, **asked)
        if other == self._scene:
            return
        if self._is_free:
            self._scene = other
            self.go_on(life)
        else:
            self._be_refused(self._live(life, scene=other))

    def harm(self, harm: Harm) -> None:
        """Harm a file; that is noticed before anything is made of it, or it is harmless."""
        paths = sorted(self._run_dir.iterdir()) if self._run_dir.exists() else []
        if not paths:
            return
        path = paths[int(harm.which * len(paths))]
        is_journal = path.name.startswith(JOURNAL)
        family = self._run_dir.glob(f"{JOURNAL}*") if is_journal else (path,)
        copies = {one: one.read_bytes() for one in family}
        _do_harm(path, harm)
        before, lived = self._remains, self._live(CALM)
        if lived.code is ExitCode.RUN_DIRECTORY or lived.was_complete:
            assert not lived.sent
            for one, content in copies.items():
                one.write_bytes(content)
            self._remains = self._look()
            assert self._remains == before
        else:
            self._remains = self._look()
            self._demand_code(CALM, lived)
            if not is_journal:
                self._demand_kept(before, lived)
        self._demand_sound()

    def finish(self) -> None:
        """Come to the end, undisturbed, and to the same as a run that was never disturbed."""
        self.go_on(CALM)
        assert self._remains.is_complete
        self.go_on(CALM)
        calm = self._folder / "calm"
        assert self._live(CALM, run_dir=calm).code is ExitCode.OK
        self._demand_the_same(calm)

    def _live(
        self,
        life: Life,
        *,
        files: Files | None = None,
        scene: Scene | None = None,
        run_dir: Path | None = None,
        may_grow: bool = False,
    ) -> Lived:
        files = files or self._files
        write_files(files, self._folder / "in")
        scene = replace(scene or self._scene, lines=tuple((i, "") for i in sorted(ids_in(files))))
        options = options_of(scene, (str(self._folder / "in"),), run_dir or self._run_dir)
        lived = live(
            life, scene, replace(options, may_grow=may_grow), self._wall_s + life.off_s, self._left_out
        )
        self._wall_s += lived.elapsed_s
        self._tell(f"{lived.code!r} after {len(lived.sent)} requests, {sorted(lived.had)}")
        return lived

    def _look(self) -> Remains:
        remains = look_at_remains(self._run_dir, self._scene.endpoints)
        self._had_dead |= remains.n_dead > 0
        return remains

    def _be_refused(self, lived: Lived) -> None:
        """A life that asks for something else leaves everything as it is."""
        assert lived.code in {ExitCode.RUN_DIRECTORY, *_EARLY}
        assert not lived.sent
        before, self._remains = self._remains, self._look()
        assert self._remains == before
        self._demand_sound()

    def _demand_code(self, life: Life, lived: Lived) -> None:
        if lived.code is not None:
            expected = expected_codes(life, lived.had, self._remains.n_dead)
            assert lived.code in expected, (lived.code, lived.error, expected)

    def _demand_kept(self, before: Remains, lived: Lived) -> None:
        demand_nothing_is_lost(before, self._remains)
        demand_one_place(self._remains, ids_in(self._files))
        demand_frugal(before, lived.sent)

    def _demand_sound(self) -> None:
        """What `harvester verify` says is what is so."""
        write_files(self._files, self._folder / "in")
        if not (self._run_dir / "run.json").exists():
            return
        report = verify(self._run_dir, reads_input=not self._is_free)
        assert not report.findings.problems(), report.findings.problems()
        assert (report.state == "complete") == self._remains.is_complete

    def _demand_the_same(self, calm: Path) -> None:
        is_exact = not self._has_grown and not self._had_dead
        ours, theirs = (json.loads((out / "summary.json").read_text()) for out in (self._run_dir, calm))
        assert ours["input"] == theirs["input"]
        assert ours["input"]["distinct"] == len(ids_in(self._files))
        for name in ("rejected.ndjson", "top_tweets.csv"):
            assert (self._run_dir / name).read_bytes() == (calm / name).read_bytes(), name
        for name in self._scene.endpoints:
            assert not (self._run_dir / f"{name}.failed.ndjson").read_bytes()
            lines = [_lines(out / f"{name}.ndjson", is_exact=is_exact) for out in (self._run_dir, calm)]
            assert lines[0] == lines[1]
            assert len(lines[0]) == ours["input"]["distinct"] - ours["input"]["too_old"]
            said, wanted = ours["endpoints"][name], theirs["endpoints"][name]
            for part in (
                "counts",
                "totals",
                "top",
                "start",
                "end",
                *(() if self._had_dead else ("groupings",)),
            ):
                assert said.get(part) == wanted.get(part), part
            assert said["totals"] == _summed(self._remains.parsed(name), said["totals"])


def _do_harm(path: Path, harm: Harm) -> None:
    content = bytearray(path.read_bytes())
    at = int(harm.where * len(content))
    match harm.how:
        case "flip" if content:
            content[at] ^= 1 << harm.bit
            path.write_bytes(content)
        case "cut":
            path.write_bytes(content[:at])
        case "longer":
            path.write_bytes(content + b"0" * (1 + harm.bit))
        case "gone":
            path.unlink()


def _lines(path: Path, *, is_exact: bool) -> list[bytes]:
    """A file's lines without the times of retrieval; in order, if they are not to be compared exactly."""
    lines = [_RETRIEVED.sub(b"", line) for line in path.read_bytes().splitlines()]
    return lines if is_exact else sorted(lines)


def _summed(records: list[dict[str, Any]], metrics: Mapping[str, int]) -> dict[str, int]:
    return {name: sum(record.get("metrics", {}).get(name, 0) for record in records) for name in metrics}
