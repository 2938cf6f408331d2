"""What can stop a run, one class for each consequence.

    HarvesterError
    ├── UsageError           2   wrong flag, file or configuration
    ├── IncompleteError      3   finished, but dead letters or unreadable parts of the input remain
    ├── CredentialsError     4   the service refuses the credentials
    ├── ServiceError         5   the service is down, unreachable or not the API
    ├── RunDirectoryError    6   the run directory does not fit, is in use or damaged
    └── StorageError         7   the disk refused a write

What is expected of single tweets (unavailable, forbidden, given up) is a value, not an exception.
"""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says when it ends. Retrying helps for 3, 5, 130, 143; 2, 4, 6, 7 need a person."""

    OK = 0
    BUG = 1
    USAGE = 2
    INCOMPLETE = 3
    CREDENTIALS = 4
    SERVICE = 5
    RUN_DIRECTORY = 6
    STORAGE = 7
    INTERRUPTED = 130
    TERMINATED = 143


class HarvesterError(Exception):
    """The base: a message for people, and optionally a hint that says what to do next."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(HarvesterError):
    """A flag, a file or a configuration that cannot be used as given."""

    exit_code = ExitCode.USAGE


class IncompleteError(HarvesterError):
    """It came to its end, but dead letters or unreadable parts of the input remain. Commands say so by their exit
    code alone.
    """

    exit_code = ExitCode.INCOMPLETE


class CredentialsError(HarvesterError):
    """The service refuses the credentials, or what they are asked to read."""

    exit_code = ExitCode.CREDENTIALS


class ServiceError(HarvesterError):
    """The service is down, cannot be reached, or is something else than the Engagement API."""

    exit_code = ExitCode.SERVICE


class RunDirectoryError(HarvesterError):
    """The run directory belongs to other input or options, is in use, or is damaged."""

    exit_code = ExitCode.RUN_DIRECTORY


class StorageError(HarvesterError):
    """The disk refused a write; what is committed is safe."""

    exit_code = ExitCode.STORAGE


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest of what is known, None if nothing is near."""
    from difflib import get_close_matches  # noqa: PLC0415  # only what is refused needs it

    near = get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else None
