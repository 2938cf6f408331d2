"""Inputs that are larger than what may be in memory: as a stream, as a sparse file."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.running import clean_environment

MOST_MB = 120
FIRST = 2_124_000_000_000_000_123
PORTION = b"".join(b"%d\n" % (FIRST + n * 4_194_304) for n in range(50_000))


MEASURED = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "harvester", *sys.argv[1:]], check=False)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""From a small process: to the kernel's account a child has the peak memory of the one that began it, too."""


def inspected(argument: str, pieces: Iterator[bytes]) -> tuple[dict[str, int], float]:
    """What `inspect` counted, and its peak memory in MB."""
    process = subprocess.Popen(
        [sys.executable, "-c", MEASURED, "inspect", argument, "--no-dedupe", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    with process:
        assert process.stdin
        assert process.stdout
        for piece in pieces:
            process.stdin.write(piece)
        process.stdin.close()
        document, peak_kb = process.stdout.read().splitlines()
    counts: dict[str, int] = json.loads(document)["input"]
    return counts, int(peak_kb) / 1000


def test_stream_takes_no_more_memory_the_longer_it_is() -> None:
    n_portions = 250
    counts, peak_mb = inspected("-", (PORTION for _ in range(n_portions)))
    assert counts["ids"] == n_portions * 50_000
    assert peak_mb < MOST_MB < n_portions * len(PORTION) / 2e6


@pytest.mark.parametrize("beginning", [b"", b"21\n", b'{"id_str":"21","text":"', b'[{"id":"21"},"'])
def test_sparse_file_takes_no_memory(tmp_path: Path, beginning: bytes) -> None:
    path = tmp_path / "sparse"
    path.write_bytes(beginning)
    os.truncate(path, 2**29)
    counts, peak_mb = inspected(str(path), iter(()))
    assert counts["ids"] == beginning.startswith((b"21", b"["))
    assert counts["rejected"] + counts["unreadable"] >= 1
    assert peak_mb < MOST_MB
