"""A short form of `scripts/torture`."""

import time
from pathlib import Path
from random import randrange

import pytest

from tests.end_to_end.torturing import Kind, Torture, draw_ordeal


@pytest.mark.parametrize("kind", ["endpoints", "windows"])
def test_harvest_amid_faults_that_is_killed_again_and_again_equals_an_undisturbed_one(
    kind: Kind, tmp_path: Path
) -> None:
    now_s = time.time()
    tally = Torture(draw_ordeal(randrange(10**6), now_s, kind=kind, size=0.1), tmp_path, now_s).run()
    assert not tally.violations
    assert tally.n_kills >= 3, tally
