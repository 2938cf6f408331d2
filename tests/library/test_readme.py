"""The README's Python, block after block, with a service in this process."""

import re
from pathlib import Path

import pytest

from tests.end_to_end.forked import ROOT
from tests.library.serving import Service, ids

BLOCKS = re.findall(r"^```python\n(.+?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_of_python_runs(
    block: str, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "x")
    (tmp_path / "ids.txt").write_text("".join(f"{tweet_id}\n" for tweet_id in ids(1)))
    exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})
    assert list(tmp_path.glob("runs/*/_SUCCESS"))
    assert service.asked


def test_there_are_blocks_of_python() -> None:
    assert len(BLOCKS) >= 3
