"""Problems: how many are told, how they are worded, and what an error becomes."""

from pathlib import Path
from typing import Any

import pytest

from harvester.errors import RunDirectoryError
from harvester.verify.differences import differences
from harvester.verify.findings import SHOWN, Findings, NoRoomError, Problem


def test_many_problems_of_a_kind_are_told_in_part_and_all_counted() -> None:
    findings = Findings(Path("run"))
    for line in range(1, 101):
        findings.add("a.ndjson", f"bad {line}", kind="record", line=line)
    lost = (Problem("b.ndjson", f"lost {n}") for n in range(1_000_000))
    findings.add_many("b.ndjson", "lost", 1_000_000, lost)
    told = findings.problems()
    assert findings.n_problems == 1_000_100
    assert [problem.what for problem in told if problem.file == "a.ndjson"] == [
        f"bad {line}" for line in range(1, SHOWN + 1)
    ]
    assert str(told[SHOWN - 1]) == "a.ndjson:10: bad 10 (and 90 more like this)"
    assert told[-1].n_more == 1_000_000 - SHOWN


def test_error_within_a_check_is_a_problem_without_the_path_twice() -> None:
    findings = Findings(Path("run"))
    with findings.check("journal.db") as check:
        raise RunDirectoryError("run/journal.db is damaged: torn")
    assert not check.holds
    assert [str(problem) for problem in findings.problems()] == ["journal.db: is damaged: torn"]


def test_lack_of_room_is_no_problem_of_the_directory() -> None:
    findings = Findings(Path("run"))
    with pytest.raises(NoRoomError), findings.check("input"):
        raise NoRoomError("temporary files: no space left on device")
    assert not findings.n_problems


@pytest.mark.parametrize(
    ("found", "computed", "says"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1000}, {"a": 2}, ["a is 1,000, and recomputed 2"]),
        ({}, {"a": {"b": 2}}, ["a is not there, and recomputed {'b': 2}"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["b is 2, and recomputed not there"]),
        (
            {"a": [1, 2]},
            {"a": [1, 3, 4]},
            ["a[1] is 2, and recomputed 3", "a[2] is not there, and recomputed 4"],
        ),
        ({"a": 1}, {"a": True}, ["a is 1, and recomputed True"]),
        ({"a": 1}, {"a": 1.0}, ["a is 1, and recomputed 1.0"]),
    ],
)
def test_differences_are_told_by_their_places(found: Any, computed: Any, says: list[str]) -> None:
    assert list(differences(found, computed)) == says
