"""Tweets that were given up: exit code 3, and the same command asks for them again."""

import json

from tests.end_to_end.conftest import FakeService, Runner, counted


def test_dead_letters_are_asked_again_and_move_to_the_records(
    run: Runner, ids: list[int], fake: FakeService
) -> None:
    """As long as the service is ill, it counts tweets whose ID ends in 7 as -5."""
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:600]))
    fake.rule = lambda _, asked: counted(asked, lambda i: "-5" if i.endswith("7") else "3")
    ill = {i for i in ids[:600] if i % 10 == 7}
    arguments = ("ids.txt", "--base-url", fake.url)
    first = run(*arguments)
    letters = [json.loads(line) for line in (run.out / "totals.failed.ndjson").read_text().splitlines()]
    assert (first.code, first.last_line["failed"]) == (3, len(ill))
    assert {int(letter["tweet_id"]) for letter in letters} == ill
    assert all("-5" in letter["error"] and letter["attempts"] == 1 for letter in letters)
    assert not (run.out / "_SUCCESS").exists()
    fake.rule = lambda _, asked: counted(asked, lambda _: "3")
    fake.asked.clear()
    second = run(*arguments)
    assert (second.code, second.last_line["ok"], second.last_line["failed"]) == (0, 600, 0)
    assert {int(i) for _, asked in fake.asked for i in asked} == ill
    assert sorted(int(record["tweet_id"]) for record in run.records()) == sorted(ids[:600])
    assert (run.out / "totals.failed.ndjson").read_text() == ""
