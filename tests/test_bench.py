"""The benchmark runs, with its checks on. It judges no time here."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "benchmark" / "bench.py"
N_FIGURES = {"cpu": 12, "latency": 6, "memory": 7, "start": 6, "reading": 10}


def test_short_form_of_the_benchmark_gives_every_figure(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, str(SCRIPT), "--quick", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(file.read_text())
    assert Counter(figure["section"] for figure in figures) == N_FIGURES
    rows = [line.split(" | ")[0].removeprefix("| ") for line in done.stdout.splitlines()[2:]]
    assert rows == list(dict.fromkeys(figure["name"] for figure in figures))
    assert all(figure["values"] and figure["is_met"] is None for figure in figures)
    assert "missed" not in done.stdout
