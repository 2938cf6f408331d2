"""The options that say what is read and asked; `run`, `plan` and, of the first, `inspect` share them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypedDict

import click
import cloup

from harvester.cli.configuration import LIST
from harvester.cli.kinds import ACCOUNT, AGE, ENDPOINT, FORMAT, GROUPING, METRICS, RATE_LIMIT, Input
from harvester.config.options import (
    Options,
    parse_age_ms,
    parse_endpoints,
    parse_list,
    parse_rates,
)
from harvester.engagement.groupings import Series, parse_grouping

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


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


def _in_order(*decorators: Decorator) -> Decorator:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


_INPUT: Final = cloup.argument(
    "inputs",
    nargs=-1,
    metavar="INPUT…",
    type=Input(),
    help="Files, folders, globs, URLs, @list.txt for a list of them, - for standard input.",
)
_QUESTION: Final = cloup.option_group(
    "Question",
    cloup.option(
        "-e",
        "--endpoint",
        multiple=True,
        type=ENDPOINT,
        default=["totals"],
        metavar="NAME",
        help="totals, 28hr or historical; repeatable.",
    ),
    cloup.option(
        "-m",
        "--metrics",
        type=METRICS,
        metavar=LIST,
        help="Comma-separated engagement types, and engagement_rate.  [default: all allowed]",
    ),
    cloup.option(
        "--start",
        metavar="TIME",
        help="Of historical, UTC: 2026-11-01, 2026-11-01T17:00, 202611011700, or 28d, 6h, 90m ago."
        "  [default: 28 days before the end]",
    ),
    cloup.option("--end", metavar="TIME", help="The same.  [default: the last full hour]"),
    cloup.option(
        "--series", type=click.Choice(["day", "hour"]), help="Time series in records of 28hr, historical."
    ),
    cloup.option(
        "--group",
        multiple=True,
        type=GROUPING,
        metavar="NAME=A,B,…",
        help="A grouping of your own by tweet.id, engagement.type, engagement.day, engagement.hour; repeatable.",
    ),
    cloup.option(
        "--account", type=ACCOUNT, metavar="NAME", help="Whose access token, from the credentials file."
    ),
)
_FORM: Final = (
    cloup.option(
        "--format",
        "format_",
        type=FORMAT,
        metavar="NAME",
        help="Force the input format: text, csv, tsv, ndjson, json, parquet, arrow.  [default: found out]",
    ),
    cloup.option("--column", metavar="NAME|N", help="The column of the ID.  [default: found out]"),
    cloup.option(
        "--include-referenced",
        is_flag=True,
        help="Of tweets in JSON, also those that they retweet, quote or reply to.",
    ),
    cloup.option(
        "--accept-rounded",
        is_flag=True,
        help="Take IDs that a spreadsheet or JavaScript seems to have rounded.",
    ),
    cloup.option(
        "--owner-column", metavar="NAME|N", help="The column that names the account whose tweet it is."
    ),
    cloup.option("--owner-from-folder", is_flag=True, help="The folder of a file names that account."),
)
_SELECTION: Final = (
    cloup.option("--dedupe/--no-dedupe", default=True, help="Ask for each ID once, exactly."),
    cloup.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N IDs, as a sample."),
    cloup.option("--newer-than", type=AGE, metavar="AGE", help="Only tweets younger than 90m, 6h, 28d, 2w."),
)
_COUNTED: Final = cloup.option(
    "--dedupe/--no-dedupe", default=True, help="Count repeats, exactly; memory grows by 9 to 24 bytes an ID."
)
RATE: Final = cloup.option(
    "--rate",
    multiple=True,
    type=RATE_LIMIT,
    metavar="LIMIT",
    help="A ceiling for each endpoint: 600/min, 10/s; for one: ENDPOINT=…; for all together: app=…"
    "  [default: what the API's headers say]",
)


def asking_options(*pace: Decorator) -> Decorator:
    """Give a command the options of what is read and asked. pace: what else it has to say about how fast."""
    return _in_order(
        _INPUT,
        _QUESTION,
        cloup.option_group("Input", *_FORM, *_SELECTION),
        cloup.option_group("Pace", RATE, *pace),
    )


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command those of them that say what is read, and as what."""
    return _in_order(_INPUT, cloup.option_group("Input", *_FORM, _COUNTED))(command)


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
