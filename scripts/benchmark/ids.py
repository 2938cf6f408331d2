"""A file of made-up tweet IDs, one a line, in random order: ids.py PATH N YOUNGEST_DAYS OLDEST_DAYS

Snowflakes as they occur, the nearer the more. In a process of its own, since a child begins with its parent's peak
memory in the kernel's account.
"""

import sys
import time
from pathlib import Path

import numpy as np

DAY_MS = 86_400_000
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
PORTION = 100_000


def main() -> None:
    """Write the file."""
    path, n, youngest, oldest = Path(sys.argv[1]), *(int(argument) for argument in sys.argv[2:])
    random = np.random.default_rng(1)
    n_drawn = n + n // 1000 + 100  # a few come twice
    days = youngest + random.random(n_drawn) ** 1.5 * (oldest - youngest)
    times_ms = int(time.time() * 1000) - (days * DAY_MS).astype(np.int64)
    machines = random.integers(320, 384, size=n_drawn)
    sequences = random.integers(0, 48, size=n_drawn)
    ids = np.unique(((times_ms - SNOWFLAKE_EPOCH_MS) << 22) | (machines << 12) | sequences)
    random.shuffle(ids)
    with path.open("w") as file:
        for start in range(0, n, PORTION):
            file.write("".join(f"{i}\n" for i in ids[start : min(n, start + PORTION)].tolist()))


if __name__ == "__main__":
    main()
