"""Seals: a short hash beside what is kept, so that a bit that flipped on the disk is noticed. Pure."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
import orjson

SEAL_BYTES: Final = 8
CHECK: Final = "check"
"""The field of a sealed document that holds its seal."""


def seal_of(values: Sequence[object]) -> bytes:
    """The seal of a row: of its values, in their order."""
    return blake2b(msgspec.msgpack.encode(list(values)), digest_size=SEAL_BYTES).digest()


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON document with the seal of its other fields in it."""
    return {**document, CHECK: _document_seal(document)}


def unsealed(text: bytes) -> dict[str, Any]:
    """The document that stands in a sealed text. Raises ValueError when it is not as it was sealed."""
    document = orjson.loads(text)
    if not isinstance(document, dict) or CHECK not in document:
        raise ValueError(f"it has no field {CHECK!r}")
    if document.pop(CHECK) != _document_seal(document):
        raise ValueError(f"it is not what its field {CHECK!r} was made of")
    return document


def _document_seal(document: Mapping[str, Any]) -> str:
    text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=SEAL_BYTES).hexdigest()
