"""The benchmark runs. It judges no time here."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "benchmark" / "bench.py"


def test_short_form_of_the_benchmark_gives_every_figure(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, str(SCRIPT), "--quick", "--json", str(figures)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    names = [figure["name"] for figure in json.loads(figures.read_text())]
    assert len(names) == len(set(names)) == len(done.stdout.splitlines()) - 2
    assert all(figure["values"] for figure in json.loads(figures.read_text()))
