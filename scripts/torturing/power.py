"""A small run that loses power at each moment of its life."""

import time
from functools import partial
from pathlib import Path

from side_by_side import side_by_side

from tests.end_to_end.power_cuts import cuts, record, what_is_wrong
from tests.end_to_end.sweeping import made_scene


def cut_power(folder: Path, seed: int) -> int:
    """Print how many disks were tried and whatever is wrong; how much is. seed: of the garbage."""
    begun = time.monotonic()
    with made_scene(folder / "scene") as scene, side_by_side(folder) as runs:
        calls = record(scene, runs.first)
        disks = list(cuts(scene, runs.first, calls, seed))
        wrong = [words for words in runs.each(partial(what_is_wrong, scene), disks) if words]
    took_s = time.monotonic() - begun
    print(
        f"power cuts (seed {seed}): {len(calls)} calls, {len(disks)} disks, {len(wrong)} wrong, {took_s:.0f} s"
    )
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return len(wrong)
