"""What one process leaves to the next of when it sent last."""

import os
from pathlib import Path

import pytest

from harvester.engagement.allowance import Rate
from harvester.errors import StorageError
from harvester.rundir.spend import SpendFile
from harvester.transport.pace import LastSpend

LONG = LastSpend(1_795_000_037.125, 106.5, (Rate(600.0, 60.0), Rate(10.0, 1.0)))
GUESSED = LastSpend(1_795_000_037.125, 6.5, (), 426.36)
SHORT = LastSpend(1.0)


def left_by(path: Path, *spends: LastSpend) -> LastSpend:
    """What the next process reads."""
    file = SpendFile(path)
    for spend in spends:
        file.write(spend)
    file.close()
    again = SpendFile(path)
    again.close()
    return again.last


@pytest.mark.parametrize("spends", [[LONG], [SHORT], [GUESSED], [LONG, SHORT], [SHORT, LONG]])
def test_the_last_spend_is_read_as_it_was_written(tmp_path: Path, spends: list[LastSpend]) -> None:
    assert left_by(tmp_path / "spend", *spends) == spends[-1]


def test_nothing_was_spent_where_no_request_went(tmp_path: Path) -> None:
    assert left_by(tmp_path / "spend").idle_s(5.0) == float("inf")


@pytest.mark.parametrize("content", [b"\0" * 256, b"{}", b'{"at":1795000037,"held_', b"[]", b"x"])
def test_damaged_file_counts_as_a_request_just_now(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "spend").write_bytes(content)
    assert left_by(tmp_path / "spend").idle_s(1e12) == 0.0


def test_refused_write_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(StorageError, match="spend: Input/output error"):
        SpendFile(tmp_path / "spend").write(SHORT)
