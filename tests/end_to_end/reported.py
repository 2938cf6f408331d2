"""A run that has something of everything, for tests of its report."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harvester.simulator.population import make_ids
from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import USER_KEYS

HOSTILE_NAME: Final = '<img src=x onerror="alert(1)">.txt'
HOSTILE_LINE: Final = "</td><script>document.title='taken'</script>"
N_IDS: Final = 200


@dataclass(frozen=True)
class Reported:
    """The run, and the arguments that made it."""

    run: ForkingRunner
    arguments: tuple[str, ...]

    @property
    def page(self) -> Path:
        """Its report."""
        return self.run.out / "report.html"


@contextmanager
def reported_run(folder: Path) -> Iterator[Reported]:
    """Two endpoints, a series by the hour, dead letters, rejected lines, and names that would be HTML."""
    ids = make_ids(N_IDS, 11, int(time.time() * 1000)).tolist()
    (folder / HOSTILE_NAME).write_text("\n".join([*map(str, ids), HOSTILE_LINE, "1.12E+18", ""]))
    flags = ("--fault", "bad-counts=@1-15", "--fault", "http-503=@16", "--owned-share", "0.9")
    (folder / "simulator").mkdir()
    with running_simulator(folder / "simulator", *flags) as simulator:
        run = ForkingRunner(folder, shared_server())
        arguments = (
            *(HOSTILE_NAME, "--base-url", simulator.url, "--auth-url", simulator.url, "--report"),
            *("-e", "totals", "-e", "historical", "--start", "2d", "--series", "hour"),
            *("-m", "impressions,engagements,favorites,engagement_rate"),
            *("--group", "by_type=engagement.type", "--concurrency", "2"),
        )
        finished = run(*arguments, keys=USER_KEYS)
        assert finished.code == 3, finished.err
        yield Reported(run, arguments)
