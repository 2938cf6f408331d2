"""The allowance that the API told last, by app and endpoint, over all runs on this machine; for `plan`.

    {"schema":1,"apps":{"app:3f…":{"totals":{"per_minute":600.0,"shared":false,"at":1795546351,"url":"https://…"}}}}

Nothing secret is in the file: an app is a hash of its key, or of its bearer token. Where it cannot be read or
written, a plan has no rate of its own, and that is all.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from harvester.engagement.allowance import MINUTE_S, Rate
from harvester.engagement.credentials import Credentials
from harvester.engagement.endpoints import DEFAULT_BASE_URL
from harvester.engagement.windows import utc_text
from harvester.errors import HarvesterError
from harvester.ledger import app_of, hash_of
from harvester.pipeline.endpoint_run import Snapshot
from harvester.rundir.files import write_derived
from harvester.sources import shown_argument

SCHEMA: Final = 1
NAME: Final = "limits.json"


class Seen(msgspec.Struct, frozen=True):
    """An allowance as it was told. shared: one for all endpoints. at: seconds since 1970. url: who told it."""

    per_minute: float
    shared: bool
    at: float
    url: str

    @property
    def rate(self) -> Rate:
        """As a rate."""
        return Rate(self.per_minute, MINUTE_S)

    @property
    def told_at(self) -> str:
        """When it was told: UTC, as ISO has it."""
        return utc_text(int(self.at))

    @property
    def who(self) -> str:
        """Who told it, in words."""
        return "the API" if self.url == DEFAULT_BASE_URL else self.url


class _Document(msgspec.Struct):
    schema: int = SCHEMA
    apps: dict[str, dict[str, Seen]] = {}


@dataclass(frozen=True, slots=True)
class LastLimits:
    """The file. folder: the user's state, that of the ledger."""

    folder: Path

    def seen(self, credentials: Credentials) -> Mapping[str, Seen]:
        """What the app of these credentials was told last; nothing where it never was."""
        app = fingerprint(credentials)
        return self._read().apps.get(app, {}) if app else {}

    def remember(
        self, credentials: Credentials, snapshots: Sequence[Snapshot], url: str, now_s: float
    ) -> None:
        """Keep what a run was told. Never an error."""
        app = fingerprint(credentials)
        shown = shown_argument(url)
        told = {
            snapshot.endpoint: Seen(snapshot.told.per_minute, snapshot.told.is_shared, now_s, shown)
            for snapshot in snapshots
            if snapshot.told
        }
        if not app or not told:
            return
        document = self._read()
        apps = {**document.apps, app: {**document.apps.get(app, {}), **told}}
        with suppress(OSError, HarvesterError):
            self.folder.mkdir(parents=True, exist_ok=True)
            content = msgspec.json.encode({"schema": SCHEMA, "apps": apps})
            write_derived(self.folder / NAME, content + b"\n")

    def _read(self) -> _Document:
        try:
            document = msgspec.json.decode((self.folder / NAME).read_bytes(), type=_Document)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return _Document()
        return document if document.schema == SCHEMA else _Document()


def fingerprint(credentials: Credentials) -> str | None:
    """Which app these credentials are of, without telling them; None where there are none."""
    if credentials.app_key:
        return app_of(credentials.app_key)
    return f"bearer:{hash_of(credentials.bearer_token)}" if credentials.bearer_token else None
