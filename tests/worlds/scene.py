"""One world and one run over it, as values: what is true, what is asked for, and with which credentials."""

from dataclasses import dataclass, field
from typing import Final, Literal

from harvester.simulator.options import Readings
from harvester.simulator.world import World

EndpointName = Literal["totals", "28hr", "historical"]
Series = Literal["day", "hour"]

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
FIRST_TWEET: Final = 20
FIRST_SNOWFLAKE: Final = 30_000_000_000
MAX_ID: Final = 2**63 - 1
WINDOW_HOURS: Final = 28 * 24

TWEET, TYPE, DAY, HOUR = "tweet.id", "engagement.type", "engagement.day", "engagement.hour"
PUBLIC: Final = ("favorites", "retweets", "replies", "quote_tweets", "video_views")
ON_TOTALS: Final = ("impressions", "engagements", *PUBLIC)
ON_RANGES: Final = (
    "impressions",
    "engagements",
    "favorites",
    "retweets",
    "replies",
    "video_views",
    "media_views",
    "media_engagements",
    "url_clicks",
    "hashtag_clicks",
    "detail_expands",
    "permalink_clicks",
    "app_install_attempts",
    "app_opens",
    "email_tweet",
    "user_follows",
    "user_profile_clicks",
)
RATE: Final = "engagement_rate"
OFFERED: Final[dict[EndpointName, tuple[str, ...]]] = {
    "totals": ON_TOTALS,
    "28hr": ON_RANGES,
    "historical": ON_RANGES,
}


def made_ms(tweet_id: int) -> int | None:
    """When a tweet was made, None before Snowflake."""
    return (tweet_id >> 22) + SNOWFLAKE_EPOCH_MS if tweet_id >= FIRST_SNOWFLAKE else None


def was_made_before(tweet_id: int, time_ms: int) -> bool:
    """Whether a tweet was made before that moment; those from before Snowflake always were."""
    made = made_ms(tweet_id)
    return made is None or made < time_ms


@dataclass(frozen=True)
class Scene:
    """A world, an input, credentials and options.

    now_ms: the harvester's clock; the service's is ahead_ms ahead. lines: ID and owner as the input names them.
    users: who has let the app in; named: those whose tokens the credentials have by name; default: whose token
    they have without one. hours: what start and end come to, in hours since 1970, None without historical.
    """

    now_ms: int = 1_795_000_000_000
    ahead_ms: int = 0
    world: World = field(default_factory=World)
    readings: Readings = field(default_factory=Readings)
    lines: tuple[tuple[int, str], ...] = ()
    naming: Literal["none", "column", "folder"] = "none"
    users: tuple[str, ...] = ("ann",)
    named: tuple[str, ...] = ()
    default: str | None = "ann"
    bearer: Literal["none", "given", "fetched"] = "none"
    endpoints: tuple[EndpointName, ...] = ("totals",)
    metrics: tuple[str, ...] | None = None
    series: Series | None = None
    groupings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    start: str | None = None
    end: str | None = None
    hours: tuple[int, int] | None = None
    top: int = 3
    min_impressions: int = 100
    limit: int | None = None
    newer_than_ms: int | None = None
    is_deduped: bool = True
    concurrency: int = 3

    @property
    def service_ms(self) -> int:
        """The time by the service's clock."""
        return self.now_ms + self.ahead_ms

    @property
    def has_bearer(self) -> bool:
        """Whether there is a bearer token, or will be."""
        return self.bearer != "none"

    @property
    def has_user_context(self) -> bool:
        """Whether any request can be signed for a user."""
        return self.default is not None or bool(self.named and self.naming != "none")

    def account_of(self, owner: str) -> str | None:
        """With whose token a tweet of that owner, as the input names it, is asked for."""
        if self.naming == "none" or owner == "":
            return self.default
        return owner if owner in self.named else None

    def columns(self, endpoint: EndpointName) -> tuple[str, ...]:
        """The metrics that are wanted of an endpoint, in their order."""
        offered = OFFERED[endpoint]
        if self.metrics is None:
            return offered if self.has_user_context else PUBLIC
        wanted: list[str] = []
        for name in self.metrics:
            wanted += {RATE: ["engagements", "impressions"], "media_clicks": ["media_engagements"]}.get(
                name, [name]
            )
        return tuple(name for name in dict.fromkeys(wanted) if name in offered)

    def groupings_of(self, endpoint: EndpointName) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The user's groupings that the endpoint knows."""
        if endpoint != "totals":
            return self.groupings
        return tuple((name, by) for name, by in self.groupings if not {DAY, HOUR} & set(by))

    def series_of(self, endpoint: EndpointName) -> Series | None:
        """The series that an endpoint is asked for."""
        return None if endpoint == "totals" else self.series

    def is_squeezed(self, endpoint: EndpointName) -> bool:
        """Whether the user's groupings leave room for a series alone, and not for the counts beside it."""
        return self.series_of(endpoint) is not None and self.n_groupings(endpoint) > 3

    def n_groupings(self, endpoint: EndpointName) -> int:
        """How many groupings there are with those that a record needs: counts, and a series if it is wanted."""
        own = [by for _, by in self.groupings_of(endpoint)]
        return len(own) + sum(by not in own for by in self.needed(endpoint))

    def needed(self, endpoint: EndpointName) -> tuple[tuple[str, ...], ...]:
        """The groupings that a record needs."""
        counts = (TWEET, TYPE)
        match self.series_of(endpoint):
            case None:
                return (counts,)
            case "day":
                return counts, (*counts, DAY)
            case "hour":
                return counts, (*counts, DAY, HOUR)

    def is_legal(self, endpoint: EndpointName) -> bool:
        """Whether one request may hold the user's groupings and what the records need."""
        own = [by for _, by in self.groupings_of(endpoint)]
        # The counts can be summed from the series.
        needed = self.needed(endpoint)[-1:] if self.is_squeezed(endpoint) else self.needed(endpoint)
        in_all = own + [by for by in needed if by not in own]
        return len(in_all) <= 3 and sum(len(by) == 4 for by in in_all) <= 1
