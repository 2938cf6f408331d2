"""The events of `--log-format json`: their table, and that it is the README's."""

import json
from pathlib import Path

import pytest

from harvester.cli.events import EVENTS, OF_ALL, event_line, table_of_events, time_text

README = (Path(__file__).parents[2] / "README.md").read_text()
HEAD = table_of_events().splitlines()[0]


def test_the_readme_has_the_table_of_events_as_it_is() -> None:
    if HEAD not in README:
        pytest.skip("the README has no table of events yet")
    assert table_of_events() in README


def test_an_event_has_its_name_and_time_first() -> None:
    line = event_line("go_on", 1_795_546_351.25, {"endpoint": "totals"})
    assert json.loads(line) == {"event": "go_on", "time": "2026-11-24T18:52:31.250Z", "endpoint": "totals"}
    assert line.startswith('{"event":"go_on","time":')


def test_no_event_has_a_field_of_the_name_of_those_that_all_have() -> None:
    assert not [name for name, event in EVENTS.items() if event.fields.keys() & OF_ALL.keys()]


@pytest.mark.parametrize("at_s", [0.0, 1_795_546_351.999])
def test_times_are_in_utc_and_of_one_width(at_s: float) -> None:
    assert len(time_text(at_s)) == len("2026-11-24T18:52:31.250Z")
    assert time_text(at_s).endswith("Z")
