"""What a terminal shows of the bars, drawn on an emulated one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyte
import pytest

from harvester.cli.bar import Bar
from harvester.cli.screen import Screen, terminal_size
from tests.cli.sights import BEGUN, seen_of, three, waiting


class Terminal:
    """An emulated terminal, and how much was written to it."""

    def __init__(self, columns: int, lines: int) -> None:
        self.emulated = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.emulated)
        self.written: list[str] = []

    def write(self, text: str) -> None:
        self.written.append(text)
        self._stream.feed(text.replace("\n", "\r\n"))

    def flush(self) -> None:
        """Nothing is held back."""

    def size(self) -> tuple[int, int]:
        return self.emulated.columns, self.emulated.lines

    def resize(self, columns: int, lines: int) -> None:
        self.emulated.resize(lines, columns)

    @property
    def shown(self) -> list[str]:
        return [line.rstrip() for line in self.emulated.display if line.strip()]


@pytest.fixture
def make() -> Callable[..., tuple[Terminal, Screen]]:
    def make(columns: int = 80, lines: int = 24, **how: Any) -> tuple[Terminal, Screen]:
        terminal = Terminal(columns, lines)
        return terminal, Screen(terminal, terminal.size, **{"has_color": True, **how})

    return make


Make = Callable[..., tuple[Terminal, Screen]]


@pytest.mark.parametrize(("columns", "lines"), [(40, 24), (80, 24), (80, 6), (200, 60), (24, 3)])
def test_a_bar_stands_once_however_often_it_is_drawn(make: Make, columns: int, lines: int) -> None:
    terminal, screen = make(columns, lines)
    bar = Bar(screen)
    for n in range(30):
        bar.show(three(wait=[replace(waiting("rate limit", 40.0 - n), n_settled=2_500 + n)]))
    assert sum("totals" in line for line in terminal.shown) <= 2
    assert any("rate limit" in line and "11 s" in line for line in terminal.shown)
    assert len(terminal.shown) <= lines - 1


def test_only_rows_that_have_changed_are_written(make: Make) -> None:
    terminal, screen = make()
    screen.draw([(("one", ""),), (("two", ""),), (("three", ""),)])
    screen.draw([(("one", ""),), (("2", "yellow"),), (("three", ""),)])
    assert ("one" in terminal.written[-1], "2" in terminal.written[-1]) == (False, True)
    n = len(terminal.written)
    screen.draw([(("one", ""),), (("2", "yellow"),), (("three", ""),)])
    assert (len(terminal.written), terminal.shown) == (n, ["one", "2", "three"])


def test_rows_that_are_fewer_leave_nothing_behind(make: Make) -> None:
    terminal, screen = make()
    screen.draw([(("a long one", ""),), (("two", ""),), (("three", ""),)])
    screen.draw([(("short", ""),)])
    assert terminal.shown == ["short"]


def test_words_stand_above_the_bar_and_stay(make: Make) -> None:
    terminal, screen = make()
    bar = Bar(screen)
    bar.show(seen_of(BEGUN))
    screen.say("WARNING: one")
    bar.show(seen_of(replace(BEGUN, n_settled=5_000)))
    screen.say("WARNING: two")
    bar.close(seen_of(replace(BEGUN, n_settled=10_000, is_done=True), left_s=None))
    assert terminal.shown[:2] == ["WARNING: one", "WARNING: two"]
    assert len(terminal.shown) == 3
    assert "10,000 of 10,000 IDs (100%)" in terminal.shown[2]


def test_what_the_terminal_echoes_is_written_over(make: Make) -> None:
    terminal, screen = make()
    bar = Bar(screen)
    bar.show(seen_of(BEGUN))
    terminal.write("^C")
    bar.show(seen_of(replace(BEGUN, drain_s=4.0)))
    assert "^C" not in "".join(terminal.shown)
    assert "stopping" in terminal.shown[0]


@pytest.mark.parametrize("size", [(40, 24), (120, 24), (80, 8), (40, 10)])
def test_a_terminal_that_is_resized_shows_one_bar(make: Make, size: tuple[int, int]) -> None:
    terminal, screen = make(80, 24)
    bar = Bar(screen)
    bar.show(three())
    terminal.resize(*size)
    for n in range(3):
        bar.show(three(wait=[waiting("rate limit", 30.0 - n)]))
    assert sum(line.startswith("historical ") for line in terminal.shown) <= 1
    assert sum("rate limit" in line for line in terminal.shown) == 1


def test_a_wait_shows_something_new_each_second(make: Make) -> None:
    """Never looks dead: the time that is left counts down."""
    terminal, screen = make()
    bar = Bar(screen)
    shown = []
    for second in range(60):
        bar.show(seen_of(waiting("rate limit", 60.0 - second), left_s=None, elapsed_s=float(second)))
        shown.append("\n".join(terminal.shown))
    assert len(set(shown)) == 60


def test_colors_are_left_out_where_they_are_not_wanted(make: Make) -> None:
    terminal, screen = make(has_color=False)
    Bar(screen).show(seen_of(waiting("rate limit", 60.0)))
    assert "\x1b[3" not in "".join(terminal.written)
    assert "\x1b[1m" not in "".join(terminal.written)


def test_a_terminal_of_another_encoding_gets_plain_characters(make: Make) -> None:
    terminal, screen = make(encoding="ascii")
    Bar(screen).show(seen_of(BEGUN))
    "".join(terminal.written).encode("ascii")
    assert "####" in terminal.shown[0]


def test_what_is_no_terminal_has_the_usual_size() -> None:
    assert terminal_size(-1) == (80, 24)
