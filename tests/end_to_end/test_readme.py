"""Every command that the README shows is run, in the order in which it stands there, against a simulator."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import BEARER, DEADLINE_S, USER_KEYS, Finished, clean_environment, wait_for

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text()
SHOWN: Final = re.findall(r"^    ((?:\S+ \| )?harvester \S.*?)(?:\s{2,}#.*|\s#.*)?$", README, re.MULTILINE)
CODES: Final = {"harvester inspect input_samples": {0, 3}, "harvester run input_samples": {0, 3}}
"""What a command that begins so may end with; all others with 0."""


class Reader:
    """Somebody who follows the README in a folder, with a service that answers."""

    def __init__(self, folder: Path, url: str) -> None:
        self.keys = {**BEARER, **USER_KEYS, "HARVESTER_BASE_URL": url, "HARVESTER_AUTH_URL": url}
        self.runner = ForkingRunner(folder, shared_server())

    def type(self, line: str) -> Finished:
        """Run a line to its end."""
        words = shlex.split(line)
        if words[:3] == ["harvester", "auth", "login"]:
            return self._log_in(words[1:])
        if words[:2] == ["harvester", "simulate"]:
            return self._serve(words[1:])
        if "|" in words or "<(" in line:
            return self._in_a_shell(line)
        return self.runner.finish(self.runner.begin(*words[1:], keys=self.keys))

    def _serve(self, words: list[str]) -> Finished:
        process = self.runner.begin(*words, keys=self.keys)
        wait_for(lambda: process.said().endswith(b"\n") or process.poll() is not None, "the simulator")
        process.send_signal(signal.SIGINT)
        finished = self.runner.finish(process)
        return Finished(0 if finished.code == 130 else finished.code, finished.out, finished.err)

    def _in_a_shell(self, line: str) -> Finished:
        """With the command as it stands in the shell of somebody who has installed it."""
        line = line.replace("harvester ", f"{shlex.quote(sys.executable)} -m harvester ")
        process = self._popen(["bash", "-o", "pipefail", "-c", line])
        out, err = process.communicate(timeout=DEADLINE_S)
        return Finished(process.returncode, out.decode(), err.decode())

    def _log_in(self, words: list[str]) -> Finished:
        """Consent as the user would, and type the PIN of the page."""
        process = self._popen([sys.executable, "-m", "harvester", *words])
        assert process.stderr
        said = b""
        while not (found := re.search(rb"http://\S+", said)):
            read = process.stderr.readline()
            assert read, said
            said += read
        with urllib.request.urlopen(found[0].decode()) as page:
            pin = re.search(r"\b\d{7}\b", page.read().decode())
        assert pin
        out, err = process.communicate(f"{pin[0]}\n".encode(), timeout=DEADLINE_S)
        return Finished(process.returncode, out.decode(), (said + err).decode())

    def _popen(self, words: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            words,
            cwd=self.runner.folder,
            env={**clean_environment(), **self.runner.homes, **self.keys, "PYTHONPATH": os.fspath(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


@pytest.fixture
def reader(tmp_path: Path, ids: list[int]) -> Iterator[Reader]:
    """Has a checkout's samples, and files of IDs."""
    shutil.copytree(ROOT / "input_samples", tmp_path / "input_samples")
    (tmp_path / "ids.txt").write_text("".join(f"{tweet_id}\n" for tweet_id in ids[:600]))
    with running_simulator(tmp_path) as simulator:
        yield Reader(tmp_path, simulator.url)


def test_every_command_works_in_the_order_of_the_readme(reader: Reader) -> None:
    assert len(SHOWN) >= 30
    wrong = {}
    for line in SHOWN:
        allowed = next((codes for start, codes in CODES.items() if line.startswith(start)), {0})
        finished = reader.type(line)
        if finished.code not in allowed:
            wrong[line] = (finished.code, finished.err[-500:])
    assert not wrong
