"""What happened when, in a bounded number of spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.timeline import MOST_SPANS, NOTHING, Happened, Timeline

moments = st.lists(st.tuples(st.floats(0, 1e7), st.integers(0, 1000)), max_size=50)


@given(moments)
def test_nothing_is_lost_and_the_number_of_spans_is_bounded(happened: list[tuple[float, int]]) -> None:
    timeline = Timeline()
    for at_s, settled in happened:
        timeline.add(at_s, Happened(settled=settled))
    assert sum(span.settled for span in timeline.spans) == sum(settled for _, settled in happened)
    assert len(timeline.spans) <= MOST_SPANS


@given(moments)
def test_what_is_kept_as_json_comes_back(happened: list[tuple[float, int]]) -> None:
    timeline = Timeline()
    for at_s, settled in happened:
        timeline.add(at_s, Happened(settled=settled, service_s=0.5))
    back = Timeline.from_dict(timeline.to_dict())
    assert (back.width_s, back.spans) == (timeline.width_s, timeline.spans)


def test_spans_are_as_fine_as_the_run_is_short() -> None:
    timeline = Timeline()
    timeline.add(3.7, Happened(sent=1))
    assert (timeline.width_s, timeline.spans) == (1, [NOTHING, NOTHING, NOTHING, Happened(sent=1)])
    timeline.add(MOST_SPANS, Happened(sent=1))
    assert timeline.width_s == 2
    assert [place for place, span in enumerate(timeline.spans) if span.sent] == [1, MOST_SPANS // 2]


def test_a_difference_and_a_sum_undo_each_other() -> None:
    first, second = Happened(3, 2, 1, 0, 0.5), Happened(1, 1, 0, 0, 0.25)
    assert (first - second) + second == first


def test_a_clock_set_back_counts_for_the_beginning() -> None:
    timeline = Timeline()
    timeline.add(-5.0, Happened(sent=1))
    assert timeline.spans == [Happened(sent=1)]


def test_seconds_waited_are_spread_over_the_time_in_which_that_was() -> None:
    timeline = Timeline()
    timeline.add_since(0.5, 3.0, Happened(settled=5, sent=2, rate_limit_s=2.5))
    assert [span.rate_limit_s for span in timeline.spans] == [0.5, 1.0, 1.0, 0.0]
    assert [span.settled for span in timeline.spans] == [0, 0, 0, 5]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 100)), max_size=30))
def test_no_second_waited_is_lost(waits: list[tuple[float, float]]) -> None:
    timeline, before = Timeline(), 0.0
    for at_s, waited_s in sorted(waits):
        timeline.add_since(before, at_s, Happened(service_s=waited_s))
        before = at_s
    assert sum(span.service_s for span in timeline.spans) == pytest.approx(sum(s for _, s in waits))


def test_what_never_happened_takes_no_room_in_json() -> None:
    timeline = Timeline()
    timeline.add(1.0, Happened(settled=5))
    assert timeline.to_dict() == {"width_s": 1, "spans": 2, "settled": [0, 5]}
