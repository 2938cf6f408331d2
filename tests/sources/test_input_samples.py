"""The samples that the repository comes with are what their README says, and what their script makes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harvester.sources import Chunk, find_sources, read_chunks

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "input_samples"
README = (SAMPLES / "README.md").read_text()
ROWS = re.findall(r"^\| `(\S+)` \| (.+?) \| ([\d,]+) \|", README, re.MULTILINE)
NAMES = [name for name, _, _ in ROWS]


def read(name: str) -> list[Chunk]:
    return list(read_chunks(find_sources([str(SAMPLES / name)])))


def ids_of(chunks: list[Chunk]) -> list[int]:
    return [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()]


def test_samples_hold_what_their_readme_says() -> None:
    chunks = [chunk for name in NAMES for chunk in read(name)]
    ids = ids_of(chunks)
    n_rejected = sum(len(chunk.rejected) for chunk in chunks)
    assert (
        f"Together {len(ids):,} IDs, {len(set(ids)):,} distinct, and {n_rejected} rejected lines." in README
    )


@pytest.mark.parametrize(("name", "formats", "n_ids"), ROWS, ids=NAMES)
def test_sample_holds_what_its_row_says(name: str, formats: str, n_ids: str) -> None:
    chunks = read(name)
    found = {chunk.origin.file_format for chunk in chunks if chunk.origin}
    assert (found, f"{len(ids_of(chunks)):,}") == (set(formats.split(", ")), n_ids)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dirty.txt"])
def test_only_the_dirty_sample_has_rejected_lines(name: str) -> None:
    assert [entry for chunk in read(name) for entry in chunk.rejected] == []


def test_every_sample_is_in_their_readme_and_found_in_their_folder() -> None:
    files = {path.name for path in SAMPLES.iterdir()} - {"README.md"}
    assert files == set(NAMES) == {Path(source.name).name for source in find_sources([str(SAMPLES)])}


def test_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 200_000


def test_script_makes_the_samples(tmp_path: Path) -> None:
    """Byte by byte, but where a library's version leaves its mark."""
    script = ROOT / "scripts" / "sampling" / "samples.py"
    made = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    for path in tmp_path.iterdir():
        if path.suffix in {".csv", ".txt", ".ndjson", ".json", ".js"}:
            assert path.read_bytes() == (SAMPLES / path.name).read_bytes(), path.name
    assert re.findall(r" ([\d,]+) distinct", made.stdout) == re.findall(r" ([\d,]+) distinct", README)
