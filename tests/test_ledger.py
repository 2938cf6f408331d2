"""How many handles a month: counted once each, by app, kept over runs, and held under a ceiling."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.credentials import AccessToken, AppKey, Secret
from harvester.errors import StorageError, UsageError
from harvester.ledger import (
    Ledger,
    MonthCount,
    Months,
    app_of,
    handle_of,
    ledger_path,
    month_of,
    with_handles,
)

APP = AppKey(Secret("key-canary"), Secret("secret-canary"))
OTHER_APP = AppKey(Secret("other-canary"), Secret("secret-canary"))


def at(year: int, month: int, day: int = 15) -> float:
    return datetime(year, month, day, tzinfo=UTC).timestamp()


JULY, AUGUST = at(2026, 7), at(2026, 8)


def token(text: str) -> AccessToken:
    return AccessToken(Secret(text), Secret("token-secret-canary"))


def users(*numbers: int) -> dict[str, AccessToken]:
    return {f"account {number}": token(f"{number}-canary") for number in numbers}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "harvester" / "handles.json")


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("185728888-aBc", "user:185728888"),
        ("185728888-other-token", "user:185728888"),
        ("185728888", None),
        ("-abc", None),
        ("ab12-abc", None),
        ("²-abc", None),
    ],
)
def test_a_handle_is_the_users_number_or_else_a_hash(text: str, handle: str | None) -> None:
    found = handle_of(token(text))
    assert found == handle or (handle is None and found.startswith("token:") and text not in found)
    assert found == handle_of(token(text))


def test_other_tokens_and_other_apps_have_other_hashes() -> None:
    assert handle_of(token("a")) != handle_of(token("b"))
    assert app_of(APP) != app_of(OTHER_APP)
    assert "canary" not in app_of(APP)


@pytest.mark.parametrize(
    ("now_s", "month"),
    [(0, "1970-01"), (at(2026, 7, 1), "2026-07"), (at(2026, 7, 1) - 0.001, "2026-06"), (JULY, "2026-07")],
)
def test_months_are_utcs(now_s: float, month: str) -> None:
    assert month_of(now_s) == month


def test_handles_are_counted_once_by_month_and_app(ledger: Ledger) -> None:
    assert ledger.use(APP, users(1, 2), JULY) == MonthCount("2026-07", 2, 2)
    assert ledger.use(APP, users(1, 2), JULY) == MonthCount("2026-07", 2, 0)
    assert ledger.use(APP, users(2, 3), JULY) == MonthCount("2026-07", 3, 1)
    assert ledger.use(OTHER_APP, users(1), JULY) == MonthCount("2026-07", 1, 1)
    assert ledger.use(APP, users(1), AUGUST) == MonthCount("2026-08", 1, 1)
    assert ledger.use(APP, {}, JULY) == MonthCount("2026-07", 3, 0)


def test_two_tokens_of_one_user_are_one_handle(ledger: Ledger) -> None:
    assert ledger.use(APP, {"a": token("7-x"), "b": token("7-y")}, JULY).handles == 1


def test_over_the_ceiling_nothing_is_recorded(ledger: Ledger) -> None:
    ledger.use(APP, users(1, 2), JULY, ceiling=2)
    with pytest.raises(
        UsageError, match=r"4 handles .* in 2026-07, 2 of them new, .* ceiling is 2"
    ) as caught:
        ledger.use(APP, users(1, 3, 4), JULY, ceiling=2)
    assert "canary" not in f"{caught.value} {caught.value.hint}"
    assert ledger.use(APP, {}, JULY).handles == 2


def test_handles_that_were_used_this_month_may_be_used_over_the_ceiling(ledger: Ledger) -> None:
    ledger.use(APP, users(1, 2, 3), JULY)
    assert ledger.use(APP, users(1, 3), JULY, ceiling=1) == MonthCount("2026-07", 3, 0)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sets(st.sampled_from("123456")))),
    st.integers(0, 6),
)
def test_no_month_goes_over_the_ceiling_and_none_is_forgotten(
    uses: list[tuple[str, str, set[str]]], ceiling: int
) -> None:
    truth: dict[tuple[str, str], set[str]] = {}
    months: Months = {}
    for month, app, handles in uses:
        wanted = truth.get((month, app), set()) | handles
        if len(wanted) > ceiling and wanted != truth.get((month, app), set()):
            with pytest.raises(UsageError):
                with_handles(months, month, app, handles, ceiling)
            continue
        months, count = with_handles(months, month, app, handles, ceiling)
        truth[month, app] = wanted
        assert count.handles == len(wanted) <= ceiling
    assert {key: set(months[key[0]][key[1]]) for key in truth} == truth


def test_nothing_secret_is_in_the_file(ledger: Ledger) -> None:
    ledger.use(APP, {**users(1), "x": token("no-number-canary")}, JULY)
    text = ledger.path.read_text()
    assert "canary" not in text
    document = json.loads(text)
    assert document["schema"] == 1
    assert document["months"]["2026-07"][app_of(APP)][1] == "user:1"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged"),
        (b'{"schema":1,"months":', "damaged"),
        (b"[]", "damaged"),
        (b'{"schema":1,"months":{"2026-07":["user:1"]}}', "damaged"),
        (b'{"schema":1,"months":{"2026-07":{"app":[1]}}}', "damaged"),
        (b"\xff", "damaged"),
        (b'{"schema":2,"months":{}}', "later version"),
    ],
)
def test_a_damaged_ledger_is_said_and_left_alone(ledger: Ledger, content: bytes, words: str) -> None:
    ledger.path.parent.mkdir(parents=True)
    ledger.path.write_bytes(content)
    with pytest.raises(UsageError, match=rf"handles\.json is .*{words}|{words}") as caught:
        ledger.use(APP, users(1), JULY)
    assert caught.value.hint
    assert ledger.path.read_bytes() == content


def test_a_ledger_that_cannot_be_read_is_wrong_usage(ledger: Ledger) -> None:
    ledger.path.mkdir(parents=True)
    with pytest.raises(UsageError, match="directory"):
        ledger.use(APP, users(1), JULY)


def test_a_folder_that_cannot_be_made_is_the_disks_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        Ledger(tmp_path / "file" / "handles.json").use(APP, users(1), JULY)


def test_several_at_once_lose_nothing(ledger: Ledger) -> None:
    def use_every_fourth(first: int) -> None:
        for number in range(first, 40, 4):
            ledger.use(APP, users(number), JULY)

    threads = [threading.Thread(target=use_every_fourth, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.use(APP, {}, JULY).handles == 40


def test_the_ledger_is_kept_in_the_users_state() -> None:
    assert ledger_path({"XDG_STATE_HOME": "/state"}) == Path("/state/harvester/handles.json")
    assert ledger_path({}) == Path.home() / ".local/state/harvester/handles.json"
