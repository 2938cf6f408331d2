"""What is told of a file: rejected lines by reason, owners, rounding."""

import numpy as np
import pytest

from harvester.inspection import files
from harvester.inspection.files import EXAMPLES, MOST_REASONS, OTHER_REASONS, FileFacts, Owners, Reasons
from harvester.sources import Chunk, Rejected


def rejected(reason: str, file: str = "a", n_lines: int = 1) -> list[Rejected]:
    return [Rejected(file, line, "text", reason) for line in range(1, n_lines + 1)]


def reasons_of(lines: list[Rejected]) -> Reasons:
    reasons = Reasons()
    reasons.add(lines)
    return reasons


def test_the_first_lines_of_each_reason_are_its_examples() -> None:
    reasons = reasons_of([*rejected("rare"), *rejected("frequent", n_lines=9)])
    assert [(reason, n) for reason, n, _ in reasons] == [("frequent", 9), ("rare", 1)]
    assert reasons.examples["frequent"] == rejected("frequent", n_lines=EXAMPLES)


def test_reasons_beyond_many_are_counted_together() -> None:
    reasons = reasons_of([line for n in range(MOST_REASONS + 30) for line in rejected(f"reason {n}")])
    assert len(reasons.counts) == MOST_REASONS + 1
    assert reasons.counts[OTHER_REASONS] == 30
    assert len(reasons.examples[OTHER_REASONS]) == EXAMPLES


def test_examples_of_all_files_are_of_several_files() -> None:
    together = Reasons.of_all([reasons_of(rejected("why", file, 5)) for file in "ab"])
    assert together.counts["why"] == 10
    assert [(line.file, line.line) for line in together.examples["why"]] == [("a", 1), ("b", 1), ("a", 2)]


def test_owners_beyond_many_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_OWNERS", 2)
    owners = Owners()
    owners.add(["ada", "bob", "", "ada"])
    owners.add(["cem", "bob", "cem", "ada"])
    assert (owners.tweets, owners.nameless, owners.others) == ({"ada": 3, "bob": 2}, 1, 2)
    assert owners.largest() == [("ada", 3), ("bob", 2)]


@pytest.mark.parametrize(
    ("n_ids", "step", "looks_rounded"), [(19, 100, False), (20, 100, True), (99, 1, False)]
)
def test_a_file_looks_rounded_when_many_of_its_ids_end_in_00(
    n_ids: int, step: int, *, looks_rounded: bool
) -> None:
    facts = FileFacts("a")
    ids = np.arange(n_ids, dtype=np.int64) * step + 10**18
    facts.add(Chunk(ids, (), n_ids, 0, 0, 0, None))
    assert facts.looks_rounded is looks_rounded
