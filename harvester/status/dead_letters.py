"""Dead letters by their reason, and what can be done about each. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

ADVICE: Final = {
    "service": "the service failed for these tweets while it answered others: run again later",
    "timeout": "no answer in time: run again; a longer --timeout helps where the service is slow",
    "connection": "the connection broke each time: run again, and look at the network or the proxy",
    "too large": "the answer was larger than 64 MiB: ask with fewer metrics, a shorter range, or by day",
    "unreadable": "the answer could not be read: run again; the letter shows how it began",
    "not the API": "something else answered, such as a proxy or a login page: look at --base-url",
    "incomplete": "the answer broke off: run again",
    "malformed": "the API gave a count that is none: run again, or tell them; the letter shows it",
    "refused": "the API refuses these tweets without saying why: run again, or leave them out",
}
OTHERWISE: Final = "run again: dead letters are asked for once more; the letter has the last error"


class _Letter(msgspec.Struct):
    reason: str = ""


def count_reasons(letters: Iterable[bytes]) -> Counter[str]:
    """How many dead letters there are of each reason. letters: each as JSON."""
    decoder = msgspec.json.Decoder(_Letter)
    return Counter(decoder.decode(letter).reason for letter in letters)


def advice_for(reason: str) -> str:
    """What to do about dead letters of a reason."""
    return ADVICE.get(reason, OTHERWISE)
