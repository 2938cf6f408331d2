"""Several endpoints in one run: what ends one of them leaves the others to finish."""

from collections import Counter

import pytest

from tests.end_to_end.by_hand import Asked, Reply, counts, serving
from tests.end_to_end.running import USER_KEYS, Runner

REFUSALS = {
    "credentials": (4, Reply(401, {"errors": [{"message": "Could not authenticate you"}]})),
    "service": (5, Reply(503, {"errors": ["Service unavailable"]})),
    "address": (2, Reply(404, {"errors": ["Not found"]})),
}


@pytest.mark.parametrize("why", REFUSALS)
@pytest.mark.parametrize("refused", ["28hr", "totals"])
def test_refused_endpoint_leaves_the_other_to_finish_and_the_same_command_does_the_rest(
    run: Runner, ids: list[int], refused: str, why: str
) -> None:
    code, refusal = REFUSALS[why]
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:600]))
    is_refused = True

    def answer(asked: Asked, _n: int) -> Reply:
        return refusal if is_refused and asked["endpoint"] == refused else counts(asked)

    with serving(answer) as service:
        arguments = ("ids.txt", "--base-url", service.url, "-e", "totals", "-e", "28hr", "--patience", "2")
        first = run(*arguments, keys=USER_KEYS)
        assert (first.code, first.last_line["exit"], first.last_line["ok"]) == (code, code, 600), first.err
        assert f"{refused} has ended early: " in first.err
        assert f"harvester: {refused}: " in first.err
        assert not (run.out / "_SUCCESS").exists()
        done = {"28hr": "totals", "totals": "28hr"}[refused]
        assert len(run.records(done)) == 600
        is_refused = False
        service.asked.clear()
        second = run(*arguments, keys=USER_KEYS)
        assert (second.code, second.last_line["ok"]) == (0, 1_200), second.err
        assert {asked["endpoint"] for asked in service.asked} == {refused}
    for name in ("totals", "28hr"):
        assert Counter(int(record["tweet_id"]) for record in run.records(name)) == Counter(ids[:600])


def test_every_endpoint_that_ended_early_says_why_and_what_needs_a_person_decides(
    run: Runner, ids: list[int]
) -> None:
    """An outage passes by itself, refused credentials do not: running again would not help."""
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:60]))
    refusals = {"totals": REFUSALS["service"][1], "28hr": REFUSALS["credentials"][1]}
    with serving(lambda asked, _n: refusals[asked["endpoint"]]) as service:
        arguments = ("ids.txt", "--base-url", service.url, "-e", "totals", "-e", "28hr", "--patience", "2")
        finished = run(*arguments, keys=USER_KEYS)
    assert (finished.code, finished.last_line["exit"]) == (4, 4)
    assert "harvester: 28hr: " in finished.err
    assert "; totals: " in finished.err
