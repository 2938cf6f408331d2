"""The benchmark runs, with its checks on. It judges no time here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "benchmark" / "bench.py"
N_FIGURES = {"cpu": 12, "latency": 6, "memory": 7, "start": 6, "reading": 10}


def bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The benchmark's short form; its runs make no report, which would take more time than they do."""
    (folder / "harvester.toml").write_text("report = false\n")
    command = [sys.executable, str(SCRIPT), "--quick", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize("section", N_FIGURES)
def test_short_form_of_the_benchmark_gives_every_figure(tmp_path: Path, section: str) -> None:
    file = tmp_path / "figures.json"
    done = bench(tmp_path, "--only", section, "--json", str(file))
    assert done.returncode == 0, done.stderr
    figures = json.loads(file.read_text())
    assert [figure["section"] for figure in figures] == [section] * N_FIGURES[section]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in done.stdout.splitlines()[2:]]
    assert rows == list(dict.fromkeys(figure["name"] for figure in figures))
    assert all(figure["values"] and figure["is_met"] is None for figure in figures)
    assert "missed" not in done.stdout


def test_no_section_of_the_benchmark_is_forgotten(tmp_path: Path) -> None:
    done = bench(tmp_path, "--only", "none")
    assert done.returncode == 2
    assert f"(choose from {', '.join(map(repr, N_FIGURES))})" in done.stderr
