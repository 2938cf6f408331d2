"""`harvester`: the Engagement API's metrics of millions of tweet IDs, resumable, at the rate limit.

    outcome = await harvester.harvest(
        harvester.Options(inputs=("ids.txt",), out=Path("runs/july")),
        harvester.Credentials(bearer_token=harvester.Secret(token)),
    )

Names are imported when they are first used, so that `harvester --help` does not wait for aiohttp and numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from harvester.version import __version__

if TYPE_CHECKING:
    from harvester.config.options import Options
    from harvester.engagement.allowance import Rate
    from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
    from harvester.engagement.endpoints import ENDPOINTS
    from harvester.engagement.groupings import Grouping
    from harvester.engagement.metrics import CATALOGUE
    from harvester.errors import (
        CredentialsError,
        ExitCode,
        HarvesterError,
        RunDirectoryError,
        ServiceError,
        StorageError,
        UsageError,
    )
    from harvester.job import Outcome, harvest

__all__ = [
    "CATALOGUE",
    "ENDPOINTS",
    "AccessToken",
    "AppKey",
    "Credentials",
    "CredentialsError",
    "ExitCode",
    "Grouping",
    "HarvesterError",
    "Options",
    "Outcome",
    "Rate",
    "RunDirectoryError",
    "Secret",
    "ServiceError",
    "StorageError",
    "UsageError",
    "__version__",
    "harvest",
]

_HOME_OF: Final = {
    "CATALOGUE": "engagement.metrics",
    "ENDPOINTS": "engagement.endpoints",
    "AccessToken": "engagement.credentials",
    "AppKey": "engagement.credentials",
    "Credentials": "engagement.credentials",
    "Grouping": "engagement.groupings",
    "Rate": "engagement.allowance",
    "Secret": "engagement.credentials",
    "Options": "config.options",
    "Outcome": "job",
    "harvest": "job",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'harvester' has no attribute {name!r}")
    return getattr(import_module(f"harvester.{_HOME_OF.get(name, 'errors')}"), name)
