"""From options and credentials to what each endpoint is asked. Pure; all that can be refused is refused here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from harvester.config.options import Options
from harvester.engagement.credentials import AccessToken, Credentials
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.groupings import Series, choose_groupings, parse_grouping
from harvester.engagement.metrics import RATE, EndpointName, choose_for_each
from harvester.engagement.request import Access, Request
from harvester.engagement.windows import TimeRange, read_range
from harvester.errors import UsageError
from harvester.planning import Planner, Reach

DEFAULT_ACCOUNT: Final = ""
NO_ACCOUNT: Final = "(no account)"
"""Whose tweets are whose the input names, and the credentials do not."""


@dataclass(frozen=True, slots=True)
class Question:
    """What all requests of an endpoint share.

    blank: a request without tweets, metrics and credential. range: the time asked for, None where the endpoint
    takes none. owners: the accounts by name, the last one for names that are none. is_distinct: whether each ID of
    the input comes once.
    """

    blank: Request
    reach: Reach
    range: TimeRange | None = None
    owners: Sequence[str] = (DEFAULT_ACCOUNT,)
    is_distinct: bool = False

    def planner(self, now_ms: int) -> Planner:
        """A planner at the beginning of the input. now_ms: the moment from which ages count."""
        windows = self.range.windows() if self.range else ()
        return Planner(self.blank, now_ms, self.reach, windows, self.owners, is_distinct=self.is_distinct)


def accounts_used(options: Options, credentials: Credentials) -> dict[str, AccessToken]:
    """The access tokens that requests may be signed with, by account: the default one, and those of names.

    Names count only where the input has them.
    """
    if not credentials.app_key:
        return {}
    used = {} if credentials.access_token is None else {DEFAULT_ACCOUNT: credentials.access_token}
    return {**used, **credentials.accounts} if options.has_owners else used


def reach_of(options: Options, credentials: Credentials) -> Reach | None:
    """What can be read with the credentials; None if nothing is configured."""
    accounts = accounts_used(options, credentials)
    has_bearer = credentials.has_bearer_beside(accounts)
    return Reach(frozenset(accounts), has_bearer) if accounts or has_bearer else None


def make_questions(
    options: Options, reach: Reach | None, accounts: Iterable[str], began_ms: int
) -> Mapping[EndpointName, Question]:
    """What each endpoint is asked.

    accounts: all names that the input may use. began_ms: when the run began; ages and relative times count from
    it. Raises UsageError for what the endpoints or the credentials cannot give.
    """
    if reach is None:
        raise UsageError(
            "no credentials are configured",
            "Set HARVESTER_BEARER_TOKEN, or consumer key, consumer secret, access token and its secret.",
        )
    columns = choose_for_each(options.metrics, options.endpoints, user_context=bool(reach.accounts))
    owners = (DEFAULT_ACCOUNT, *accounts, NO_ACCOUNT) if options.has_owners else (DEFAULT_ACCOUNT,)
    return {
        name: Question(blank, reach, time_range, owners, options.dedupe)
        for name, (blank, time_range) in _blanks(options, columns, began_ms).items()
    }


def _blanks(
    options: Options, columns: Mapping[EndpointName, tuple[str, ...]], began_ms: int
) -> Mapping[EndpointName, tuple[Request, TimeRange | None]]:
    """What all requests of each endpoint share, and the time asked for."""
    time_range = None
    if "historical" in options.endpoints:
        time_range = read_range(options.start, options.end, began_ms / 1000)
    elif options.start is not None or options.end is not None:
        raise UsageError("--start and --end are for historical", "Ask it: -e historical")
    chosen = choose_groupings(options.groupings, options.series, options.endpoints)
    return {
        name: (
            Request(ENDPOINTS[name], (), (), columns[name], Access.NONE, series=series, groupings=groupings),
            time_range if name == "historical" else None,
        )
        for name, (groupings, series) in chosen.items()
    }


class Identity(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True, omit_defaults=True):
    """The options that can change the result, as `run.json` has them: by the names of their flags.

    metrics: by endpoint, what was chosen. engagement_rate: whether tweets are ranked by it. The address of the API
    is not among them: a proxy or another port gives the same answers. A default is left out, so that runs go on
    that began before there was such a flag.
    """

    endpoint: tuple[EndpointName, ...]
    metrics: dict[EndpointName, tuple[str, ...]]
    engagement_rate: bool
    start: str | None
    end: str | None
    series: Series | None
    group: tuple[str, ...]
    top: int
    min_impressions: int
    format: str | None
    column: str | None
    owner_column: str | None
    owner_from_folder: bool
    dedupe: bool
    limit: int | None
    newer_than: int | None
    account: str | None
    accounts: tuple[str, ...] | None
    access: tuple[str, ...]
    simulate: bool
    include_referenced: bool = False
    accept_rounded: bool = False


def identity_of(
    options: Options, credentials: Credentials, questions: Mapping[EndpointName, Question]
) -> dict[str, Any]:
    """The options that can change the result, for `run.json`."""
    access = ["user context"] if credentials.has_user_context else []
    if credentials.has_bearer_beside(accounts_used(options, credentials)):
        access.append("bearer token")
    identity = Identity(
        endpoint=options.endpoints,
        metrics={name: question.blank.columns for name, question in questions.items()},
        engagement_rate=RATE in (options.metrics or ()),
        start=options.start,
        end=options.end,
        series=options.series,
        group=tuple(f"{grouping.name}={','.join(grouping.group_by)}" for grouping in options.groupings),
        top=options.top,
        min_impressions=options.min_impressions,
        format=options.file_format,
        column=options.column,
        owner_column=options.owner_column,
        owner_from_folder=options.owner_from_folder,
        dedupe=options.dedupe,
        limit=options.limit,
        newer_than=options.newer_than_ms,
        account=options.account,
        accounts=tuple(sorted(credentials.accounts)) if options.has_owners else None,
        access=tuple(access),
        simulate=options.is_simulated,
        include_referenced=options.include_referenced,
        accept_rounded=options.accept_rounded,
    )
    built: dict[str, Any] = msgspec.to_builtins(identity)
    return built


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a run was asked, as its `run.json` tells it: enough to read its input and its records, not to go on.

    blanks: by endpoint, a request without tweets, and the time asked for. rate_floor: as in `Reduction`.
    """

    options: Options
    rate_floor: int | None
    blanks: Mapping[EndpointName, tuple[Request, TimeRange | None]]


def recall(identity: Mapping[str, Any], began_ms: int, out: Path) -> Recalled:
    """What a run in `out` was asked. Raises UsageError for an identity that `identity_of` did not make."""
    try:
        known = msgspec.convert(identity, Identity)
        options = Options(
            inputs=(),
            out=out,
            endpoints=known.endpoint,
            start=known.start,
            end=known.end,
            series=known.series,
            groupings=tuple(map(parse_grouping, known.group)),
            top=known.top,
            min_impressions=known.min_impressions,
            file_format=known.format,
            column=known.column,
            include_referenced=known.include_referenced,
            accept_rounded=known.accept_rounded,
            owner_column=known.owner_column,
            owner_from_folder=known.owner_from_folder,
            dedupe=known.dedupe,
            limit=known.limit,
            newer_than_ms=known.newer_than,
        )
        rate_floor = known.min_impressions if known.engagement_rate else None
        return Recalled(options, rate_floor, _blanks(options, known.metrics, began_ms))
    except (msgspec.ValidationError, KeyError) as exc:
        raise UsageError(f"the options are not those of a run: {exc}") from exc
