"""The kinds of values that options and arguments take: what is refused at once, and what a shell completes."""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from harvester.cli.declaring import WrongValueError
from harvester.config.options import (
    APP,
    parse_age_ms,
    parse_concurrency,
    parse_endpoints,
    parse_rates,
    parse_url,
)
from harvester.config.places import credentials_path
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.groupings import parse_grouping
from harvester.engagement.metrics import CATALOGUE, RATE
from harvester.errors import UsageError, did_you_mean
from harvester.rundir.names import MANIFEST

LONGEST_S: Final = 365 * 86_400.0
"""Longer than a run has patience for, and within what every timer takes."""
FORMATS: Final = ("text", "csv", "tsv", "ndjson", "json", "parquet", "arrow")
"""Those of `harvester.sources`, which takes long to import."""
ENDPOINT_WORDS: Final = {
    "totals": "since the tweet was made",
    "28hr": "the last 28 hours",
    "historical": "any time up to 365 days back",
}
MOST_SEEN: Final = 2_000
"""Folders that are looked at for a completion."""
DEEPEST: Final = 3

Complete = Callable[[str], list[CompletionItem]]


class Seconds(click.types.FloatParamType):
    """A number of seconds, at least so many. `nan` is not within any range, and `inf` no timer can be set to."""

    def __init__(self, at_least: float) -> None:
        self._at_least = at_least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Fails as click's own types do."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds) or not self._at_least <= seconds <= LONGEST_S:
            self.fail(f"{value} is no number of seconds from {self._at_least:g} to a year.", param, ctx)
        return seconds


class Text(click.ParamType[str]):
    """A text that stays one.

    check: raises UsageError for what it cannot be. complete: what a shell offers. has_commas: there may be some
    in it, so that they do not stand between several of them.
    """

    def __init__(
        self,
        name: str,
        *,
        check: Callable[[str], object] | None = None,
        complete: Complete | None = None,
        has_commas: bool = False,
    ) -> None:
        self.name = name
        self.has_commas = has_commas
        self._check = check
        self._complete = complete

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text. Raises WrongValueError."""
        text = str(value)
        try:
            if self._check:
                self._check(text)
        except UsageError as exc:
            raise WrongValueError(exc.message, exc.hint, ctx, param) from None
        return text

    def split_envvar_value(self, rv: str) -> list[str]:
        """The values in a variable of the environment, where there may be several: between spaces or commas."""
        return rv.split() if self.has_commas else rv.replace(",", " ").split()

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """What a shell offers for the beginning of a value."""
        return self._complete(incomplete) if self._complete else []


class RunDirectory(click.Path):
    """A folder with a run in it, as a path."""

    name = "run directory"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The nearest folders that hold a run; where there are none, any folder."""
        found = [CompletionItem(name) for name in run_directories(incomplete)]
        return found or [CompletionItem(incomplete, type="dir")]


class Input(click.ParamType[str]):
    """A place that IDs come from, as it was typed. A shell completes files."""

    name = "input"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Files, which the shell knows best."""
        return [CompletionItem(incomplete, type="file")]


def named(*names: str, words: dict[str, str] | None = None) -> Complete:
    """Completes names, each with words beside it."""

    def complete(incomplete: str) -> list[CompletionItem]:
        told = words or {}
        return [CompletionItem(name, help=told.get(name)) for name in names if name.startswith(incomplete)]

    return complete


def listed(*names: str) -> Complete:
    """Completes the last of several names between commas, with those that are not there yet."""

    def complete(incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        left = [name for name in names if name.startswith(last) and name not in before.split(",")]
        return [CompletionItem(f"{before}{comma}{name}") for name in left]

    return complete


def run_directories(incomplete: str) -> list[str]:
    """Folders with a run whose names begin so, as one would type them: the nearest, of all the same depth."""
    head = incomplete[: incomplete.rfind("/") + 1]
    level = [name for name in _folders(head) if name.startswith(incomplete)]
    budget = MOST_SEEN
    for _ in range(DEEPEST):
        budget -= len(level)
        if found := [name for name in level if Path(name, MANIFEST).is_file()]:
            return found
        if budget < 0:
            break
        level = [below for name in level for below in _folders(f"{name}/")]
    return []


def complete_folders(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Any folder, which the shell knows best."""
    return [CompletionItem(incomplete, type="dir")]


def _folders(head: str) -> Iterator[str]:
    """The folders in a folder, hidden ones left out. head: "" for the current one, else with a slash behind it."""
    try:
        with os.scandir(head or ".") as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir() and entry.name[0] != ".")
    except OSError:
        return
    yield from (head + name for name in names)


def _complete_accounts(incomplete: str) -> list[CompletionItem]:
    """The accounts of the credentials file; none where that cannot be read."""
    from harvester.config.credentials_file import parse_tables, read_private, table_in  # noqa: PLC0415

    path = credentials_path(os.environ)
    try:
        accounts = table_in(parse_tables(path, read_private(path)), "accounts", path)
    except UsageError:
        return []
    return [CompletionItem(name) for name in accounts if name.startswith(incomplete)]


def _check_format(text: str) -> None:
    if text not in FORMATS:
        hint = did_you_mean(text, FORMATS) or f"One of {', '.join(FORMATS)}."
        raise UsageError(f"unknown input format {text[:60]!r}", hint)


ENDPOINT: Final = Text(
    "endpoint", check=lambda text: parse_endpoints((text,)), complete=named(*ENDPOINTS, words=ENDPOINT_WORDS)
)
METRICS: Final = Text("metrics", complete=listed(*CATALOGUE, RATE))
FORMAT: Final = Text("format", check=_check_format, complete=named(*FORMATS))
ACCOUNT: Final = Text("account", complete=_complete_accounts)
_PER_ENDPOINT: Final = [f"{name}=" for name in ENDPOINTS]
RATE_LIMIT: Final = Text(
    "rate", check=lambda text: parse_rates((text,)), complete=named(*_PER_ENDPOINT, f"{APP}=")
)
CONCURRENCY: Final = Text(
    "concurrency", check=lambda text: parse_concurrency((text,)), complete=named(*_PER_ENDPOINT)
)
AGE: Final = Text("age", check=parse_age_ms)
GROUPING: Final = Text("grouping", check=parse_grouping, has_commas=True)
BASE_URL: Final = Text("url", check=lambda text: parse_url(text, "--base-url"))
AUTH_URL: Final = Text("url", check=lambda text: parse_url(text, "--auth-url"))
