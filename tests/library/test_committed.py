"""Records read back while a run goes on, only as far as they are committed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.errors import RunDirectoryError
from harvester.library.committed import BLOCK_BYTES, Backlog, Tail


def line(number: int, padding: int = 0) -> bytes:
    return (
        b'{"tweet_id":"%d","status":"ok","created_at":"%s","metrics":{"favorites":1},"retrieved_at":"t"}\n'
        % (number, b"x" * padding)
    )


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 2 * BLOCK_BYTES), max_size=8), st.data())
def test_each_line_comes_once_however_it_is_committed(
    tmp_path: Path, paddings: list[int], data: st.DataObject
) -> None:
    """Also a line that is longer than a block, and with more behind that is not committed yet."""
    written = [line(number, padding) for number, padding in enumerate(paddings)]
    (tmp_path / "totals.ndjson").write_bytes(b"".join(written) + b'{"torn')
    tail = Tail(tmp_path, "totals")
    found: list[int] = []
    n_committed = n_bytes = 0
    while n_committed < len(written):
        more = data.draw(st.integers(1, len(written) - n_committed))
        n_bytes += sum(map(len, written[n_committed : n_committed + more]))
        n_committed += more
        while records := tail.take(n_bytes):
            found += [int(record.tweet_id) for record in records]
        assert found == [*range(n_committed)]
    tail.close()


def test_a_block_is_all_that_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "totals.ndjson").write_bytes(line(7) * 10_000)
    records = Tail(tmp_path, "totals").take(10_000 * len(line(7)))
    assert 0 < len(records) <= BLOCK_BYTES / len(line(7))


def test_endpoints_have_turns(tmp_path: Path) -> None:
    for name, n_lines in (("totals", 1), ("28hr", 4000)):
        (tmp_path / f"{name}.ndjson").write_bytes(line(1) * n_lines)
    backlog = Backlog(tmp_path)
    committed = {"totals": 0, "28hr": 4000 * len(line(1))}
    assert backlog.take(committed)[0].endpoint == "28hr"
    committed["totals"] = len(line(1))
    assert [backlog.take(committed)[0].endpoint for _ in range(2)] == ["totals", "28hr"]
    while backlog.take(committed):
        pass
    backlog.close()


@pytest.mark.parametrize(
    ("content", "committed_bytes", "message"),
    [
        (b"", 10, "shorter"),
        (line(1), 1000, None),
        (line(1)[:-9], len(line(1)), "shorter"),
        (b'{"tweet_id":"1"}\n', 17, "damaged"),
        (b"\xff\xfe\n", 3, "damaged"),
        (None, 10, "cannot be read"),
    ],
)
def test_a_file_that_is_not_what_was_committed_is_damage(
    tmp_path: Path, content: bytes | None, committed_bytes: int, message: str | None
) -> None:
    if content is not None:
        (tmp_path / "totals.ndjson").write_bytes(content)
    tail = Tail(tmp_path, "totals")
    if message is None:
        assert tail.take(committed_bytes)
        message = "shorter"
    with pytest.raises(RunDirectoryError, match=message):
        tail.take(committed_bytes)
    tail.close()
