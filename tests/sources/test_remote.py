"""Objects behind URLs: that nothing of them is lost or mixed, and no secret of a URL told."""

import gzip
import io
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.errors import HarvesterError, RunDirectoryError, ServiceError, UsageError
from harvester.sources import Source, find_sources, read_chunks
from harvester.sources.ahead import read_ahead
from harvester.sources.remote import objects
from harvester.sources.remote.objects import Refusal, StoredObject, Told, ask
from harvester.sources.urls import name_of, scheme_of, shown_argument, why
from tests.sources.web_server import Served, serving

FIRST = 1_060_976_163_948_904_448
IDS = list(range(FIRST, FIRST + 60_000))
CONTENT = b"".join(b"%d\n" % number for number in IDS)
"""1.2 MB."""
CANARY = "canary-9c41"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "FIRST_BACKOFF_S", 0.0)


def ids_of(*sources: Source) -> list[int]:
    return [number for chunk in read_chunks(sources) for number in chunk.ids.tolist()]


def content_of(source: Source, chunk_bytes: int = 2**20) -> bytes:
    assert source.pieces
    return b"".join(source.pieces(chunk_bytes, threading.Event()))


@pytest.mark.parametrize(
    "served",
    [
        Served(CONTENT),
        Served(CONTENT, etag=None, modified="Tue, 24 Nov 2026 10:00:00 GMT"),
        Served(CONTENT, etag=None),
        Served(CONTENT, has_ranges=False),
        Served(CONTENT, has_length=False),
        Served(CONTENT, etag=None, has_length=False, has_ranges=False),
        Served(CONTENT, breaks_at=[1, 70_000, 1_100_001]),
        Served(CONTENT, breaks_at=[500_001], has_ranges=False),
        Served(CONTENT, statuses=[503, 429, 500]),
        Served(b""),
        Served(b"", has_ranges=False),
    ],
    ids=lambda served: ",".join(f"{k}={v}" for k, v in vars(served).items() if k != "content" and v),
)
def test_object_of_the_web_is_read_as_it_is_stored(served: Served) -> None:
    with serving(served) as server:
        (source,) = find_sources([server.url])
        assert ids_of(source) == (IDS if served.content else [])
    assert source.name == server.url
    is_known = (served.has_length or served.has_ranges) and (served.etag or served.modified)
    assert source.size_bytes == (len(served.content) if is_known else None)


def test_bytes_are_taken_as_they_are_stored_whatever_the_service_says_of_their_encoding() -> None:
    with serving(Served(gzip.compress(CONTENT), encoding="gzip", breaks_at=[9_000])) as server:
        (source,) = find_sources([server.url])
        assert ids_of(source) == IDS
    assert source.size_bytes == len(server.served.content)


def test_source_tells_by_what_content_is_known() -> None:
    with serving(Served(b"1\n", modified="then")) as server:
        assert find_sources([server.url])[0].version == 'ETag "one"'
        server.served.etag = None
        assert find_sources([server.url])[0].version == "Last-Modified then"
        server.served.modified = None
        assert find_sources([server.url])[0].version is None


def test_reading_goes_on_where_it_broke_off() -> None:
    with serving(Served(CONTENT, breaks_at=[900_000])) as server:
        assert content_of(find_sources([server.url])[0]) == CONTENT
        ranges = [str(asked).removeprefix("bytes=") for _, asked in server.served.asked]
    assert (ranges[:2], ranges[3:]) == (["0-0", "0-1199999"], ["0-0"])
    assert 400_000 < int(ranges[2].removesuffix("-1199999")) <= 900_000


@pytest.mark.parametrize("served", [Served(CONTENT), Served(CONTENT, has_ranges=False)])
@pytest.mark.parametrize(("n_same", "breaks_at"), [(1, []), (2, []), (2, [300_000])])
def test_object_that_changes_while_it_is_read_is_never_mixed(
    served: Served, n_same: int, breaks_at: list[int]
) -> None:
    changing = replace(
        served, changes_after=n_same, other=CONTENT[20:] + CONTENT[:20], breaks_at=breaks_at, asked=[]
    )
    with serving(changing) as server:
        sources = find_sources([server.url])
        with pytest.raises(RunDirectoryError, match=r"ids\.txt: the input has changed while it was read"):
            ids_of(*sources)


def test_stream_without_size_and_version_is_not_pieced_together() -> None:
    served = Served(CONTENT, etag=None, breaks_at=[500_000], has_ranges=False)
    with serving(served) as server:
        (source,) = find_sources([server.url])
    stored = source.pieces.__self__  # type: ignore[union-attr]
    service = Breaking(CONTENT)
    unknown = replace(stored, told=Told(None, None), service=service)
    with pytest.raises(ServiceError, match="cannot be read: gone"):
        list(unknown.pieces(2**20, threading.Event()))
    assert service.n_reads == 1


class Breaking:
    """A service that breaks off in the middle, always."""

    url = "x://y"
    can_seek = True

    def __init__(self, content: bytes, exc: Exception | None = None) -> None:
        self.content = content
        self.exc = exc or OSError("gone")
        self.n_reads = 0

    def look(self) -> Told:
        return Told(len(self.content), "one")

    def read(self, told: Told, start: int, end: int | None) -> Iterator[bytes]:
        self.n_reads += 1
        half = len(self.content) // 2
        if start < half:
            yield self.content[start:half]
        raise self.exc


@pytest.mark.parametrize(
    ("exc", "n_reads"), [(OSError("gone"), 6), (Refusal("expired"), 1), (KeyError("k"), 6)]
)
def test_what_cannot_be_read_in_the_end_ends_the_run_and_is_no_end_of_the_file(
    exc: Exception, n_reads: int
) -> None:
    """As an end of the file it would be committed, and the run could never be gone on with."""
    service = Breaking(CONTENT, exc)
    stored = StoredObject(service, service.look())
    with pytest.raises(ServiceError, match="x://y: cannot be read"):
        ids_of(Source(stored.name, len(CONTENT), pieces=stored.pieces))
    assert service.n_reads == n_reads


@pytest.mark.parametrize(("piece_bytes", "is_read"), [(101, True), (100, False)])
def test_failures_are_forgotten_once_reading_has_come_far_enough(
    piece_bytes: int, monkeypatch: pytest.MonkeyPatch, *, is_read: bool
) -> None:
    monkeypatch.setattr(objects, "_PROGRESS_BYTES", 100)
    content = CONTENT[:1000]

    class Halting(Breaking):
        def read(self, told: Told, start: int, end: int | None) -> Iterator[bytes]:
            yield self.content[start : start + piece_bytes]
            raise self.exc

    stored = StoredObject(Halting(content), Told(len(content), "one"))
    try:
        assert b"".join(stored.pieces(50, threading.Event())) == content
    except ServiceError:
        assert not is_read
    else:
        assert is_read


@pytest.mark.parametrize(
    ("statuses", "kind", "says"),
    [
        ([404], UsageError, "cannot be opened: the service answers 404 Not Found"),
        ([403], UsageError, "cannot be opened: the service answers 403 Forbidden"),
        ([503] * 9, ServiceError, "cannot be read: the service answers 503 Service Unavailable"),
    ],
)
def test_object_that_is_not_given_is_told(statuses: list[int], kind: type[HarvesterError], says: str) -> None:
    with serving(Served(CONTENT, statuses=statuses)) as server, pytest.raises(kind, match=says) as caught:
        find_sources([server.url])
    assert caught.value.hint


@pytest.mark.parametrize(
    ("n_failures", "draw", "told_s", "waits_s"),
    [
        (1, 1.0, None, 1.0),
        (3, 1.0, None, 4.0),
        (3, 0.25, None, 1.0),
        (3, 0.0, None, 0.0),
        (3, 0.25, 0.5, 1.0),
        (1, 1.0, 7.0, 7.0),
        (1, 1.0, 1e9, 60.0),
    ],
)
def test_backoff_has_full_jitter_and_is_no_shorter_than_told(
    n_failures: int, draw: float, told_s: float | None, waits_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "FIRST_BACKOFF_S", 1.0)
    assert objects.backoff_s(n_failures, draw, told_s) == waits_s


def test_service_that_says_when_to_ask_again_is_left_alone_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []

    def backoff_s(_n_failures: int, _draw: float, told_s: float) -> float:
        told.append(told_s)
        return 0.0

    monkeypatch.setattr(objects, "backoff_s", backoff_s)
    with serving(Served(CONTENT, statuses=[503, 429], retry_after="7")) as server:
        assert find_sources([server.url])[0].size_bytes == len(CONTENT)
    assert told == [7.0, 7.0]


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "https://a:b/c", "http://127.0.0.1:1/x", "x9://a/b"]
)
def test_url_that_cannot_be_asked_is_told(url: str) -> None:
    with pytest.raises(HarvesterError, match="cannot be") as caught:
        find_sources([url])
    assert caught.value.hint


def test_seekable_file_reads_any_place() -> None:
    with serving(Served(CONTENT)) as server:
        (source,) = find_sources([server.url])
        assert source.open
        with source.open(threading.Event()) as file:
            assert file.seek(-20, io.SEEK_END) == len(CONTENT) - 20
            assert file.read() == CONTENT[-20:]
            file.seek(20)
            assert (file.read(19), file.tell()) == (CONTENT[20:39], 39)
            assert file.seek(len(CONTENT) + 5)
            assert file.read(1) == b""
            server.served.etag = '"other"'
            file.seek(0)
            with pytest.raises(RunDirectoryError, match="has changed"):
                file.read(1)


def test_server_without_ranges_gives_no_seekable_file() -> None:
    with serving(Served(CONTENT, has_ranges=False)) as server:
        assert find_sources([server.url])[0].open is None


def test_stop_ends_a_reading_that_waits() -> None:
    stop, come, is_over = threading.Event(), threading.Event(), threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"1\n"
        come.wait(60)
        is_over.set()

    ahead = read_ahead(pieces(), stop)
    assert next(ahead) == b"1\n"
    stop.set()
    assert list(ahead) == []
    assert not is_over.is_set()
    come.set()


def test_stop_ends_a_question_that_is_not_answered() -> None:
    stop, answer = threading.Event(), threading.Event()

    def look() -> Told:
        stop.set()
        answer.wait(60)
        return Told(None, None)

    with pytest.raises(ServiceError, match="told to stop"):
        ask(look, "x://y", stop)
    answer.set()


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=9), st.integers(1, 60))
def test_pieces_are_cut_as_asked_and_nothing_is_lost(parts: list[bytes], chunk_bytes: int) -> None:
    content = b"".join(parts)

    class Whole(Breaking):
        def read(self, told: Told, start: int, end: int | None) -> Iterator[bytes]:
            yield from parts

    stored = StoredObject(Whole(content), Told(len(content), "one"))
    pieces = list(stored.pieces(chunk_bytes, threading.Event()))
    assert b"".join(pieces) == content
    assert max(map(len, pieces), default=0) <= chunk_bytes


# Secrets


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://ada:pw@host/ids.txt", "https://host/ids.txt"),
        ("https://ada:p/w@host/ids.txt", "https://host/ids.txt"),
        ("https://ada:p@w@host:8080/@me/ids.txt?sig=pw#pw", "https://host:8080/@me/ids.txt"),
        ("https://ada:p?w@host/ids.txt", "https://host/ids.txt"),
        ("https://host/@me/ids.txt", "https://host/@me/ids.txt"),
        ("https://[::1]:80/@me?a", "https://[::1]:80/@me"),
        ("HTTPS://host?pw", "HTTPS://host"),
        ("s3://bucket/ids-?.csv", "s3://bucket/ids-?.csv"),
        ("s3://bucket/ids.csv?X-Sig=pw", "s3://bucket/ids.csv"),
        ("s3://key:pw@bucket/a", "s3://bucket/a"),
    ],
)
def test_name_of_a_url_holds_no_secret(url: str, name: str) -> None:
    assert name_of(url) == shown_argument(url) == name


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("s3://a", "s3"),
        ("HTTPS://a", "https"),
        ("c:/a", None),
        ("a/b://c", None),
        ("1://a", None),
        ("-", None),
    ],
)
def test_scheme_tells_urls_from_paths(text: str, scheme: str | None) -> None:
    assert scheme_of(text) == scheme


def test_error_of_a_library_is_told_without_the_url_s_secrets() -> None:
    said = why(ValueError(f"no 'https://ada:{CANARY}@host/x?sig={CANARY}' there"))
    assert said == "no 'https://host/x' there"


@pytest.mark.parametrize("statuses", [[], [404], [503] * 9, [200, 403], [200, *[500] * 9]])
def test_secrets_of_a_url_are_sent_and_nowhere_told(statuses: list[int]) -> None:
    with serving(Served(b"1\nx\n", statuses=statuses)) as server:
        told = secret_url_told(server.url.replace("http://", f"http://ada:{CANARY}@") + f"?sig={CANARY}")
        assert {path for path, _ in server.served.asked} == {f"/ids.txt?sig={CANARY}"}
    assert told
    assert CANARY not in told


def secret_url_told(url: str) -> str:
    try:
        sources = find_sources([url])
        return repr((sources, list(read_chunks(sources))))
    except HarvesterError as exc:
        return f"{exc!r} {exc.hint} {exc.__cause__!r}"


def test_user_and_password_of_a_url_sign_the_requests() -> None:
    with serving(Served(b"1\n", authorization="Basic YWRhOnB3")) as server:
        (source,) = find_sources([server.url.replace("http://", "http://ada:pw@")])
        assert ids_of(source) == [1]
    assert (source.name, source.is_shortened) == (server.url, True)
