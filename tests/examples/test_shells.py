"""The examples that are shell scripts, run by the shells that run them: cron's, and GitHub's."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # dlt brings it

from tests.end_to_end.by_hand import Asked, Reply, counts, serving
from tests.end_to_end.forked import ROOT
from tests.examples.conftest import TWEETS, command

EXAMPLES = ROOT / "scripts/examples"
WORKFLOW: dict[str, Any] = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["harvest"]["steps"]
HARVEST = next(step for step in STEPS if step.get("id") == "harvest")
ENDS_IN = """
code=$(head -n 1 codes); sed -i 1d codes
echo '{"exit":'"$code"'}'
exit "$code"
"""
"""A `harvester` that ends with the next one of the codes in a file."""


def nightly(folder: Path, environment: dict[str, str], *inputs: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [EXAMPLES / "nightly", "runs/tonight", *inputs],
        cwd=folder,
        env={**environment, "PAUSE_S": "0", "TRIES": "3", "ALERT": "tee alert"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nightly_calls_a_person_who_is_needed(data: Path, environment: dict[str, str]) -> None:
    done = nightly(data, {**environment, "HARVESTER_BEARER_TOKEN": "wrong"}, "ids.txt")
    assert done.returncode == 4
    alert = json.loads((data / "alert").read_text())
    assert (alert["exit"], alert["run_dir"]) == (4, "runs/tonight")


def test_nightly_asks_for_dead_letters_again(data: Path, environment: dict[str, str]) -> None:
    """The service counts one tweet as -5 the first time: exit code 3, and then 0."""

    def answer(asked: Asked, n: int) -> Reply:
        reply = counts(asked, request_id="unknown")
        if n == 1:
            tweets = next(part for part in reply.body.values() if isinstance(part, dict))
            ill = next(iter(tweets))
            tweets[ill] = dict.fromkeys(tweets[ill], "-5")
        return reply

    with serving(answer) as service:
        done = nightly(data, {**environment, "HARVESTER_BASE_URL": service.url}, "ids.txt")
        assert [len(tweets) for tweets in service.tweets] == [TWEETS, 1]
    assert done.returncode == 0, done.stderr
    assert (data / "runs/tonight/_SUCCESS").exists()
    assert not (data / "alert").exists()


@pytest.mark.parametrize(
    ("codes", "n_runs", "alert"),
    [
        ([0], 1, None),
        ([3, 0], 2, None),
        ([5, 143, 0], 3, None),
        ([130, 3, 5, 0], 3, 5),
        ([2, 0], 1, 2),
        ([4, 0], 1, 4),
        ([6, 0], 1, 6),
        ([7, 0], 1, 7),
        ([1, 0], 1, 1),
        ([5, 6, 0], 2, 6),
    ],
)
def test_nightly_goes_on_where_that_helps_and_only_there(
    tmp_path: Path, codes: list[int], n_runs: int, alert: int | None
) -> None:
    (tmp_path / "codes").write_text("".join(f"{code}\n" for code in codes))
    command(tmp_path, ENDS_IN)
    done = nightly(tmp_path, {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"})
    assert done.returncode == (alert or 0)
    assert len((tmp_path / "codes").read_text().split()) == len(codes) - n_runs
    said = json.loads((tmp_path / "alert").read_text()) if alert else None
    assert said == ({"exit": alert} if alert else None)


def workflow_step(folder: Path, environment: dict[str, str]) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the step as GitHub does; what it tells the others."""
    told = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in told.values():
        Path(path).touch()
    (folder / "step.sh").write_text(HARVEST["run"])
    done = subprocess.run(
        ["bash", "-e", "step.sh"],
        cwd=folder,
        env={**environment, **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done, Path(told["GITHUB_OUTPUT"]).read_text()


def test_workflow_uploads_a_finished_run(data: Path, environment: dict[str, str]) -> None:
    done, told = workflow_step(data, environment)
    assert (done.returncode, told) == (0, "finished=true\n"), done.stderr
    assert (data / "finished/_SUCCESS").exists()
    assert not list((data / "runs").iterdir())
    assert json.loads((data / "GITHUB_STEP_SUMMARY").read_text())["exit"] == 0


@pytest.mark.parametrize(
    ("code", "ends_with", "said"),
    [
        (3, 0, "::warning::"),
        (5, 0, "::warning::"),
        (143, 0, "::warning::"),
        (4, 4, "::error::"),
        (1, 1, "::error::"),
    ],
)
def test_workflow_keeps_what_can_go_on_and_fails_for_a_person(
    tmp_path: Path, code: int, ends_with: int, said: str
) -> None:
    (tmp_path / "codes").write_text(f"{code}\n")
    command(tmp_path, f"mkdir -p runs/current\n{ENDS_IN}")
    done, told = workflow_step(tmp_path, {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"})
    assert (done.returncode, told) == (ends_with, "")
    assert said in done.stdout
    assert (tmp_path / "runs/current").exists()


def test_workflow_saves_the_cache_however_the_step_ends() -> None:
    """A cache that is older than the last run would begin a finished one again."""
    restored, saved = (
        next(step for step in STEPS if step.get("uses", "").startswith(f"actions/cache/{what}"))
        for what in ("restore", "save")
    )
    assert saved["if"] == "always()"
    assert restored["with"]["key"] == saved["with"]["key"]
    assert STEPS.index(restored) < STEPS.index(HARVEST) < STEPS.index(saved)
