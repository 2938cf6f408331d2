"""`harvester`: the Engagement API's metrics of millions of tweet IDs, resumable, at the rate limit.

    async for record in harvester.harvest(ids, out="runs/july", endpoints=("totals", "28hr")):
        print(record.tweet_id, record.metrics)

`harvest_sync` is the same for `for`. `run` is a harvest whose records are left in their files:

    outcome = await harvester.run(
        harvester.Options(inputs=("ids.txt",), out=Path("runs/july")),
        harvester.Credentials(bearer_token=harvester.Secret(token)),
    )

`harvester.dlt_source`, which has to be imported, loads a harvest with dlt. Names are imported when they are
first used, so that `harvester --help` does not wait for aiohttp and numpy.
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
        IncompleteError,
        RunDirectoryError,
        ServiceError,
        StorageError,
        UsageError,
    )
    from harvester.job import Outcome, run
    from harvester.library.asking import HarvestOptions
    from harvester.library.harvesting import Records, SyncRecords, harvest, harvest_sync
    from harvester.library.record import Record

__all__ = [
    "CATALOGUE",
    "ENDPOINTS",
    "AccessToken",
    "AppKey",
    "Credentials",
    "CredentialsError",
    "ExitCode",
    "Grouping",
    "HarvestOptions",
    "HarvesterError",
    "IncompleteError",
    "Options",
    "Outcome",
    "Rate",
    "Record",
    "Records",
    "RunDirectoryError",
    "Secret",
    "ServiceError",
    "StorageError",
    "SyncRecords",
    "UsageError",
    "__version__",
    "harvest",
    "harvest_sync",
    "run",
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
    "HarvestOptions": "library.asking",
    "Outcome": "job",
    "Record": "library.record",
    "Records": "library.harvesting",
    "SyncRecords": "library.harvesting",
    "harvest": "library.harvesting",
    "harvest_sync": "library.harvesting",
    "run": "job",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'harvester' has no attribute {name!r}")
    return getattr(import_module(f"harvester.{_HOME_OF.get(name, 'errors')}"), name)
