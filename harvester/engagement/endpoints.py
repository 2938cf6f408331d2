"""The endpoints of the Engagement API. Source: contract, section 1."""

from dataclasses import dataclass

from harvester.engagement.metrics import EndpointName

DEFAULT_BASE_URL = "https://data-api.twitter.com"
DEFAULT_AUTH_URL = "https://api.twitter.com"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint. ids_per_request: at most so many tweet IDs in one request."""

    name: EndpointName
    ids_per_request: int

    @property
    def path(self) -> str:
        """The path below the service's base URL; always POST."""
        return f"/insights/engagement/{self.name}"


ENDPOINTS: dict[EndpointName, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (Endpoint("totals", 250), Endpoint("28hr", 25), Endpoint("historical", 25))
}
