"""A harvest amid faults, killed again and again until it is done, and what it has to equal."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.end_to_end.counted import Counted, RequestLog, asked_in, most_within
from tests.end_to_end.forked import ForkedProcess, ForkingRunner, ForkServer, running_simulator
from tests.end_to_end.ordeals import Ordeal
from tests.end_to_end.running import (
    DEADLINE_S,
    USER_KEYS,
    Runner,
    Simulator,
    assert_same_result,
)
from tests.end_to_end.sweeping import PACE

LOOK_EVERY_S: Final = 0.005
START_S: Final = 0.3
"""Within this a forked process has opened the directory, and resumes."""
SOON_S: Final = 0.8
"""A commit or two."""
WORTH_S: Final = 1.5
"""The answers of so long may go with a process: two intervals between commits, where one waits for others, and
what those commits take on a busy machine."""
LATE_S: Final = 3.0
"""Within this much more is answered than a kill may cost."""
COMMITS_EVERY: Final = 4
"""Each such process lives until it has committed, so that the harvest comes to its end."""


@dataclass
class Tally:
    """What became of a harvest.

    n_lost: whole answers that a kill took along, so that they were asked for again; at most between two kills,
    and what may be lost then.
    """

    ordeal: Ordeal
    n_kills: int = 0
    n_requests: int = 0
    n_lost: int = 0
    most_lost: int = 0
    bound: int = 0
    elapsed_s: float = 0.0
    violations: list[str] = field(default_factory=list)


class Torture:
    """One harvest: an undisturbed one of the same, then processes that are killed until one comes to its end.

    worth_s: a kill may cost the answers of so many seconds, beside what is in flight. knows_limit: the first
    process does, so that a kill before the first answer does not cost 10 s of waiting.
    """

    def __init__(
        self,
        ordeal: Ordeal,
        folder: Path,
        server: ForkServer,
        now_s: float,
        *,
        worth_s: float = WORTH_S,
        knows_limit: bool = False,
    ) -> None:
        self._worth_s = worth_s
        self.tally = Tally(ordeal)
        self._ordeal = ordeal
        self._server = server
        self._random = Random(ordeal.seed)
        self._folder = folder
        self._now = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._input = folder / "ids.txt"
        self._input.write_text("".join(f"{line}\n" for line in ordeal.lines(now_s)))
        self._run = ForkingRunner(folder / "tortured", server)
        self._reference = ForkingRunner(folder / "calm", server)
        self._counted = Counted(self._run.out)
        self._asked: list[dict[str, Any]] = []
        if knows_limit:
            self._run.out.mkdir()
            for name in ordeal.workers:
                (self._run.out / f".pace-{name}.json").write_text(json.dumps(PACE))

    def run(self) -> Tally:
        """All of it. What is wrong is in the tally's violations."""
        begun = time.monotonic()
        with self._simulator(self._reference) as simulator:
            finished = self._reference(*self._arguments(simulator), keys=USER_KEYS)
            assert finished.code == 0, finished.err
        with self._simulator(self._run, *self._ordeal.trouble) as simulator:
            self._log = RequestLog(simulator.log)
            while not self._one_process(simulator):
                pass
        self._check_limit()
        self._check_result()
        self.tally.elapsed_s = time.monotonic() - begun
        return self.tally

    @contextmanager
    def _simulator(self, run: Runner, *flags: str) -> Iterator[Simulator]:
        """One of the same world. By its clock nothing gets older."""
        world = ("--seed", str(self._ordeal.seed), "--now", self._now)
        with running_simulator(run.folder, *world, *flags, server=self._server) as simulator:
            yield simulator

    def _arguments(self, simulator: Simulator) -> list[str]:
        return [str(self._input), "--base-url", simulator.url, *self._ordeal.arguments]

    def _one_process(self, simulator: Simulator) -> bool:
        """Start the command, and kill it some time; whether it came to its end before."""
        process = self._run.start(*self._arguments(simulator), keys=USER_KEYS)
        self._wait_for_moment(process)
        is_over = process.poll() is not None
        if is_over:
            finished = self._run.finish(process)
            if finished.code:
                self._violated(f"exit code {finished.code}: {finished.err}")
        else:
            self._run.kill(process)
        self._account(killed_at=None if is_over else time.time())
        return is_over

    def _wait_for_moment(self, process: ForkedProcess) -> None:
        """Live until a random moment: while it starts, resumes, is in the middle of it, or about to finish."""
        random = self._random.random
        if self.tally.n_kills % COMMITS_EVERY == COMMITS_EVERY - 1:
            n_bytes = self._n_bytes(self._run)
            self._until(process, lambda: self._n_bytes(self._run) > n_bytes)
            return _live(process, SOON_S * random())
        match self._random.choice(("start", "first requests", "middle", "late", "end")):
            case "start":
                return _live(process, START_S * random())
            case "first requests":
                self._until(process, lambda: self._log.has_more_than(0))
                return _live(process, 0.1 * random())
            case "late":
                self._until(process, lambda: self._log.has_more_than(0))
                return _live(process, SOON_S + LATE_S * random())
            case "end" if self._n_bytes(self._run) > 0.8 * self._n_bytes(self._reference):
                # As long as the other run's: only the times of the records differ.
                self._until(process, lambda: self._n_bytes(self._run) >= self._n_bytes(self._reference))
                return _live(process, 0.15 * random())
            case _:
                self._until(process, lambda: self._log.has_more_than(0))
                return _live(process, SOON_S * random())

    def _until(self, process: ForkedProcess, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while process.poll() is None and not condition():
            assert time.monotonic() < deadline, f"seed {self._ordeal.seed}: it goes on no more"
            time.sleep(LOOK_EVERY_S)

    def _n_bytes(self, run: Runner) -> int:
        paths = [run.out / f"{name}.ndjson" for name in self._ordeal.workers]
        return sum(path.stat().st_size for path in paths if path.exists())

    def _account(self, killed_at: float | None) -> None:
        """What the process that ended asked for, and what of its answers is not counted."""
        tally = self.tally
        asked = self._log.read_on(self._ordeal.workers) if self._log.path.exists() else []
        again = [one for request in asked for one in asked_in(request) if self._counted.has(one)]
        if again:
            self._violated(f"{len(again)} asked again after their answers were counted, such as {again[0]}")
        self._asked += asked
        tally.n_requests += len(asked)
        if killed_at is None:
            return
        tally.n_kills += 1
        self._counted.look()
        answered = [request for request in asked if request["whole"]]
        lost = [
            request for request in answered if not all(self._counted.has(one) for one in asked_in(request))
        ]
        at_most = most_within([request["time"] for request in answered], self._worth_s)
        bound = sum(self._ordeal.workers.values()) + at_most
        tally.n_lost += len(lost)
        if len(lost) > bound:
            self._violated(f"kill {tally.n_kills} cost {len(lost)} answers, which is more than {bound}")
        if len(lost) > tally.most_lost:
            tally.most_lost, tally.bound = len(lost), bound

    def _check_limit(self) -> None:
        limit = self._ordeal.limit
        for name in self._ordeal.workers if limit else ():
            times = [request["time"] for request in self._asked if request["endpoint"] == name]
            if (most := most_within(sorted(times), 60.0)) > (limit or 0):
                self._violated(f"{most} requests to {name} within 60 s, and {limit} are granted")

    def _check_result(self) -> None:
        try:
            assert_same_result(self._run, self._reference, tuple(self._ordeal.workers))
        except (AssertionError, OSError) as error:
            self._violated(f"another result: {str(error)[:200]}")
        verified = self._run.command("verify", str(self._run.out))
        if verified.code or not (self._run.out / "_SUCCESS").exists():
            self._violated(f"verify gives {verified.code}: {verified.out}")

    def _violated(self, what: str) -> None:
        self.tally.violations.append(f"seed {self._ordeal.seed}: {what}")


def _live(process: ForkedProcess, seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
