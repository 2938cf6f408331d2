"""Files that are appended to and cut back, and files that are replaced as a whole."""

import os
import resource
import signal
import stat
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from harvester.errors import RunDirectoryError, StorageError
from harvester.rundir.files import AppendFile, write_beside_others, write_derived


def test_file_is_cut_back_to_the_length_that_is_vouched_for(tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(b"committed\ntorn")
    file = AppendFile(path, 10, sha256(b"committed\n").digest())
    file.append([b"next\n"])
    file.close()
    assert (file.n_cut_bytes, path.read_bytes()) == (4, b"committed\nnext\n")


def test_file_that_is_too_short_is_damaged_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(b"short")
    with pytest.raises(RunDirectoryError, match="counts 10 bytes, the file has 5"):
        AppendFile(path, 10)
    assert path.read_bytes() == b"short"


@pytest.mark.parametrize("most", [1, 3, 7])
def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """As on a disk that is nearly full: fewer bytes than asked, and no error."""
    real: Callable[[int, bytes], int] = os.write

    def short(handle: int, parts: list[memoryview]) -> int:
        return real(handle, b"".join(parts)[:most])

    monkeypatch.setattr(os, "writev", short)
    file = AppendFile(tmp_path / "records")
    file.append([b"one\n", b"", b"two\n", b"three\n"])
    file.close()
    assert (tmp_path / "records").read_bytes() == b"one\ntwo\nthree\n"
    assert file.length_bytes == 14


def test_many_parts_are_written_in_their_order(tmp_path: Path) -> None:
    parts = [f"{n}\n".encode() for n in range(3_000)]
    file = AppendFile(tmp_path / "records")
    file.append(parts)
    file.close()
    assert (tmp_path / "records").read_bytes() == b"".join(parts)


def test_full_disk_is_a_storage_error_that_names_the_file(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "records")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(StorageError, match="records"):
            file.append([b"x" * 1_000])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
        file.close()


def test_derived_file_is_whole_or_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.json"
    write_derived(path, b"old")

    def refuse(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match=r"summary\.json"):
        write_derived(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("leftover", [None, 0o644])
def test_derived_file_is_readable_for_whom_it_is_meant(tmp_path: Path, leftover: int | None) -> None:
    """Also where a killed process left its temporary file with another mode."""
    if leftover is not None:
        (tmp_path / ".secret.tmp").touch(leftover)
    write_derived(tmp_path / "secret", b"new", mode=0o600)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_file_that_comes_to_no_end_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    def interrupted() -> Iterator[bytes]:
        yield b"new" * 1_000_000
        raise KeyboardInterrupt

    path = tmp_path / "gains.ndjson"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_beside_others(path, interrupted())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
