"""The options that say what is read and asked; `run`, `plan` and, of the first, `inspect` share them."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypedDict, TypeVar

import click

from harvester.config.options import (
    Options,
    parse_age_ms,
    parse_endpoints,
    parse_list,
    parse_rates,
)
from harvester.engagement.groupings import Series, parse_grouping

LONGEST_S: Final = 365 * 86_400.0
"""Longer than a run has patience for, and within what every timer takes."""
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """A number of seconds, at least so many. `nan` is not within any range, and `inf` no timer can be set to."""

    def __init__(self, at_least: float) -> None:
        super().__init__(min=at_least, max=LONGEST_S)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Fails as click's own types do."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value} is not a number of seconds.", param, ctx)
        return seconds


class AskedInput(TypedDict):
    """What click makes of the options that say how the input is read."""

    inputs: tuple[str, ...]
    format_: str | None
    column: str | None
    include_referenced: bool
    accept_rounded: bool
    dedupe: bool
    owner_column: str | None
    owner_from_folder: bool


class Asked(AskedInput):
    """What click makes of all options."""

    endpoint: tuple[str, ...]
    metrics: str | None
    start: str | None
    end: str | None
    series: Series | None
    group: tuple[str, ...]
    rate: tuple[str, ...]
    account: str | None
    limit: int | None
    newer_than: str | None


_INPUT: Final = click.argument("inputs", nargs=-1, metavar="INPUT…")
_QUESTION: Final = (
    click.option(
        "-e",
        "--endpoint",
        multiple=True,
        default=["totals"],
        metavar="NAME",
        help="totals, 28hr or historical; repeatable.",
    ),
    click.option(
        "-m",
        "--metrics",
        metavar="LIST",
        help="Comma-separated engagement types, and engagement_rate.  [default: all allowed]",
    ),
    click.option(
        "--start",
        metavar="TIME",
        help="Of historical, UTC: 2026-11-01, 2026-11-01T17:00, 202611011700, or 28d, 6h, 90m ago."
        "  [default: 28 days before the end]",
    ),
    click.option("--end", metavar="TIME", help="The same.  [default: the last full hour]"),
    click.option(
        "--series", type=click.Choice(["day", "hour"]), help="Time series in records of 28hr, historical."
    ),
    click.option(
        "--group",
        multiple=True,
        metavar="NAME=A,B,…",
        help="A grouping of your own by tweet.id, engagement.type, engagement.day, engagement.hour; repeatable.",
    ),
    click.option(
        "--rate",
        multiple=True,
        metavar="LIMIT",
        help="A ceiling for each endpoint: 600/min, 10/s; for one: ENDPOINT=…; for all together: app=…"
        "  [default: what the API's headers say]",
    ),
)
_FORM: Final = (
    click.option(
        "--format",
        "format_",
        metavar="NAME",
        help="Force the input format: text, csv, tsv, ndjson, json, parquet, arrow.  [default: found out]",
    ),
    click.option("--column", metavar="NAME|N", help="The column of the ID.  [default: found out]"),
    click.option(
        "--include-referenced",
        is_flag=True,
        help="Of tweets in JSON, also those that they retweet, quote or reply to.",
    ),
    click.option(
        "--accept-rounded",
        is_flag=True,
        help="Take IDs that a spreadsheet or JavaScript seems to have rounded.",
    ),
    click.option(
        "--owner-column", metavar="NAME|N", help="The column that names the account whose tweet it is."
    ),
    click.option("--owner-from-folder", is_flag=True, help="The folder of a file names that account."),
)
_SELECTION: Final = (
    click.option("--dedupe/--no-dedupe", default=True, help="Ask for each ID once, exactly."),
    click.option("--account", metavar="NAME", help="Whose access token, from the credentials file."),
    click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N IDs, as a sample."),
    click.option("--newer-than", metavar="AGE", help="Only tweets younger than 90m, 6h, 28d, 2w."),
)


def asking_options(command: _Command) -> _Command:
    """Give a command these options, in their order."""
    for option in reversed((_INPUT, *_QUESTION, *_FORM, *_SELECTION)):
        command = option(command)
    return command


def input_options(command: _Command) -> _Command:
    """Give a command those of them that say what is read, and as what."""
    for option in reversed((_INPUT, *_FORM)):
        command = option(command)
    return command


def read_asked_input(asked: AskedInput, out: Path) -> Options:
    """The options as far as they say how the input is read."""
    return Options(
        inputs=asked["inputs"],
        out=out,
        file_format=asked["format_"],
        column=asked["column"],
        include_referenced=asked["include_referenced"],
        accept_rounded=asked["accept_rounded"],
        dedupe=asked["dedupe"],
        owner_column=asked["owner_column"],
        owner_from_folder=asked["owner_from_folder"],
    )


def read_asked(asked: Asked, out: Path) -> Options:
    """The options as a run takes them. Raises UsageError for a text that cannot be read."""
    rates, app_rate = parse_rates(asked["rate"])
    return replace(
        read_asked_input(asked, out),
        endpoints=parse_endpoints(asked["endpoint"]),
        metrics=None if asked["metrics"] is None else parse_list(asked["metrics"]),
        start=asked["start"],
        end=asked["end"],
        series=asked["series"],
        groupings=tuple(map(parse_grouping, asked["group"])),
        rates=rates,
        app_rate=app_rate,
        account=asked["account"],
        limit=asked["limit"],
        newer_than_ms=None if asked["newer_than"] is None else parse_age_ms(asked["newer_than"]),
    )
