"""What a file's name says of it: data, documentation, or neither. Content is not looked at."""

from pathlib import PurePath
from typing import Final

DATA_ENDINGS: Final = frozenset(
    {
        *(".csv", ".dat", ".id", ".ids", ".list", ".lst", ".psv", ".tab", ".tsv", ".txt"),
        *(".js", ".json", ".jsonl", ".ndjson"),
        *(".arrow", ".arrows", ".feather", ".ipc", ".parquet", ".pq"),
        *(".bz2", ".gz", ".lzma", ".xz", ".zip", ".zst", ".zstd"),
    }
)
"""What a folder's files are taken by; a name without an ending is taken too."""
COMPRESSED_ENDINGS: Final = frozenset({".bz2", ".gz", ".lzma", ".xz", ".zst", ".zstd"})
"""Before these the ending counts that stands there."""
RUN_DIRECTORY_FILES: Final = ("run.json", "journal.db")
"""By these two together a folder is known as a run directory."""
_DOCUMENT_ENDINGS: Final = frozenset(
    {
        *(".adoc", ".htm", ".html", ".ipynb", ".markdown", ".md", ".pdf", ".rst"),
        *(".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"),
    }
)
_DOCUMENT_NAMES: Final = frozenset(
    {
        *("authors", "changelog", "changes", "citation", "contributing", "copying", "licence", "license"),
        *("notice", "readme"),
    }
)
_MAC_OS_LEAVINGS: Final = "__MACOSX"
"""What a Mac adds to a zip archive: a shadow of each file under the same name."""


def has_data_ending(name: str) -> bool:
    """Whether a file of that name, met in a folder, is taken for data."""
    path = PurePath(name.lower())
    if path.suffix in COMPRESSED_ENDINGS:
        path = path.with_suffix("")
    is_ending = any(c.isalpha() for c in path.suffix)
    return not is_ending or path.suffix in DATA_ENDINGS


def is_passed_over(name: str) -> bool:
    """Whether what has that name in a folder is never looked at: hidden, or left there by a tool."""
    return name.startswith(".") or name in ("_SUCCESS", _MAC_OS_LEAVINGS)


def is_documentation(path: str) -> bool:
    """Whether a path is by its name about data and none itself, as `data/README` or `LICENSE.txt`."""
    name = path.rstrip("/").rpartition("/")[2].lower()
    ending = PurePath(name).suffix
    is_known = name.split(".")[0] in _DOCUMENT_NAMES and ending in ("", ".txt", ".cff")
    return is_known or ending in _DOCUMENT_ENDINGS
