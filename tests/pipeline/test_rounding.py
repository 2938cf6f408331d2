"""An input that looks rounded is refused before a request is spent on it."""

from pathlib import Path
from threading import Event

import pytest

from harvester.errors import UsageError
from harvester.pipeline.rounding import LOOKED_AT_BYTES, demand_exact
from harvester.sources import Form, find_sources

EXACT = 1_060_976_163_948_904_448
ROUNDED = 1_060_976_163_948_904_400


FORM = Form(began_ms=1_790_000_000_000)


def refusal_of(tmp_path: Path, *files: list[object], form: Form = FORM) -> UsageError | None:
    for place, lines in enumerate(files):
        (tmp_path / f"{place}.txt").write_text("".join(f"{line}\n" for line in lines))
    try:
        demand_exact(find_sources((str(tmp_path),)), form, Event())
    except UsageError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("lines", "is_refused"),
    [
        ([ROUNDED + 100 * n for n in range(20)], True),
        ([ROUNDED + 100 * n for n in range(19)], False),
        ([EXACT + 7 * n for n in range(1_000)], False),
        ([100 * n + 100 for n in range(1_000)], False),
        ([EXACT + 4 * n for n in range(50)] + ["1.06098E+18"] * 30, True),
        ([EXACT + 7 * n for n in range(50)] + ["1060976163948904448.0"] * 30, True),
        ([EXACT + 7 * n for n in range(50)] + ["1.06098E+18"] * 5, False),
        ([n for k in range(30) for n in (ROUNDED + 100 * k, EXACT + k, EXACT + 99 * k + 1)], True),
    ],
    ids=[
        "rounded",
        "too few to tell",
        "by chance",
        "exact as doubles",
        "scientific notation",
        "floats",
        "single slips",
        "a third, scattered",
    ],
)
def test_file_is_refused_when_a_large_part_is_rounded(
    tmp_path: Path, lines: list[object], is_refused: bool
) -> None:
    assert (refusal_of(tmp_path, lines) is not None) is is_refused


def test_each_file_is_looked_at(tmp_path: Path) -> None:
    good: list[object] = [EXACT + 7 * n for n in range(1_000)]
    refusal = refusal_of(tmp_path, good, good, [ROUNDED] * 100)
    assert refusal is not None
    assert refusal.message.startswith(f"{tmp_path}/2.txt: 100 of the first 100 IDs look rounded")
    assert "--accept-rounded" in (refusal.hint or "")


def test_rounded_file_passes_when_that_is_accepted(tmp_path: Path) -> None:
    assert refusal_of(tmp_path, [ROUNDED] * 100, form=Form(accept_rounded=True)) is None


def test_only_the_beginning_of_a_large_file_is_looked_at(tmp_path: Path) -> None:
    n_exact = LOOKED_AT_BYTES // 20 + 60_000
    lines: list[object] = [*(EXACT + n for n in range(n_exact)), *[ROUNDED] * n_exact]
    assert refusal_of(tmp_path, lines) is None


def test_stream_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    demand_exact(find_sources(("-",)), Form(), Event())


def test_wanted_column_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("id,x\n21,22\n")
    with pytest.raises(UsageError, match="no column 'y'"):
        demand_exact(find_sources((str(tmp_path),)), Form(column="y"), Event())
