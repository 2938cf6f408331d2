"""Where two documents differ, as sentences. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_NOTHING: Final = object()


def differences(found: Any, computed: Any, where: str = "") -> Iterator[str]:
    """Where what was found is not what it comes to when it is computed again; both as JSON holds them."""
    if isinstance(found, Mapping) and isinstance(computed, Mapping):
        for name in [*computed, *(name for name in found if name not in computed)]:
            place = f"{where}.{name}" if where else str(name)
            yield from differences(found.get(name, _NOTHING), computed.get(name, _NOTHING), place)
    elif isinstance(found, list) and isinstance(computed, list):
        for number in range(max(len(found), len(computed))):
            place = f"{where}[{number}]"
            yield from differences(_at(found, number), _at(computed, number), place)
    elif type(found) is not type(computed) or found != computed:
        yield f"{where} is {_shown(found)}, and recomputed {_shown(computed)}"


def _at(sequence: Sequence[Any], number: int) -> Any:
    return sequence[number] if number < len(sequence) else _NOTHING


def _shown(value: object) -> str:
    if value is _NOTHING:
        return "not there"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else f"{value!r}"[:80]
