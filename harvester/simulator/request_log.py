"""One NDJSON line a request, written before the answer leaves, so that nothing answered is uncounted."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import orjson

from harvester.simulator.catalogue import Fault, Trouble


@dataclass(frozen=True, slots=True)
class Entry:
    """What was asked and how it went.

    time: epoch seconds. endpoint: its name, or token, request_token, authorize, access_token; None for a wrong
    URL. status: None where nothing is answered. fault: None where the contract is kept, also by a refusal.
    whole: whether the answer is a 200 that tells all that was asked, and nothing wrong of it, in spite of a
    fault or without one. start, end: as asked. groupings: the group_by of each. account: whose token has signed;
    None for a bearer token, and for what is refused with a 401.
    """

    time: float
    endpoint: str | None
    credential: Literal["bearer", "oauth1", "none"]
    tweet_ids: list[str]
    engagement_types: list[str]
    status: int | None
    fault: Fault | Trouble | None
    whole: bool
    start: str | None
    end: str | None
    groupings: dict[str, list[str]]
    account: str | None


class RequestLog:
    """Appends to a file, or to nothing where there is no path."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("ab", buffering=0) if path else None

    def write(self, entry: Entry) -> None:
        """Add a line. Unbuffered and in one call, so a kill loses none and tears none."""
        if self._file:
            self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    def __enter__(self) -> Self:
        """Close at the end of a with block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
