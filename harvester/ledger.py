"""The ledger of handles: whose tokens were used in which month, over all runs on this machine.

Contracts cap the number of unique authenticated handles a month, and the service neither reports nor blocks
that (contract, section 5). Months are UTC's. Nothing secret is in the file: a handle is the user's number,
which an access token begins with, or a hash of the token; an app is a hash of its key.

    {"schema":1,"months":{"2026-07":{"app:3f…":["user:185728888","token:a9…"]}}}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from harvester.engagement.credentials import AccessToken, AppKey, Secret
from harvester.errors import UsageError
from harvester.rundir.files import storage_errors, write_derived
from harvester.rundir.lock import exclusively

SCHEMA: Final = 1
HASH_BYTES: Final = 12

Months = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By month (`2026-07`) and app, the handles, sorted."""


@dataclass(frozen=True, slots=True)
class MonthCount:
    """The app's handles in a month. new: how many of them were not in the ledger before."""

    month: str
    handles: int
    new: int


def ledger_path(environ: Mapping[str, str]) -> Path:
    """Where the ledger is kept: in the user's state, not in a run directory."""
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "harvester/handles.json"


def month_of(now_s: float) -> str:
    """The calendar month in UTC, as `2026-07`. now_s: seconds since 1970."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m")


def handle_of(access_token: AccessToken) -> str:
    """Whose token it is: the same for all tokens of a user where the token begins with the user's number."""
    number, dash, _ = access_token.token.reveal().partition("-")
    if dash and number.isascii() and number.isdigit():
        return f"user:{number}"
    return f"token:{hash_of(access_token.token)}"


def app_of(app_key: AppKey) -> str:
    """Which app it is, by a hash of its key."""
    return f"app:{hash_of(app_key.key)}"


def with_handles(
    months: Months, month: str, app: str, handles: Iterable[str], ceiling: int | None
) -> tuple[Months, MonthCount]:
    """The ledger with these handles, and the app's count in this month.

    Raises UsageError when handles that are new in this month would bring their number over the ceiling.
    """
    known = frozenset(months.get(month, {}).get(app, ()))
    used = known.union(handles)
    count = MonthCount(month, len(used), len(used) - len(known))
    if ceiling is not None and count.new and count.handles > ceiling:
        raise UsageError(
            f"{count.handles:,} handles would have been used in {month}, {count.new:,} of them new, and the"
            f" ceiling is {ceiling:,}",
            "Use accounts that were used this month already, wait for the next one, or raise the ceiling.",
        )
    return {**months, month: {**months.get(month, {}), app: tuple(sorted(used))}}, count


class Ledger:
    """The ledger's file. Several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def use(
        self,
        app_key: AppKey,
        access_tokens: Mapping[str, AccessToken],
        now_s: float,
        ceiling: int | None = None,
    ) -> MonthCount:
        """Record that these tokens, by the names of their accounts, are used now. Safe to repeat.

        Raises UsageError, and records nothing, when new handles would go over the ceiling or when the
        file is damaged; StorageError when it cannot be written.
        """
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with exclusively(self.path):
            handles = map(handle_of, access_tokens.values())
            months, count = with_handles(self._read(), month_of(now_s), app_of(app_key), handles, ceiling)
            if count.new:
                document = _Document(schema=SCHEMA, months=months)
                write_derived(self.path, msgspec.json.encode(document) + b"\n")
        return count

    def _read(self) -> Months:
        try:
            document = msgspec.json.decode(self.path.read_bytes(), type=_Document)
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise UsageError(f"{self.path}: {exc.strerror}", "Grant the right to read it.") from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            raise UsageError(
                f"{self.path} is damaged: {exc}",
                "Bring it back from a copy, or move it aside: this month's count then begins anew.",
            ) from exc
        if document.schema != SCHEMA:
            raise UsageError(f"{self.path} is of a later version of harvester", "Use that version.")
        return document.months


class _Document(msgspec.Struct):
    schema: int
    months: Months


def hash_of(secret: Secret) -> str:
    """A secret in a form that does not tell it."""
    return blake2b(secret.reveal().encode(), digest_size=HASH_BYTES, person=b"harvester").hexdigest()
