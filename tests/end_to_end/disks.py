"""What a disk may hold after a power cut: rebuilt from the system calls of a run, as bad as it is allowed to be.

What was synced is there. Of what was written since, there is nothing, all, a part, or garbage of that length.
Names that were made, moved or removed since the folder was synced are as before or as after. SQLite's shared
memory is left out: it is never read after a crash.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

CALLS: Final = "openat,lseek,write,writev,pwrite64,fsync,fdatasync,ftruncate,rename,unlink"
FLAGS: Final = ("-y", "-xx", "-e", f"trace={CALLS}")
"""For strace. Strings may be as long as they are."""
STRING_BYTES: Final = 10_000_000
_LINE: Final = re.compile(r"^(\w+)\((.*)\) += (\d+)")
_STRING: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

Disk = dict[str, bytes]
"""The files of the run directory."""


@dataclass(frozen=True)
class Call:
    """A system call that succeeded. strings: its texts and its data. numbers: what else it was given."""

    name: str
    handle: int
    strings: tuple[bytes, ...]
    numbers: tuple[int, ...]
    flags: str
    result: int


def read_calls(lines: Iterator[str]) -> Iterator[Call]:
    """The calls of a process, of all its threads, in the order in which they ended."""
    begun: dict[str, str] = {}
    for line in lines:
        thread, _, text = line.partition(" ")
        text = text.strip()
        if text.endswith("<unfinished ...>"):
            begun[thread] = text.removesuffix("<unfinished ...>").rstrip()
            continue
        if text.startswith("<..."):
            text = begun.pop(thread) + text.partition(" resumed>")[2]
        if match := _LINE.match(text):
            yield _call(match[1], match[2], int(match[3]))


def _call(name: str, arguments: str, result: int) -> Call:
    handle = re.match(r"(\d+)<", arguments)
    rest = _STRING.sub("", re.sub(r"<[^>]*>", "", arguments))
    return Call(
        name,
        int(handle[1]) if handle else -1,
        tuple(bytes.fromhex(text.replace("\\x", "")) for text in _STRING.findall(arguments)),
        tuple(map(int, re.findall(r"(?<![\w=])\d+", rest.partition(",")[2]))),
        rest,
        result,
    )


@dataclass
class File:
    """A file: what is on the disk for certain, and what was done to it since, as offset and data (None: cut)."""

    synced: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.synced, self.since = self.after(self.since), []

    def after(self, done: list[tuple[int, bytes | None]]) -> bytes:
        content = bytearray(self.synced)
        for offset, data in done:
            content.extend(bytes(max(0, offset - len(content))))
            content[offset:] = b"" if data is None else data + content[offset + len(data) :]
        return bytes(content)

    def _with_data(self, change: Callable[[bytes], bytes]) -> bytes:
        return self.after([(offset, data and change(data)) for offset, data in self.since])

    def may_be(self, chance: Random) -> dict[str, bytes]:
        """What may be left of it, by name."""
        n = len(self.since)
        torn = [(offset, data and data[: len(data) // 2]) for offset, data in self.since[-1:]]
        return {
            "nothing": self.synced,
            "all": self.after(self.since),
            "a half": self.after(self.since[: n // 2]),
            "torn": self.after([*self.since[:-1], *torn]),
            "the last alone": self.after(self.since[-1:]),
            "garbage": self._with_data(lambda data: chance.randbytes(len(data))),
            "zeros": self._with_data(lambda data: bytes(len(data))),
        }


class Folder:
    """The run directory while calls are made, and the disks that a power cut may leave at any moment."""

    def __init__(self, path: Path, before: Path) -> None:
        self._path = path
        self.names = {file.name: File(file.read_bytes()) for file in before.iterdir()}
        self._names_since = [dict(self.names)]
        self._handles: dict[int, File | None] = {}
        self._offsets: dict[int, int] = {}

    def take(self, call: Call) -> bool:
        """Do what a call does; whether it concerns the folder."""
        match call.name:
            case "openat":
                return self._open(Path(call.strings[0].decode()), call)
            case "rename" | "unlink":
                return self._name(*(Path(text.decode()) for text in call.strings))
            case _:
                return call.handle in self._handles and self._do(self._handles[call.handle], call)

    def _open(self, path: Path, call: Call) -> bool:
        self._handles.pop(call.result, None)
        if path == self._path:
            self._handles[call.result] = None
        elif path.parent == self._path:
            if path.name not in self.names:
                self.names[path.name] = File()
                self._renamed()
            self._handles[call.result], self._offsets[call.result] = self.names[path.name], 0
            assert "O_TRUNC" not in call.flags
            assert "O_APPEND" not in call.flags
        return path.parent == self._path

    def _name(self, old: Path, new: Path | None = None) -> bool:
        if old.parent != self._path:
            return False
        file = self.names.pop(old.name)
        if new:
            self.names[new.name] = file
        self._renamed()
        return True

    def _renamed(self) -> None:
        self._names_since.append(dict(self.names))

    def _do(self, file: File | None, call: Call) -> bool:
        if file is None:
            self._names_since = [dict(self.names)]
            return True
        match call.name:
            case "fsync" | "fdatasync":
                file.sync()
            case "ftruncate":
                file.since.append((call.numbers[-1], None))
            case "pwrite64":
                file.since.append((call.numbers[-1], call.strings[0][: call.result]))
            case "lseek":
                self._offsets[call.handle] = call.result
            case "write" | "writev":
                file.since.append((self._offsets[call.handle], b"".join(call.strings)[: call.result]))
                self._offsets[call.handle] += call.result
        return True

    def now(self) -> Disk:
        """The files as they are while there is power."""
        return {name: file.after(file.since) for name, file in self.names.items()}

    def disks(self, chance: Random) -> Iterator[tuple[str, Disk]]:
        """What a power cut may leave now, each with words for it."""
        for age, names in enumerate(self._names_since):
            left = {name: file.may_be(chance) for name, file in names.items() if not name.endswith("-shm")}
            for what in next(iter(left.values())):
                yield f"names {age}, {what}", {name: by_what[what] for name, by_what in left.items()}
            mixed = {name: chance.choice([*by_what.values()]) for name, by_what in left.items()}
            yield f"names {age}, mixed", mixed


def digest_of(disk: Disk) -> bytes:
    """Equal for equal disks."""
    digest = hashlib.sha256()
    for name in sorted(disk):
        digest.update(f"{name} {len(disk[name])} ".encode() + disk[name])
    return digest.digest()
