"""Tweet IDs as they occur."""

import numpy as np
import pytest

from harvester.engagement.tweet_id import DAY_MS, FIRST_SNOWFLAKE, first_id_at
from harvester.simulator.population import make_ids

NOW_MS = 1_795_000_000_000


@pytest.mark.parametrize("n", [0, 1, 1000, 50_000])
def test_ids_are_as_many_as_asked_different_and_valid(n: int) -> None:
    ids = make_ids(n, 1, NOW_MS)
    assert ids.dtype == np.int64
    assert len(np.unique(ids)) == len(ids) == n
    assert ((ids > 0) & (ids < first_id_at(NOW_MS))).all()


def test_ids_are_the_same_for_the_same_seed_only() -> None:
    assert (make_ids(100, 1, NOW_MS) == make_ids(100, 1, NOW_MS)).all()
    assert (make_ids(100, 1, NOW_MS) != make_ids(100, 2, NOW_MS)).any()


def test_ids_are_mostly_recent_some_archived_a_few_from_before_snowflake() -> None:
    ids = make_ids(20_000, 1, NOW_MS)
    assert (ids >= first_id_at(NOW_MS - 90 * DAY_MS)).mean() == pytest.approx(0.75, abs=0.02)
    assert (ids < FIRST_SNOWFLAKE).mean() == pytest.approx(0.03, abs=0.01)
