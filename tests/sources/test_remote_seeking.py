"""Tables and archives that a service gives: its failures are no damage of theirs."""

import io
import threading
from collections.abc import Iterator

import pytest

from harvester.errors import RunDirectoryError, ServiceError
from harvester.sources import Source, read_chunks
from harvester.sources.remote import objects
from harvester.sources.remote.objects import Changed, StoredObject, Told
from tests.sources.compressed import streamed_zip, zipped

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
IDS = list(range(1_060_976_163_948_904_448, 1_060_976_163_948_904_448 + 300))
TABLE = pa.table({"tweet_id": IDS})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "FIRST_BACKOFF_S", 0.0)
    monkeypatch.setattr(objects, "SEEK_BYTES", 512)


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(TABLE, file, row_group_size=50)
    return file.getvalue()


def arrow() -> bytes:
    file = io.BytesIO()
    with pa.ipc.new_file(file, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=50)
    return file.getvalue()


MEMBERS = {f"{n}.txt": b"".join(b"%d\n" % i for i in IDS[n * 100 : n * 100 + 100]) for n in range(3)}
CUT_ZIP = streamed_zip(MEMBERS)[: streamed_zip(MEMBERS).index(b"PK\1\2") + 4]
CONTENTS = {"parquet": parquet(), "arrow": arrow(), "zip": zipped(MEMBERS), "cut zip": CUT_ZIP}


class Failing:
    """A service whose reading fails after so many times that it succeeded, so many times."""

    url = "s3://bucket/object"
    can_seek = True

    def __init__(self, content: bytes, n_sound: int, n_failures: int, exc: Exception) -> None:
        self.content = content
        self.n_sound = n_sound
        self.n_failures = n_failures
        self.exc = exc

    def look(self) -> Told:
        return Told(len(self.content), "one")

    def read(self, told: Told, start: int, end: int | None) -> Iterator[bytes]:
        self.n_sound -= 1
        if self.n_sound < 0 and self.n_failures > 0:
            self.n_failures -= 1
            raise self.exc
        yield self.content[start:end]


class Hanging(Failing):
    """A service that answers so many times, and the next time is told to stop and does not answer."""

    def __init__(self, content: bytes, n_sound: int) -> None:
        super().__init__(content, n_sound, 0, OSError())
        self.stop = threading.Event()
        self.answer = threading.Event()
        self.is_waited_for = False

    def read(self, told: Told, start: int, end: int | None) -> Iterator[bytes]:
        self.n_sound -= 1
        if self.n_sound < 0:
            self.stop.set()
            self.is_waited_for = not self.answer.wait(30)
        yield self.content[start:end]


def source_of(service: Failing) -> Source:
    """Its first bytes come by another way than the rest."""
    stored = StoredObject(service, service.look())
    content = service.content
    return Source(stored.name, len(content), pieces=lambda _n, _stop: iter((content,)), open=stored.open)


def found_through(service: Failing) -> tuple[list[int], list[str]]:
    """The IDs, and why anything is unreadable."""
    chunks = list(read_chunks([source_of(service)]))
    ids = [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()]
    return ids, [chunk.unreadable for chunk in chunks if chunk.unreadable]


@pytest.mark.parametrize(
    ("exc", "kind"),
    [(OSError("gone"), ServiceError), (Changed(), RunDirectoryError)],
    ids=["gone", "changed"],
)
@pytest.mark.parametrize("name", CONTENTS)
def test_service_that_fails_while_one_goes_to_and_fro_ends_the_run_wherever_it_fails(
    name: str, exc: Exception, kind: type[Exception]
) -> None:
    """Told as damage it would be committed, and the run could never be gone on with."""
    n_reads = 0
    while True:
        service = Failing(CONTENTS[name], n_reads, 10**6, exc)
        try:
            found_through(service)
        except kind:
            n_reads += 1
            continue
        break
    assert service.n_failures == 10**6
    assert n_reads > 3


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("n_sound", range(4))
def test_service_that_fails_once_while_one_goes_to_and_fro_costs_nothing(name: str, n_sound: int) -> None:
    ids, reasons = found_through(Failing(CONTENTS[name], n_sound, 1, OSError("gone")))
    assert ids == IDS
    assert len(reasons) == (name == "cut zip")


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("n_sound", range(4))
def test_stop_ends_going_to_and_fro_without_a_word_while_the_service_is_silent(
    name: str, n_sound: int
) -> None:
    service = Hanging(CONTENTS[name], n_sound)
    chunks = list(read_chunks([source_of(service)], stop=service.stop))
    assert service.stop.is_set()
    assert not service.is_waited_for
    assert not any(chunk.rejected for chunk in chunks)
    service.answer.set()
