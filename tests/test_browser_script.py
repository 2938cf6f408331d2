"""`scripts/browser`: a browser is installed where there is none and it may be, and never otherwise."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "browser"


@pytest.mark.parametrize(
    ("here", "is_root", "code_of_apt", "asked", "said"),
    [
        (("chromium", "apt-get"), True, 0, 0, ""),
        (("google-chrome",), False, 0, 0, ""),
        ((), True, 0, 0, "No browser is here"),
        (("apt-get",), False, 0, 0, "No browser is here"),
        (("apt-get",), True, 0, 2, "Installing Chromium"),
        (("apt-get",), True, 1, 1, "could not be installed"),
    ],
)
def test_browser_is_installed_where_none_is_and_it_may_be(
    tmp_path: Path, here: tuple[str, ...], is_root: bool, code_of_apt: int, asked: int, said: str
) -> None:
    log = tmp_path / "log"
    log.touch()
    for name, body in {
        **dict.fromkeys(here, "exit 1"),
        "id": f"echo {0 if is_root else 1000}",
        **({"apt-get": f'echo "$@" >> {log}; exit {code_of_apt}'} if "apt-get" in here else {}),
    }.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)
    found = subprocess.run(
        ["/bin/bash", SCRIPT], env={"PATH": os.fspath(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0
    assert said in found.stderr
    assert bool(found.stderr) == bool(said)
    lines = log.read_text().splitlines()
    assert len(lines) == asked
    assert asked < 2 or lines[-1].endswith("install chromium")
