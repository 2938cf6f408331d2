"""Which fault strikes which request."""

import pytest

from harvester.simulator.catalogue import Fault
from harvester.simulator.draws import Draws
from harvester.simulator.fault_rules import Chance, Moment, parse_rules
from harvester.simulator.strikes import Strikes


def struck(strikes: Strikes, n: int, seed: int = 1) -> list[Fault | None]:
    draws = Draws(seed)
    return [strikes.by_chance("totals", draws.next(b"request")) for _ in range(n)]


def test_faults_happen_as_often_as_asked_for() -> None:
    drawn = struck(Strikes((Chance("html", 0.05), Chance("hang", 0.1))), 4000)
    assert drawn.count("html") / 4000 == pytest.approx(0.05, abs=0.015)
    assert drawn.count("hang") / 4000 == pytest.approx(0.095, abs=0.02)


def test_the_same_seed_strikes_the_same_requests_and_another_one_others() -> None:
    rules = parse_rules("all=0.5")
    assert struck(Strikes(rules), 200) == struck(Strikes(rules), 200)
    assert struck(Strikes(rules), 200) != struck(Strikes(rules), 200, seed=2)


@pytest.mark.parametrize("probability", [0.2, 1.0])
def test_all_is_each_fault_that_passes_equally_often_and_the_probability_together(probability: float) -> None:
    rules = parse_rules(f"all={probability}")
    drawn = [fault for fault in struck(Strikes(rules), 6000) if fault]
    assert len(drawn) / 6000 == pytest.approx(probability, abs=0.02)
    shares = [drawn.count(rule.fault) / len(drawn) for rule in rules]
    assert shares == pytest.approx([1 / len(rules)] * len(rules), abs=0.02)


def test_a_burst_goes_on_for_its_length_and_then_chance_decides_again() -> None:
    drawn = struck(Strikes((Chance("http-503", 0.02, 5),)), 3000)
    runs = "".join("x" if fault else " " for fault in drawn).split()
    assert len(runs) > 20
    assert {len(run) % 5 for run in runs} == {0}


def test_a_burst_is_of_one_endpoint_only() -> None:
    alone, beside = (Strikes((Chance("reset", 0.1, 3),)) for _ in range(2))
    draws, others = Draws(1), Draws(2)
    drawn = [draws.next(b"request") for _ in range(300)]
    expected = [alone.by_chance("28hr", draw) for draw in drawn]
    found = []
    for draw in drawn:
        beside.by_chance("totals", others.next(b"other"))
        found.append(beside.by_chance("28hr", draw))
    assert found == expected
    assert expected.count("reset") > 30


def test_a_fault_and_a_burst_of_it_are_two_chances() -> None:
    drawn = struck(Strikes((Chance("http-503", 0.05), Chance("http-503", 0.04, 8))), 3000)
    runs = "".join("x" if fault else " " for fault in drawn).split()
    assert sum(len(run) >= 8 for run in runs) > 10


def test_a_moment_strikes_exactly_the_requests_that_it_names() -> None:
    strikes = Strikes((Moment("html", 2, 2), Moment("reset", 4, 6), Moment("empty", 6, 7)))
    assert [strikes.at_moment() for _ in range(8)] == [
        None,
        "html",
        None,
        "reset",
        "reset",
        "reset",
        "empty",
        None,
    ]
