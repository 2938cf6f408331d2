"""The lock of a run directory, and who looks at it."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from harvester.errors import RunDirectoryError
from harvester.rundir import lock
from harvester.rundir.lock import RunLock, look_at_lock


def test_who_holds_it_is_told_and_who_held_it_last(tmp_path: Path) -> None:
    assert look_at_lock(tmp_path) == (None, False)
    held = RunLock(tmp_path)
    held.note_command("harvester run ids.txt -o a")
    holder, is_held = look_at_lock(tmp_path)
    assert holder
    assert (holder.pid, holder.command, holder.folder, is_held) == (
        os.getpid(),
        "harvester run ids.txt -o a",
        str(Path.cwd()),
        True,
    )
    held.release()
    assert look_at_lock(tmp_path) == (holder, False)


def test_a_run_begins_beside_somebody_who_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE_S", 60.0)
    (tmp_path / ".lock").touch()
    handle = os.open(tmp_path / ".lock", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    letting_go = threading.Timer(0.05, os.close, (handle,))
    letting_go.start()
    RunLock(tmp_path).release()
    letting_go.join()


def test_a_second_run_is_refused_with_who_holds_it(tmp_path: Path) -> None:
    held = RunLock(tmp_path)
    with pytest.raises(RunDirectoryError, match=f"in use by process {os.getpid()} on"):
        RunLock(tmp_path)
    held.release()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid":"x","host":1}'])
def test_what_a_lock_says_is_for_people_only(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".lock").write_bytes(content)
    assert look_at_lock(tmp_path) == (None, False)
    RunLock(tmp_path).release()


def test_a_command_that_is_no_text_is_kept_as_it_can_be_shown(tmp_path: Path) -> None:
    held = RunLock(tmp_path)
    held.note_command(os.fsdecode(b"harvester run no\xfftext"))
    held.release()
    holder, _ = look_at_lock(tmp_path)
    assert holder
    assert holder.command.isprintable()
