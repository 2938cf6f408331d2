"""How it is written what is to go wrong when."""

import re

import pytest

from harvester.simulator.catalogue import KINDS
from harvester.simulator.fault_rules import Chance, Moment, Outage, Rule, parse_outage, parse_rules


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("html=0.05", Chance("html", 0.05)),
        ("html=1", Chance("html", 1.0)),
        ("html=1e-3", Chance("html", 0.001)),
        ("http-503=0.01x8", Chance("http-503", 0.01, 8)),
        ("reset=@1", Moment("reset", 1, 1)),
        ("reset=@5-9", Moment("reset", 5, 9)),
        ("reset=@5x10", Moment("reset", 5, 14)),
    ],
)
def test_a_rule_is_a_probability_a_burst_or_a_moment(text: str, rule: Rule) -> None:
    assert parse_rules(text) == (rule,)


def test_all_leaves_out_what_costs_minutes_or_changes_the_result() -> None:
    left_out = KINDS.keys() - {rule.fault for rule in parse_rules("all=0.1")}
    assert left_out == {
        "rate-limit",
        "rate-limit-json",
        "rate-limit-html",
        "rate-limit-retry-after",
        "rate-limit-headers",
        "hang",
        "drip",
        "missing-ids",
        "doubled-key",
        "bad-counts",
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nonsense=0.5", "'nonsense' is no fault; there are: all, http-500"),
        ("hang", "'' is no probability from 0 to 1 and no moment, such as hang=0.05, hang=0.01x8"),
        ("hang=2", "'2' is no probability"),
        ("hang=x", "'x' is no probability"),
        ("hang=nan", "'nan' is no probability"),
        ("hang=-1", "'-1' is no probability"),
        ("hang=1-1", "'1-1' is no probability"),
        ("hang=0.5x", "'0.5x' is no probability"),
        ("hang=@", "'@' is no probability"),
        ("hang=0.5x0", "'hang=0.5x0': a burst has at least one request"),
        ("hang=@0", "'hang=@0': requests are counted from 1"),
        ("hang=@5-4", "'hang=@5-4': requests are counted from 1"),
        ("hang=@5x0", "'hang=@5x0': requests are counted from 1"),
        ("all=@5", "'@5' is no probability from 0 to 1 and no moment, such as all=0.05"),
    ],
)
def test_a_rule_that_is_none_is_complained_about(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}"):
        parse_rules(text)


@pytest.mark.parametrize(
    ("text", "outage"),
    [
        ("5+30", Outage(5, 30, "503")),
        ("0+0.5=502", Outage(0, 0.5, "502")),
        ("1+2=reset", Outage(1, 2, "reset")),
        ("1+2=refuse", Outage(1, 2, "refuse")),
    ],
)
def test_an_outage_has_a_start_a_length_and_a_style(text: str, outage: Outage) -> None:
    assert parse_outage(text) == outage


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("5", "'5' is not START+LENGTH in seconds"),
        ("x+3", "'x+3' is not START+LENGTH in seconds"),
        ("-1+3", "'-1+3' does not start at 0 or later"),
        ("nan+3", "'nan+3' does not start at 0 or later"),
        ("1+0", "'1+0' does not start at 0 or later, or has no length"),
        ("1+2=404", "'404' is no kind of outage; there are: 500, 502, 503, reset, refuse"),
        ("1+2=", "'' is no kind of outage"),
    ],
)
def test_an_outage_that_is_none_is_complained_about(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}"):
        parse_outage(text)
