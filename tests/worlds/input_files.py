"""The input of a life as a value: files with tweet IDs, and what may be done to them between two lives."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Final, Literal

from tests.worlds.drawing import id_at
from tests.worlds.scene import DAY_MS

Change = Literal["edited", "shorter", "swapped", "moved", "one in front", "gone", "grown in the middle"]
Growth = Literal["longer", "one more", "both"]
_ID_LINE: Final = re.compile(rb"^[0-9]{1,19}$", re.MULTILINE)
_NO_IDS: Final = (b"", b"no ID", b"12.5", b"1060976163948904448000", b"\xc3(")


@dataclass(frozen=True)
class IdFile:
    """Lines of text, stored in one part, or in as many as it has grown by; gzipped, if it is, part by part."""

    parts: tuple[bytes, ...]
    is_gzipped: bool = False

    @property
    def text(self) -> bytes:
        """What it holds."""
        return b"".join(self.parts)

    @property
    def stored(self) -> bytes:
        """Its bytes."""
        return b"".join(gzip.compress(part, mtime=0) for part in self.parts) if self.is_gzipped else self.text

    def of(self, text: bytes) -> "IdFile":
        """The same with another text."""
        return IdFile((text,), self.is_gzipped)

    def grown(self, text: bytes) -> "IdFile":
        """The same with more behind it."""
        return IdFile((*self.parts, text), self.is_gzipped)


Files = Mapping[str, IdFile]


class Lines:
    """Draws lines: tweets of ages at which some hours change nothing, some twice, and some that are none."""

    def __init__(self, now_ms: int, seed: int) -> None:
        self._random = Random(seed)
        self._now_ms = now_ms
        self._ids: list[int] = []

    def __call__(self, n: int, *, is_torn: bool = False) -> bytes:
        """The text of n lines. is_torn: its last line has no end."""
        text = b"".join(self._line() + b"\n" for _ in range(n))
        return text + b"%d" % self._new_id() if is_torn else text

    def _line(self) -> bytes:
        draw = self._random.random()
        if draw < 0.06:
            return self._random.choice(_NO_IDS)
        if draw < 0.12 and self._ids:
            return b"%d" % self._random.choice(self._ids)
        return b"%d" % self._new_id()

    def _new_id(self) -> int:
        days = self._random.choice([(3, 80), (3, 80), (3, 80), (120, 1500), (2000, 4000)])
        age_ms = self._random.randint(days[0] * DAY_MS, days[1] * DAY_MS)
        self._ids.append(id_at(self._now_ms - age_ms, self._random.randrange(2**22)))
        return self._ids[-1]


def ids_in(files: Files) -> set[int]:
    """The tweets of the input."""
    lines = {line for file in files.values() for line in _ID_LINE.findall(file.text)}
    return set(map(int, lines))


def write_files(files: Files, folder: Path) -> None:
    """Make the folder hold these files and no others."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, file in files.items():
        (folder / name).write_bytes(file.stored)


def changed(files: Files, how: Change, lines: Lines, random: Random) -> Files:
    """Another input, which is none that has only grown; the same where it cannot be changed like this."""
    name = random.choice(sorted(files))
    file, last = files[name], max(files)
    kept = file.text.splitlines(keepends=True)
    match how:
        case "edited" if found := list(_ID_LINE.finditer(file.text)):
            at = random.choice(found).end() - 1
            digit = b"%d" % ((int(file.text[at : at + 1]) + random.randint(1, 9)) % 10)
            return {**files, name: file.of(file.text[:at] + digit + file.text[at + 1 :])}
        case "shorter" if kept:
            return {**files, name: file.of(b"".join(kept[:-1]))}
        case "swapped" if len(kept) > 1 and kept[0] != kept[-2]:
            return {**files, name: file.of(b"".join((kept[-2], *kept[1:-2], kept[0], kept[-1])))}
        case "moved":
            return {**{n: f for n, f in files.items() if n != name}, f"moved-{name}": file}
        case "one in front":
            return {"0.txt": IdFile((lines(3),)), **files}
        case "gone" if len(files) > 1:
            return {n: f for n, f in files.items() if n != name}
        case "grown in the middle" if name != last:
            return {**files, name: file.grown(lines(3))}
    return files


def is_torn(file: IdFile) -> bool:
    """Whether its last line has no end."""
    return bool(file.text) and not file.text.endswith(b"\n")


def grown(files: Files, how: Growth, lines: Lines, n: int) -> Files:
    """An input that has grown at its end."""
    last = max(files)
    more: dict[str, IdFile] = {}
    if how != "one more":
        more[last] = files[last].grown(lines(n))
    if how != "longer":
        name = next(name for i in count() if (name := f"y{i}.txt") > last)
        more[name] = IdFile((lines(n),))
    return {**files, **more}
