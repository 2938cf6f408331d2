"""A disk that is full, or may not be written to: exit code 7, and the same command goes on when that is over."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.forked import ForkingRunner, ForkServer
from tests.end_to_end.running import Runner, Simulator, assert_same_result


def succeeds(*command: str) -> bool:
    """Run a command of the system; whether it is here, and may do that."""
    is_there = shutil.which(command[0]) is not None
    return is_there and subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """A file system with room for so much. Skips where none may be mounted."""
    folder.mkdir()
    if not succeeds("mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)):
        pytest.skip("nothing may be mounted here")
    try:
        yield folder
    finally:
        assert succeeds("umount", str(folder))


@contextmanager
def read_only_disk(folder: Path) -> Iterator[Path]:
    """A file system that may not be written to."""
    with small_disk(folder, 64):
        assert succeeds("mount", "-o", "remount,ro", str(folder))
        yield folder


@contextmanager
def frozen_folder(folder: Path) -> Iterator[Path]:
    """A folder in which nothing may be made: also not by root, who may do what permissions forbid."""
    folder.mkdir()
    folder.chmod(0o500)
    is_frozen = succeeds("chattr", "+i", str(folder))
    try:
        if not is_frozen and can_write(folder):
            pytest.skip("root may write everywhere, and chattr is not to be had")
        yield folder
    finally:
        if is_frozen:
            succeeds("chattr", "-i", str(folder))
        folder.chmod(0o700)


def can_write(folder: Path) -> bool:
    try:
        (folder / "probe").touch()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("kib", [4, 24, 64, 256], ids="{} KiB".format)
def test_full_disk_ends_the_run_and_with_more_room_the_same_command_finishes_it(
    server: ForkServer, id_file: Path, calm: Simulator, tmp_path: Path, undisturbed: Runner, kib: int
) -> None:
    with small_disk(tmp_path / "disk", kib) as disk:
        run = ForkingRunner(tmp_path, server)
        run.out = disk / "run"
        arguments = (str(id_file), "--base-url", calm.url)
        full = run(*arguments)
        again = run(*arguments)
        was_complete = (run.out / "_SUCCESS").exists()
        assert succeeds("mount", "-o", "remount,size=64m", str(disk))
        finished = run(*arguments)
        assert finished.code == 0, finished.err
        assert_same_result(run, undisturbed)
    assert full.code == again.code == 7, full.err
    assert not was_complete
    assert f"{run.out}/" in full.err
    assert "MB free there" in full.err, full.err
    assert "Make room" in full.err


def test_file_that_may_get_no_larger_is_like_a_full_disk(
    id_file: Path, calm: Simulator, tmp_path: Path, undisturbed: Runner
) -> None:
    """As a limit of the process, which needs no rights to be set."""
    if not shutil.which("prlimit"):
        pytest.skip("prlimit is not here")
    limited = Runner(tmp_path, prefix=("prlimit", "--fsize=200000"))
    arguments = (str(id_file), "--base-url", calm.url)
    full = limited(*arguments)
    assert full.code == 7
    assert f"{limited.out}/totals.ndjson: File too large" in full.err
    assert not (limited.out / "_SUCCESS").exists()
    limited.prefix = ()
    assert limited(*arguments).code == 0
    assert_same_result(limited, undisturbed)


@pytest.mark.parametrize("place", [read_only_disk, frozen_folder])
@pytest.mark.parametrize("name", [".", "run"])
def test_directory_that_cannot_be_written_to_ends_the_run_before_a_request(
    server: ForkServer,
    id_file: Path,
    tmp_path: Path,
    place: Callable[[Path], AbstractContextManager[Path]],
    name: str,
) -> None:
    """No service is there: it would be exit code 5."""
    with place(tmp_path / "place") as folder:
        run = ForkingRunner(tmp_path, server)
        run.out = folder / name
        finished = run(str(id_file), "--base-url", "http://127.0.0.1:1")
    assert finished.code == 7, finished.err
    assert f"{run.out}" in finished.err
