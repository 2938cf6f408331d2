"""Wrong usage: one clear line, exit code 2, and nothing on the disk."""

from pathlib import Path

import pytest

from harvester.cli.main import run_cli

ORDER = "a=tweet.id,engagement.day,engagement.type,engagement.hour"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET"):
        monkeypatch.setenv(f"HARVESTER_{name}", "x")
    (tmp_path / "ids.txt").write_text("1060976163948904448\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-e", "weekly"), "unknown endpoint 'weekly'"),
        (("-e", "28hr", "--group", ORDER), "four values in an order that the API refuses"),
        (("--group", "a=engagement.type,engagement.hour"), "totals cannot group by engagement.hour"),
        (("--series", "hour"), "totals has no time series"),
        (("--start", "28d"), "--start and --end are for historical"),
        (("-e", "historical", "--start", "1d", "--end", "2d"), "is not before"),
        (("-e", "historical", "--start", "500d"), "more than 365 days back"),
        (("-e", "historical", "--end", "2100-01-01"), "is in the future"),
        (("-e", "historical", "--start", "soon"), "is no time"),
        (("-e", "28hr", "-m", "quote_tweets"), "28hr does not offer the metric 'quote_tweets'"),
        (("-m", "impresions"), "unknown metric 'impresions'"),
        (("--account", "ada"), "there is no account 'ada'"),
        (("--owner-column", "who", "--owner-from-folder"), "owner"),
        (("--rate", "app=fast"), "is no rate"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["run", "ids.txt", "-o", "run", *arguments]) == 2
    complaint = [line for line in capsys.readouterr().err.splitlines() if line.startswith("harvester: ")]
    assert len(complaint) == 1
    assert says in complaint[0]
    assert not (here / "run" / "journal.db").exists()


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        ("[app", 0o600, "is not valid TOML"),
        ("[app]\n", 0o644, "can be read by others"),
        ('[accounts.ada]\naccess_token = "half"\n', 0o600, "half of the access token of account 'ada'"),
    ],
)
def test_a_credentials_file_that_cannot_be_used_is_refused(
    content: str, mode: int, says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = here / "config/harvester/credentials.toml"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    path.chmod(mode)
    assert run_cli(["run", "ids.txt", "-o", "run"]) == 2
    assert says in capsys.readouterr().err
    assert not (here / "run").exists()
