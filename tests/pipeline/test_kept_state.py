"""What a checkpoint remembers of an endpoint beside its totals."""

from collections.abc import Sequence

import pytest

from harvester.pipeline.both import Both
from harvester.pipeline.kept_state import History, InputSeen, added, input_seen, size_of
from harvester.pipeline.reading import InputCounts
from harvester.timeline import Happened, Timeline

HALF = InputSeen(100, is_done=False, fraction=0.5, bytes=4_000)
WHOLE = InputSeen(200, is_done=True, fraction=1.0, bytes=4_000)


def test_two_sides_count_together_only_while_both_go_on() -> None:
    now = 0.0
    both = Both(lambda: now)
    with both.during("first"):
        now = 1.0
        with both.during("second"):
            now = 3.0
            assert (both.since, both.seconds) == (1.0, 2.0)
        now = 5.0
        assert both.since is None
        with both.during("second"), both.during("first"):
            now = 6.0
    assert both.seconds == 3.0


@pytest.mark.parametrize(
    ("now", "earlier", "believed"),
    [
        (HALF, None, HALF),
        (HALF, WHOLE, WHOLE),
        (InputSeen(10, is_done=False, fraction=0.1, bytes=4_000), HALF, HALF),
        (HALF, InputSeen(10, is_done=False, fraction=0.1, bytes=4_000), HALF),
        (InputSeen(210, is_done=True, fraction=1.0, bytes=5_000), WHOLE, None),
        (InputSeen(20, is_done=False, fraction=0.1, bytes=5_000), WHOLE, None),
    ],
)
def test_a_total_known_before_is_believed_unless_the_input_has_grown(
    now: InputSeen, earlier: InputSeen | None, believed: InputSeen | None
) -> None:
    assert now.or_earlier(earlier) == (believed or now)


@pytest.mark.parametrize(
    ("sizes", "n_bytes", "fraction"), [([300, 100], 400, 0.5), ([300, None], None, None), ([], 0, None)]
)
def test_how_much_is_read_is_known_of_files_and_not_of_streams(
    sizes: Sequence[int | None], n_bytes: int | None, fraction: float | None
) -> None:
    assert size_of(sizes) == n_bytes
    seen = InputSeen.of(InputCounts(distinct=9, too_old=2, bytes=200), size_of(sizes), is_done=False)
    assert seen == InputSeen(7, is_done=False, fraction=fraction, bytes=n_bytes)


def test_a_journal_of_an_earlier_version_says_nothing_of_the_input() -> None:
    assert input_seen({"requests": {}}) is None


def test_what_happened_is_kept_over_processes() -> None:
    first = History({}, 0.0)
    first.add(1.0, Happened(settled=5, sent=1))
    first.add(2.0, Happened(settled=9, sent=2, service_s=1.0))
    second = History({"timeline": first.to_dict()}, 8.0)
    second.add(9.5, Happened(settled=4, sent=1))
    spans = Timeline.from_dict(second.to_dict()).spans
    assert [span.settled for span in spans] == [0, 5, 4, 0, 0, 0, 0, 0, 0, 4]
    assert sum(span.service_s for span in spans) == 1.0


def test_counts_of_processes_are_added_also_where_one_lacks_them() -> None:
    assert added({"sent": 1, "errors": {"service": 2}}, {"sent": 2, "errors": {"timeout": 1}, "new": 3}) == {
        "sent": 3,
        "errors": {"service": 2, "timeout": 1},
        "new": 3,
    }
