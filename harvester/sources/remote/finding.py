"""From URLs to the objects that they mean, through fsspec, which is an extra and loaded when one is given."""

import glob
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from harvester.errors import UsageError
from harvester.sources.remote.buckets import BucketObject, Details, Files, details_of, files_below, is_folder
from harvester.sources.remote.objects import Refusal, StoredObject, ask, look_up, refused
from harvester.sources.urls import is_web, name_of, scheme_of, shown_argument, why

if TYPE_CHECKING:
    from harvester.sources.remote.web import WebFiles

AT_ONCE: Final = 16
"""So many objects of a folder are looked up at the same time."""
_EXTRAS: Final = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
_TALKATIVE: Final = (
    *("fsspec", "s3fs", "gcsfs", "botocore", "aiobotocore", "boto3", "urllib3", "google", "adlfs", "azure"),
)
"""Loggers that tell whole URLs and headers, with all that is secret in them."""


def find_objects(url: str, stop: Event) -> Iterator[StoredObject]:
    """What a URL means: an object, or off the web the data files of a folder or what matches a pattern, sorted.

    A trailing slash makes no difference. Folders are walked as those of this machine.

    Raises UsageError: the extra is not installed, nothing is there or matched or may be read. ServiceError: it
    cannot be asked.
    """
    if is_web(url):
        yield _web_object(url, stop)
        return
    files, path = _file_system(url)
    name = shown_argument(url)
    try:
        paths = ask(lambda: _paths(files, path), name, stop)
    except Refusal as exc:
        raise refused(name, exc) from None
    if not paths:
        raise UsageError(
            f"{name}: no data files there", "A file whose name has another ending can be named itself."
        )

    def looked_up(path_found: str) -> StoredObject:
        return look_up(BucketObject(_url_of(path_found, url, path), path_found, files), stop)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(looked_up, paths)


def _web_object(url: str, stop: Event) -> StoredObject:
    files = _web_files(url)
    from harvester.sources.remote.web import WebObject  # noqa: PLC0415  # as late as fsspec

    try:
        service = WebObject(url, files)
    except Refusal as exc:
        raise refused(name_of(url), exc) from None
    return look_up(service, stop)


def _url_of(path: str, url: str, url_path: str) -> str:
    """The URL of what was found under a path. url, url_path: what was asked for, and its path."""
    asked = url.rstrip("/")
    if url_path and asked.endswith(url_path):
        return f"{asked.removesuffix(url_path)}{path}"
    return f"{scheme_of(url)}://{path.lstrip('/')}"


def _paths(files: Files, path: str) -> list[str]:
    try:
        found = {path: details_of(files, path)}
    except Refusal:
        if not glob.has_magic(path):
            raise
        found = {name: details for name, details in _glob(files, path).items() if _is_seen(name)}
        if not found:
            raise Refusal("nothing matches") from None
    paths: list[str] = []
    for name, details in sorted(found.items()):
        below = files_below(files, name) if is_folder(details) else [name]
        paths.extend(below)
    return list(dict.fromkeys(paths))


def _glob(files: Files, path: str) -> Mapping[str, Details]:
    try:
        return files.glob(path, detail=True)
    except (FileNotFoundError, PermissionError, NotImplementedError) as exc:
        raise Refusal(why(exc)) from None


def _is_seen(path: str) -> bool:
    return not path.rstrip("/").rpartition("/")[2].startswith(".")


def _web_files(url: str) -> "WebFiles":
    with _opening(url):
        fsspec = _fsspec()
        from harvester.sources.remote.web import CLIENT  # noqa: PLC0415  # as late as fsspec

        files: WebFiles = fsspec.filesystem("http", client_kwargs=dict(CLIENT))
        return files


def _file_system(url: str) -> tuple[Files, str]:
    with _opening(url):
        files, path = _fsspec().core.url_to_fs(url, use_listings_cache=False)
        return files, path


def _fsspec() -> Any:
    import fsspec  # noqa: PLC0415  # an extra

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return fsspec


@contextmanager
def _opening(url: str) -> Iterator[None]:
    """Say what is missing to read such a URL."""
    name, scheme = shown_argument(url), scheme_of(url) or ""
    try:
        yield
    except ImportError as exc:
        extra = _EXTRAS.get(scheme, "remote")
        missing = "" if exc.name in (None, "fsspec") else f": {why(exc)}"
        raise UsageError(
            f"{name}: to read {scheme}:// takes more than is installed{missing}",
            f"pip install 'harvester[{extra}]'",
        ) from None
    except Exception as exc:  # noqa: BLE001  # whatever a file system's library raises
        raise UsageError(f"{name}: cannot be opened: {why(exc)}", "Check the URL.") from None
