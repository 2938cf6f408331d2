"""What `harvester status` says to a person, on terminals of any width."""

import io
from dataclasses import replace
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.cli import status as status_command
from harvester.cli.screen import Screen
from harvester.cli.status_text import status_rows
from harvester.rundir.lock import Holder
from harvester.status.recent import Recently
from harvester.status.run_status import EndpointStatus, RunStatus
from tests.cli.sights import WALL_S

TOTALS = EndpointStatus(
    counts={"ok": 2_400, "unavailable": 97, "forbidden": 0, "no_data": 0, "failed": 3},
    total=10_000,
    about=10_000,
    found=10_000,
    fraction_read=1.0,
    requests={"sent": 12, "rate_limited": 1, "errors": {"service": 2}},
    limit_per_minute=600.0,
    elapsed_s=70.0,
    waited_s={"rate_limit": 41.0, "service": 0.0, "disk": 0.2},
    recent=Recently(60.0, 41.7, 10.0, 2),
    left_s=180.0,
    committed_at=WALL_S - 30,
    held_until=WALL_S + 40,
    totals={"favorites": 1_234_567, "retweets": 0},
    top={"favorites": [{"tweet_id": "2110000000000000000", "value": 52_808}]},
)
RUN = RunStatus(
    run_dir="runs/july",
    state="running",
    process=Holder(1234, "host", "2026-11-24T18:40:00+00:00", "harvester run ids.txt -o runs/july", "/data"),
    run_id="1",
    version="1",
    started_at=WALL_S - 751,
    sample=False,
    asked={"metrics": {"totals": ["favorites", "retweets"]}, "start": None},
    inputs=["ids.txt"],
    rejected=0,
    endpoints={"totals": TOTALS},
)


def text_of(run: RunStatus, width: int = 120) -> str:
    rows = status_rows(run, WALL_S, width)
    return "\n".join("".join(text for text, _ in row) for row in rows)


@pytest.mark.parametrize(
    "part",
    [
        "runs/july: running, process 1234 on host since 2026-11-24 18:40:00 UTC",
        "begun 2026-11-24 18:40:00 UTC, from ids.txt",
        "asked: totals (favorites, retweets)",
        "2,500 of 10,000 IDs (25%) · 3 min left",
        "2,400 ok · 97 unavailable · 3 dead letters",
        "10 of 600 requests/min · 42 IDs/s over the last 60 s · 12 requests · 1 × 429 · 2 errors",
        "70 s so far · 41 s of it waiting for the allowance · last commit 30 s ago, at 18:52:01 UTC",
        "waiting for the allowance until 18:53:11 UTC, 40 s left",
        "sums: favorites 1,234,567",
        "52,808  https://twitter.com/lookup/status/2110000000000000000",
        "it goes on, 3 min left",
    ],
)
def test_a_run_that_goes_on_is_told_in_full(part: str) -> None:
    assert part in text_of(RUN)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"state": "stopped"}, "to go on, in /data:\n  harvester run ids.txt -o runs/july"),
        ({"state": "stopped", "process": None}, "to go on:\n  the command that began it, once more"),
        (
            {"state": "incomplete"},
            "to ask for dead letters and unreadable input again, in /data:\n  harvester",
        ),
        ({"state": "complete"}, "nothing is left to do"),
        ({"sample": True, "asked": {"limit": 500}}, "the first 500 IDs as a sample"),
        ({"inputs": [f"{n}.txt" for n in range(9)]}, "0.txt, 1.txt, 2.txt and 6 more"),
        ({"endpoints": {}}, "it goes on"),
    ],
)
def test_what_to_do_next_is_told(change: dict[str, Any], part: str) -> None:
    assert part in text_of(replace(RUN, **change))


def test_a_total_that_nobody_knows_is_no_number() -> None:
    unknown = replace(TOTALS, total=None, about=None, left_s=None)
    assert "2,500 IDs, total unknown so far" in text_of(replace(RUN, endpoints={"totals": unknown}))
    about = replace(TOTALS, total=None, about=20_000)
    assert "2,500 of about 20,000 IDs (12%)" in text_of(replace(RUN, endpoints={"totals": about}))


@given(st.integers(40, 200))
def test_rows_fit_the_terminal(width: int) -> None:
    rows = status_rows(replace(RUN, run_dir="a"), WALL_S, width)
    longest = max(sum(len(text) for text, _ in row) for row in rows[1:])
    assert longest <= width


def test_a_narrow_terminal_is_left_with_nothing_of_what_was_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    emulated = pyte.Screen(40, 60)
    stream = pyte.Stream(emulated)
    out = io.StringIO()
    screen = Screen(out, lambda: (40, 60), has_color=False)
    monkeypatch.setattr("click.echo", lambda text, **_: out.write(f"{text}\n"))
    for seen in (RUN, RUN, replace(RUN, state="stopped")):
        status_command._show(seen, screen)
    stream.feed(out.getvalue().replace("\n", "\r\n"))
    shown = "\n".join(emulated.display)
    assert shown.count("runs/july:") == 1
    assert "stopped before its end" in shown
    assert "running" not in shown
