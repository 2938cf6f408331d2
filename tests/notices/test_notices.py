"""Listeners are told how a run begins, goes on and ends, and cannot disturb it."""

from pathlib import Path

import pytest

from harvester.errors import CredentialsError, ExitCode, UsageError
from harvester.job import Outcome
from harvester.notices.notices import Notices
from tests.growth.conftest import IDS
from tests.notices.conftest import Heard, tell


def test_a_listener_hears_of_the_beginning_the_course_and_the_end(tmp_path: Path) -> None:
    heard = Heard()
    outcome = tell([heard], tmp_path / "run")
    order = [how for how, _ in heard.told]
    assert order[0] == "begin"
    assert order[-1] == "end"
    assert set(order[1:-1]) == {"go on"}
    begun, last = heard.told[0][1], heard.told[-1][1]
    assert begun.begun
    assert begun.begun.inputs == (str(tmp_path / "run.txt"),)
    assert begun.facts["totals"].settled == 0
    assert last.exit_code == outcome.exit_code == ExitCode.OK
    assert last.facts["totals"].tweets == {
        k: n for k, n in outcome.results[0].counts().items() if k != "failed"
    }
    assert last.facts["totals"].settled == len(IDS)
    assert [snapshot.n_total for snapshot in last.snapshots] == [len(IDS)]


def test_what_is_told_only_grows(tmp_path: Path) -> None:
    heard = Heard()
    tell([heard], tmp_path / "run", concurrency=1)
    settled = [moment.facts["totals"].settled for _, moment in heard.told]
    assert len(settled) > 3
    assert settled == sorted(settled)


def test_dead_letters_and_exit_code_are_told(tmp_path: Path) -> None:
    heard = Heard()
    outcome = tell([heard], tmp_path / "run", ill="7")
    last = heard.told[-1][1]
    assert last.exit_code is ExitCode.INCOMPLETE
    assert last.facts["totals"].dead_letters == outcome.counts["failed"] > 0


def test_a_run_that_is_stopped_has_ended(tmp_path: Path) -> None:
    heard = Heard()
    tell([heard], tmp_path / "run", stop_after=2, concurrency=1)
    how, last = heard.told[-1]
    assert (how, last.exit_code) == ("end", ExitCode.TERMINATED)
    assert 0 < last.facts["totals"].settled < len(IDS)


def test_a_run_that_was_complete_is_told_with_its_counts(tmp_path: Path) -> None:
    tell([], tmp_path / "run")
    heard = Heard()
    outcome = tell([heard], tmp_path / "run")
    assert outcome.was_complete
    assert [how for how, _ in heard.told] == ["begin", "end"]
    assert heard.told[-1][1].facts["totals"].settled == len(IDS)


@pytest.mark.parametrize("fails_at", ["begin", "go on", "end"])
def test_a_listener_that_fails_is_a_warning_and_is_not_told_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fails_at: str
) -> None:
    failing, heard = Heard(fails_at=fails_at), Heard()
    outcome = tell([failing, heard], tmp_path / "run")
    assert outcome.exit_code is ExitCode.OK
    assert [how for how, _ in failing.told].count(fails_at) == 1
    assert failing.told[-1][0] == fails_at
    assert heard.told[-1][0] == "end"
    assert caplog.messages == ["the listener: /somewhere: No space left on device; the run goes on without"]


@pytest.mark.parametrize(
    ("error", "code", "why"),
    [
        (CredentialsError("refused"), ExitCode.CREDENTIALS, "refused"),
        (UsageError("no such file"), ExitCode.USAGE, "no such file"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, None),
        (ZeroDivisionError("a bug"), ExitCode.BUG, None),
    ],
)
def test_an_error_before_the_end_is_the_end(error: BaseException, code: ExitCode, why: str | None) -> None:
    heard = Heard()
    with pytest.raises(type(error)), Notices([heard]):
        raise error
    ((how, moment),) = heard.told
    assert (how, moment.exit_code, moment.error, moment.begun) == ("end", code, why, None)


def test_an_end_is_told_once() -> None:
    heard = Heard()
    notices = Notices([heard])
    notices.end(Outcome(ExitCode.SERVICE))
    with pytest.raises(KeyboardInterrupt), notices:
        raise KeyboardInterrupt
    assert [moment.exit_code for _, moment in heard.told] == [ExitCode.SERVICE]
