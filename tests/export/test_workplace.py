"""Under the final name there is the old file or the new one, and beside it nothing, whatever happens."""

import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from harvester.cli.main import run_cli
from harvester.errors import RunDirectoryError, StorageError, UsageError
from harvester.export import exporting
from harvester.export.exporting import export_to_file
from harvester.export.layout import Wanted
from harvester.export.target import read_target
from harvester.export.workplace import workplace
from tests.end_to_end.forked import Fault, ForkingRunner, shared_server
from tests.export.tables import ENDINGS, read_back

RunOf = Callable[[str], Path]


@contextmanager
def small_files(n_bytes: int) -> Iterator[None]:
    """No file of this process may become larger, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("ending", ENDINGS)
def test_disk_that_refuses_leaves_the_old_file_and_no_other(
    ending: str, run_of: RunOf, tmp_path: Path
) -> None:
    target = tmp_path / f"x{ending}"
    target.write_bytes(b"the old one")
    folder = run_of("totals")
    with small_files(5_000), pytest.raises(StorageError) as caught:
        export_to_file((folder,), read_target(str(target)), Wanted(), lambda _: None, replaces=True)
    assert str(tmp_path) in caught.value.message
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(target.name, b"the old one")]


@pytest.mark.parametrize("ending", ENDINGS)
def test_damaged_record_leaves_no_file(
    ending: str, run_of: RunOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> NoReturn:
        raise RunDirectoryError("it is damaged")

    monkeypatch.setattr(exporting, "read_records", damaged)
    with pytest.raises(RunDirectoryError, match="it is damaged"):
        export_to_file((run_of("totals"),), read_target(f"{tmp_path}/x{ending}"), Wanted(), lambda _: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("ending", "call"), [(".parquet", "rename"), (".duckdb", "fsync"), (".csv", "rename")]
)
def test_killed_export_leaves_nothing_under_the_final_name_and_the_next_one_clears_up(
    ending: str, call: str, run_of: RunOf, tmp_path: Path
) -> None:
    runner = ForkingRunner(tmp_path / "here", shared_server())
    target = tmp_path / "out" / f"x{ending}"
    target.parent.mkdir()
    command = ("export", str(run_of("ranges")), "--to", str(target))
    killed = runner.begin(*command, fault=Fault(call, 1, "KILL"))
    assert killed.wait() == -signal.SIGKILL
    assert [path.name for path in target.parent.iterdir()] == [f".x{ending}.tmp"]
    assert runner.command(*command).code == 0
    assert {path.name for path in target.parent.iterdir()} <= {target.name, f"x.series{ending}"}
    assert len(read_back(target)) == 120


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_export_clears_up_and_says_so(
    sent: signal.Signals,
    code: int,
    run_of: RunOf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def stopped(*_: object) -> Iterator[object]:
        os.kill(os.getpid(), sent)
        return iter(())

    monkeypatch.setattr(exporting, "read_records", stopped)
    try:
        assert run_cli(["export", str(run_of("totals")), "--to", f"{tmp_path}/x.csv"]) == code
    except SystemExit as exc:
        assert exc.code == code  # noqa: PT017  # one of two ways to end
    assert capfd.readouterr().err.rstrip() == "harvester: stopped, no file has changed"
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_two_exports_do_not_write_the_same_target(tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    with (
        workplace(target),
        pytest.raises(UsageError, match="being written by another export"),
        workplace(target),
    ):
        pass
    with workplace(target):
        pass
    assert list(tmp_path.iterdir()) == []
