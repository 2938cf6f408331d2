"""Groupings: what the API would refuse is refused before it is asked, and sums of any depth."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.groupings import (
    FOUR_VALUES,
    OWN,
    OWN_SERIES,
    Grouping,
    Nested,
    add_nested,
    choose_groupings,
    own_groupings,
    parse_grouping,
)
from harvester.errors import UsageError

BY_DAY = Grouping("by_day", ("engagement.type", "engagement.day"))
BY_TWEET = Grouping("mine", ("tweet.id", "engagement.type"))
FOUR = Grouping("four", FOUR_VALUES[1])


def test_a_grouping_is_read_with_its_order() -> None:
    assert parse_grouping(" by_day = engagement.type , engagement.day ") == BY_DAY


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("by_day", "is no grouping"),
        ("=tweet.id", "is no grouping"),
        ("a=tweet.id,,engagement.type", "is no grouping"),
        ("a=tweet", "nothing to group by"),
        ("a=tweet.id,tweet.id", "twice"),
        ("errors=tweet.id", "no name for a grouping"),
        ("a=tweet.id,engagement.day,engagement.type,engagement.hour", "an order that the API refuses"),
        ("a=engagement.day,engagement.hour,tweet.id,engagement.type", "an order that the API refuses"),
    ],
)
def test_what_no_endpoint_takes_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_grouping(text)


@pytest.mark.parametrize("order", FOUR_VALUES)
def test_the_two_orders_of_four_values_are_taken(order: tuple[str, ...]) -> None:
    assert parse_grouping(f"a={','.join(order)}").group_by == order


def test_the_nearest_value_is_named() -> None:
    with pytest.raises(UsageError) as refused:
        parse_grouping("a=engagement.types")
    assert refused.value.hint == "Did you mean 'engagement.type'?"


def test_hours_on_totals_are_refused() -> None:
    with pytest.raises(UsageError, match=r"by_hour: totals cannot group by engagement\.hour"):
        choose_groupings([Grouping("by_hour", ("engagement.hour",))], None, ["totals"])
    with pytest.raises(UsageError, match="no time series"):
        choose_groupings([], "day", ["totals"])


def test_of_several_endpoints_each_gets_what_it_knows() -> None:
    chosen = choose_groupings([BY_DAY, BY_TWEET], "day", ["totals", "28hr"])
    assert chosen == {"totals": ((BY_TWEET,), None), "28hr": ((BY_DAY, BY_TWEET), "day")}


def test_there_are_three_in_all_with_the_one_of_the_records() -> None:
    others = [Grouping(name, ("engagement.type",)) for name in "abc"]
    choose_groupings(others[:2], None, ["28hr"])
    with pytest.raises(UsageError, match="takes 3 groupings in a request, and these are 4"):
        choose_groupings(others, None, ["28hr"])
    choose_groupings([*others[:2], BY_TWEET], None, ["28hr"])
    with pytest.raises(UsageError, match="these are 4"):
        choose_groupings([*others, BY_TWEET], None, ["28hr"])


def test_only_one_has_four_values_and_an_hourly_series_is_one() -> None:
    choose_groupings([FOUR], "day", ["28hr"])
    with pytest.raises(UsageError, match="one grouping of four values"):
        choose_groupings([FOUR], "hour", ["28hr"])
    choose_groupings([Grouping("same", FOUR_VALUES[0])], "hour", ["28hr"])


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two groupings have the name 'mine'"):
        choose_groupings([BY_TWEET, BY_TWEET], None, ["totals"])


def test_records_are_made_of_counts_and_series_as_far_as_there_is_room() -> None:
    names = [grouping.name for grouping in own_groupings("day")]
    assert names == [OWN, OWN_SERIES]
    assert [g.name for g in own_groupings("day", [BY_DAY])] == [OWN, OWN_SERIES]
    assert [g.name for g in own_groupings("day", [BY_DAY, FOUR])] == [OWN_SERIES]
    assert own_groupings(None, [BY_DAY, BY_TWEET]) == (BY_TWEET,)


keys = st.sampled_from("abc")
nested = st.dictionaries(keys, st.dictionaries(keys, st.integers(0, 9), max_size=3), max_size=3)


@given(st.lists(nested, max_size=5))
def test_sums_do_not_depend_on_order_and_leave_what_is_added_alone(parts: list[Nested]) -> None:
    before = copy.deepcopy(parts)
    forwards: Nested = {}
    backwards: Nested = {}
    for part in parts:
        add_nested(forwards, part)
    for part in reversed(parts):
        add_nested(backwards, part)
    assert forwards == backwards
    assert parts == before
    leaves = {(k, i) for part in parts for k, inner in part.items() for i in inner}
    assert all(forwards[k][i] == sum(part.get(k, {}).get(i, 0) for part in parts) for k, i in leaves)
