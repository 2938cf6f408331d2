"""The keywords of a harvest: those of `Options`, typed."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from harvester.config.options import Options, parse_endpoints, parse_list, parse_url
from harvester.engagement.allowance import Rate
from harvester.engagement.groupings import Grouping, Series
from harvester.engagement.metrics import EndpointName


class HarvestOptions(TypedDict, total=False):
    """What may be said of a harvest, by the names of `Options`, which tells what they mean."""

    endpoints: Sequence[EndpointName]
    metrics: Sequence[str] | None
    top: int
    rates: Mapping[EndpointName, Rate]
    app_rate: Rate | None
    concurrency: Mapping[EndpointName, int]
    most_in_flight: int
    file_format: str | None
    column: str | None
    include_referenced: bool
    accept_rounded: bool
    dedupe: bool
    account: str | None
    grace_s: float
    base_url: str
    auth_url: str
    limit: int | None
    newer_than_ms: int | None
    timeout_s: float
    patience_s: float
    start: str | None
    end: str | None
    series: Series | None
    groupings: Sequence[Grouping]
    min_impressions: int
    owner_column: str | None
    owner_from_folder: bool
    max_handles: int | None
    may_grow: bool
    has_report: bool


def options_of(inputs: tuple[str, ...], out: str | os.PathLike[str], asked: HarvestOptions) -> Options:
    """The options of a run. Where several names are wanted a text may have them, separated by commas.

    inputs: none where the IDs themselves are given; those are read as plain text, unless another format is said.
    Raises UsageError for an unknown endpoint and for what is no URL, TypeError for an unknown keyword.
    """
    given = dict(asked)
    for name in ("endpoints", "metrics", "groupings"):
        match given.get(name):
            case str(text):
                given[name] = parse_list(text)
            case [*parts]:
                given[name] = tuple(parts)
    options = Options(inputs, Path(out), **given)  # type: ignore[arg-type]  # HarvestOptions has the same names
    return replace(
        options,
        endpoints=parse_endpoints(options.endpoints),
        base_url=parse_url(options.base_url, "base_url"),
        auth_url=parse_url(options.auth_url, "auth_url"),
        file_format=options.file_format or (None if inputs else "text"),
    )
