"""`harvester plan`: what a run would ask; asks nothing."""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

import cloup

from harvester.cli.asking import Asked, asking_options, read_asked
from harvester.cli.declaring import command
from harvester.cli.main import print_json
from harvester.config.places import credentials_path

if TYPE_CHECKING:
    from rich.console import Console

    from harvester.config.options import Options
    from harvester.engagement.metrics import EndpointName
    from harvester.plan import EndpointPlan, Plan
    from harvester.status.last_limits import Seen

EPILOG: Final = """
Examples:
  harvester plan ids.txt --rate 600/min
  harvester plan ids.txt -e historical --start 365d --rate 60/min --json"""


@command("plan", epilog=EPILOG)
@asking_options()
@cloup.option_group(
    "Output", cloup.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
)
def plan(*, as_json: bool, **asked: Unpack[Asked]) -> None:
    """Say what `run` would ask for the tweet IDs in INPUT…: how many requests, how long, what ages save.

    Reads all of the input, asks the API nothing, and writes nothing. Without credentials it plans as if all
    kinds of them were there; tweets of all accounts that the input names are batched together then.
    """
    # Imported when called: help and completion are quick.
    from rich.console import Console  # noqa: PLC0415

    from harvester.config.credentials import load_credentials  # noqa: PLC0415
    from harvester.plan import make_plan  # noqa: PLC0415
    from harvester.planning import Reach  # noqa: PLC0415
    from harvester.questions import DEFAULT_ACCOUNT, NO_ACCOUNT, make_questions, reach_of  # noqa: PLC0415
    from harvester.sources import find_sources  # noqa: PLC0415
    from harvester.status.last_limits import LastLimits  # noqa: PLC0415

    options = read_asked(asked, Path())
    credentials = load_credentials(os.environ, credentials_path(os.environ), options.account)
    reach = reach_of(options, credentials)
    now_ms = int(time.time() * 1000)
    everything = Reach(frozenset({DEFAULT_ACCOUNT, NO_ACCOUNT}), has_bearer=True)
    questions = make_questions(options, reach or everything, credentials.accounts, now_ms)
    seen = {} if options.rates or options.app_rate else LastLimits(_state()).seen(credentials)
    options = _at_rates_seen(options, seen)
    found = make_plan(options, questions, find_sources(options.inputs), now_ms)
    if as_json:
        rates = {name: _rate_of(name, options, seen) for name in found.endpoints}
        print_json({**found.to_dict(), "assumes_credentials": reach is None, "rates": rates})
        return
    console = Console(highlight=False)
    if reach is None:
        console.print("No credentials are configured: planned as if all of them were.")
    _print(console, found, options, seen)


def _state() -> Path:
    from harvester.ledger import ledger_path  # noqa: PLC0415  # as above

    return ledger_path(os.environ).parent


def _at_rates_seen(options: "Options", seen: "Mapping[str, Seen]") -> "Options":
    """The options, at the rates that the API told last where the user gives none."""
    of_asked = {name: seen[name] for name in options.endpoints if name in seen}
    shared = [one.rate for one in of_asked.values() if one.shared]
    app_rate = min(shared, key=lambda rate: rate.per_s) if shared and len(options.endpoints) > 1 else None
    return replace(
        options,
        rates={name: one.rate for name, one in of_asked.items()} or options.rates,
        app_rate=app_rate or options.app_rate,
    )


def _rate_of(
    name: "EndpointName", options: "Options", seen: "Mapping[str, Seen]"
) -> dict[str, object] | None:
    """At what rate the time of an endpoint is reckoned, and who says so; None where nobody does."""
    rate = options.rates.get(name) or options.app_rate
    if rate is None:
        return None
    told = seen.get(name)
    return {
        "per_minute": round(rate.per_s * 60, 3),
        "from": "api" if told else "flag",
        "shared": told.shared if told else name not in options.rates,
        "told_at": told.told_at if told else None,
    }


def _print(console: "Console", found: "Plan", options: "Options", seen: "Mapping[str, Seen]") -> None:
    from rich.table import Table  # noqa: PLC0415  # as above

    from harvester.cli.words import duration  # noqa: PLC0415  # as above

    counts = found.input
    console.print(
        f"{counts.lines:,} lines: {counts.distinct:,} distinct IDs, {counts.duplicates:,} duplicates,"
        f" {counts.rejected:,} that are no ID"
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("endpoint", "IDs", "batches", "windows", "requests", "saved by age", "time"):
        table.add_column(heading, justify="left" if heading == "endpoint" else "right")
    for name, endpoint in found.endpoints.items():
        table.add_row(
            name,
            f"{endpoint.ids:,}",
            f"{endpoint.batches:,}",
            f"{endpoint.windows:,}",
            f"{endpoint.requests:,}",
            f"{endpoint.saved_share:.1%}" if endpoint.saved_share else "",
            "" if endpoint.seconds is None else duration(endpoint.seconds),
        )
    console.print(table)
    for name, endpoint in found.endpoints.items():
        for line in _remarks(endpoint):
            console.print(f"{name}: {line}")
    for line in _times(found, options, seen):
        console.print(line)


def _times(found: "Plan", options: "Options", seen: "Mapping[str, Seen]") -> Iterator[str]:
    """How long it takes, at which rate, and who says so."""
    from harvester.cli.words import duration  # noqa: PLC0415  # as above

    for name in found.endpoints:
        if one := seen.get(name):
            what = "all endpoints together" if one.shared and len(found.endpoints) > 1 else name
            yield (
                f"{what}: at {one.per_minute:,.0f} requests a minute, as {one.who} said on {one.told_at[:10]}"
            )
    if found.seconds is None:
        unknown = [name for name in found.endpoints if name not in options.rates]
        yield (
            f"How long {' and '.join(unknown)} would take is not known: no run has seen a limit yet."
            " With --rate it is told."
        )
    else:
        rate = "these rates" if len(found.endpoints) > 1 else "this rate"
        yield f"All of it takes at least {duration(found.seconds)} at {rate}."


def _remarks(endpoint: "EndpointPlan") -> list[str]:
    remarks = [f"{n:,} tweets cannot be asked for {metric}" for metric, n in endpoint.unsupported.items()]
    if endpoint.after_range:
        remarks.append(f"{endpoint.after_range:,} tweets were made after the time asked for")
    if endpoint.no_access:
        remarks.append(f"{endpoint.no_access:,} tweets are of accounts without an access token")
    return remarks
