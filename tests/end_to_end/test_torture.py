"""A short form of `scripts/torture`, and the same for the gentler end."""

import gzip
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random, randrange

import pytest

from harvester.engagement.allowance import MINUTE_S
from harvester.simulator.population import make_ids
from tests.end_to_end.forked import ForkingRunner, ForkServer, running_simulator
from tests.end_to_end.ordeals import Kind, draw_ordeal
from tests.end_to_end.running import let_pass, wait_for
from tests.end_to_end.torturing import Torture


@pytest.mark.parametrize("kind", ["endpoints", "windows"])
def test_harvest_amid_faults_that_is_killed_again_and_again_equals_an_undisturbed_one(
    server: ForkServer, kind: Kind, tmp_path: Path
) -> None:
    n_kills = 0
    while n_kills < 3:
        seed, now_s = randrange(10**6), time.time()
        folder = tmp_path / str(seed)
        folder.mkdir()
        ordeal = draw_ordeal(seed, now_s, kind=kind, size=0.1)
        # A machine that has other things to do may be late with a commit.
        tally = Torture(ordeal, folder, server, now_s, worth_s=5.0, knows_limit=True).run()
        assert not tally.violations
        n_kills += tally.n_kills


def test_ten_terminations_at_any_moment_end_in_time_and_cost_no_request(
    server: ForkServer, tmp_path: Path
) -> None:
    """While it starts, reads a compressed input, keeps to a limit or waits for one to pass, and in between."""
    seed = randrange(10**6)
    chance = Random(seed)
    ids = make_ids(15_000, seed, int(time.time() * 1000)).tolist()
    (tmp_path / "ids.txt.gz").write_bytes(gzip.compress("".join(f"{i}\n" for i in ids).encode()))
    grace_s = 2.0
    run = ForkingRunner(tmp_path, server)
    arguments = ("ids.txt.gz", "--grace", str(grace_s), "-q", "--base-url")
    trouble = ("--fault", "rate-limit-retry-after=0.1", "--rate-limit", "1200", "--latency", "30")
    with running_simulator(tmp_path, *trouble) as simulator:
        for n in range(10):
            if n % 3:
                # What the last process learnt may hold this one up for most of a minute.
                let_pass(run, MINUTE_S)
            n_asked = len(simulator.requests())
            process = run.start(*arguments, simulator.url)
            if n % 3:
                wait_for(lambda n=n_asked: len(simulator.requests()) > n, "a request")  # type: ignore[misc]
            time.sleep(chance.random() * (0.5 if n % 3 else 0.1))
            process.send_signal(signal.SIGTERM)
            code = process.wait(grace_s + 1.0)
            # Before it listens, the signal's own way is to end it; a shell says 143 of both.
            assert code in (143, -signal.SIGTERM), f"seed {seed}: exit code {code}"
    # Without trouble, and what it has taught, the rest is quick. Its log goes on behind what is there.
    (run.out / ".pace-totals.json").unlink(missing_ok=True)
    with running_simulator(tmp_path) as simulator:
        assert run(*arguments, simulator.url).code == 0
        answered = Counter(i for r in simulator.requests() if r["whole"] for i in r["tweet_ids"])
    assert max(answered.values()) == 1, f"seed {seed}"
    assert sorted(record["tweet_id"] for record in run.records()) == sorted(map(str, ids))
