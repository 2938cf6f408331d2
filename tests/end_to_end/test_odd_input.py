"""Input that is not what it should be, at the command: what is asked for all the same, and what is refused."""

import json
import subprocess

import pytest

from tests.end_to_end.running import Runner, Simulator
from tests.sources.compressed import zipped

EXACT = 2_124_000_000_000_000_123
ROUNDED = [EXACT - 23 + 4_194_304_00 * n for n in range(300)]


def test_rounded_file_is_refused_without_a_request_and_without_a_directory(
    run: Runner, calm: Simulator
) -> None:
    ids = run.folder / "ids.txt"
    ids.write_text("".join(f"{i}\n" for i in ROUNDED))
    n_requests = len(calm.requests())
    refused = run(str(ids), "--base-url", calm.url)
    assert refused.code == 2
    assert f"harvester: {ids}: 300 of the first 300 IDs look rounded" in refused.err
    assert "--accept-rounded" in refused.err
    assert len(calm.requests()) == n_requests
    assert not run.out.exists()


def test_rounded_file_is_asked_for_when_that_is_accepted(run: Runner, calm: Simulator) -> None:
    ids = run.folder / "ids.txt"
    ids.write_text("".join(f"{i}\n" for i in ROUNDED))
    accepted = run(str(ids), "--accept-rounded", "--base-url", calm.url)
    assert (accepted.code, len(run.records())) == (0, 300)


def test_stream_that_looks_rounded_is_refused_until_that_is_accepted(run: Runner, calm: Simulator) -> None:
    mixed = [tweet_id for n, i in enumerate(ROUNDED) for tweet_id in (i, EXACT + 4_194_304 * n)]
    stdin = "".join(f"{i}\n" for i in mixed).encode()
    n_requests = len(calm.requests())
    refused = run.finish(run.start("-", "--base-url", calm.url, stdin=subprocess.PIPE), stdin)
    assert (refused.code, "IDs look rounded" in refused.err) == (2, True)
    assert len(calm.requests()) == n_requests
    process = run.start("-", "--base-url", calm.url, "--accept-rounded", stdin=subprocess.PIPE)
    assert run.finish(process, stdin).code == 0
    assert len(run.records()) == 600


def test_rounded_row_in_a_good_file_is_rejected(run: Runner, calm: Simulator) -> None:
    good = [EXACT + 4_194_304 * n for n in range(3_000)]
    ids = run.folder / "ids.txt"
    ids.write_text("".join(f"{i}\n" for i in (*good, *ROUNDED, 7, 2**63 - 1)))
    done = run(str(ids), "--base-url", calm.url)
    rejected = [json.loads(line) for line in (run.out / "rejected.ndjson").read_text().splitlines()]
    assert (done.code, len(run.records())) == (0, 3_000)
    assert [entry["line"] for entry in rejected] == list(range(3_001, 3_303))
    assert [entry["reason"].split(",")[0] for entry in rejected[-3:]] == [
        "in a row of IDs that all end in 00",
        "below the first tweet",
        "from the future",
    ]


@pytest.mark.parametrize("flag", ["--include-referenced", "--accept-rounded"])
def test_flag_that_changes_what_is_read_is_another_question(run: Runner, calm: Simulator, flag: str) -> None:
    ids = run.folder / "ids.txt"
    ids.write_text(f"{EXACT}\n")
    assert run(str(ids), "--base-url", calm.url).code == 0
    other = run(str(ids), flag, "--base-url", calm.url)
    assert (other.code, f"was begun with {flag[2:]} unset" in other.err) == (6, True)


def test_cut_archive_is_asked_for_as_far_as_it_goes_and_only_once(run: Runner, calm: Simulator) -> None:
    members = {
        name: "".join(f"{EXACT + 4_194_304 * (first + n)}\n" for n in range(300)).encode()
        for name, first in (("a.txt", 0), ("b.txt", 300))
    }
    archive = run.folder / "ids.zip"
    archive.write_bytes(zipped(members)[:-600])
    first = run(str(archive), "--base-url", calm.url)
    (*_, last) = [json.loads(line) for line in (run.out / "rejected.ndjson").read_text().splitlines()]
    assert (first.code, 300 <= len(run.records()) < 600) == (3, True)
    assert "cut off" in last["reason"]
    n_requests, records = len(calm.requests()), run.records()
    again = run(str(archive), "--base-url", calm.url)
    assert (again.code, len(calm.requests()), run.records()) == (3, n_requests, records)
