"""What a file's name says of it: data, documentation, or neither. Content is not looked at."""

from collections.abc import Iterable
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


def is_data_file(path: str) -> bool:
    """Whether the file at a path below a folder, parted by slashes, is taken where the folder is walked."""
    parts = path.split("/")
    return bool(parts[-1]) and not any(map(is_passed_over, set(parts))) and has_data_ending(parts[-1])


def data_files(paths: Iterable[str]) -> list[str]:
    """Of all files below a folder those that are taken, each once, in the order in which the folder is walked.

    paths: of the files within it, parted by slashes. Run directories are left out with all that is below them.
    """
    files = set(paths)
    folders = {path[: path.rfind("/") + 1] for path in files}
    runs = {folder for folder in folders if files.issuperset(folder + name for name in RUN_DIRECTORY_FILES)}
    taken: list[str] = []
    run: str | None = None
    # A folder's own path, which ends with a slash, comes right before all that is below it.
    for path in sorted(files | runs, key=_by_parts):
        if run is not None and path.startswith(run):
            continue
        if path in runs:
            run = path
        elif is_data_file(path):
            taken.append(path)
    return taken


def _by_parts(path: str) -> str:
    """Sorts paths as the tuples of their parts would be: `a/b` before `a-b`."""
    return path.replace("/", "\0")


def is_documentation(path: str) -> bool:
    """Whether a path is by its name about data and none itself, as `data/README` or `LICENSE.txt`."""
    name = path.rstrip("/").rpartition("/")[2].lower()
    ending = PurePath(name).suffix
    is_known = name.split(".")[0] in _DOCUMENT_NAMES and ending in ("", ".txt", ".cff")
    return is_known or ending in _DOCUMENT_ENDINGS
