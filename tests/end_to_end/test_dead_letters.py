"""Tweets that were given up: exit code 3, and the same command asks for them again."""

import json

from tests.end_to_end.by_hand import Asked, Reply, counts, serving
from tests.end_to_end.running import Runner


def test_dead_letters_are_asked_again_and_move_to_the_records(run: Runner, ids: list[int]) -> None:
    """As long as the service is ill it counts tweets whose ID ends in 7 as -5."""
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:600]))
    ill = {i for i in ids[:600] if i % 10 == 7}
    is_ill = True

    def answer(asked: Asked, _n: int) -> Reply:
        reply = counts(asked, request_id="unknown")
        for tweets in (part for part in reply.body.values() if isinstance(part, dict)):
            tweets.update(
                (i, dict.fromkeys(row, "-5")) for i, row in tweets.items() if is_ill and i.endswith("7")
            )
        return reply

    with serving(answer) as service:
        arguments = ("ids.txt", "--base-url", service.url)
        first = run(*arguments)
        letters = [json.loads(line) for line in (run.out / "totals.failed.ndjson").read_text().splitlines()]
        assert (first.code, first.last_line["failed"]) == (3, len(ill))
        assert {int(letter["tweet_id"]) for letter in letters} == ill
        assert all("-5" in letter["error"] and letter["attempts"] == 1 for letter in letters)
        assert not (run.out / "_SUCCESS").exists()
        is_ill = False
        service.asked.clear()
        second = run(*arguments)
        asked = {int(i) for tweets in service.tweets for i in tweets}
    assert (second.code, second.last_line["ok"], second.last_line["failed"]) == (0, 600, 0)
    assert asked == ill
    assert sorted(int(record["tweet_id"]) for record in run.records()) == sorted(ids[:600])
    assert (run.out / "totals.failed.ndjson").read_text() == ""


def test_tweet_that_is_let_through_twice_has_one_dead_letter(run: Runner, ids: list[int]) -> None:
    """Once in each of two batches, both of which give it up."""
    young = sorted(ids)[-250:]
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in (*young, *young)))
    bad, is_ill = str(young[0]), True

    def answer(asked: Asked, _n: int) -> Reply:
        reply = counts(asked)
        if is_ill and bad in asked["tweet_ids"]:
            reply.body["harvester"][bad] = {"favorites": "-1"}
        return reply

    with serving(answer) as service:
        arguments = ("ids.txt", "-m", "favorites", "--no-dedupe", "--base-url", service.url)
        first = run(*arguments)
        assert (first.code, first.last_line["ok"], first.last_line["failed"]) == (3, 498, 1), first.err
        assert run.verify().code == 0
        is_ill = False
        second = run(*arguments)
    assert (second.code, second.last_line["ok"]) == (0, 499), second.err
    assert run.summary()["endpoints"]["totals"]["repeated"] == 1
    assert run.verify().code == 0
