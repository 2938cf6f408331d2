"""The house as the README draws it: imports go downwards only, and what is pure stays pure."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "harvester"
README = (ROOT / "README.md").read_text()
LINE = re.search(r"Imports go downwards only: (.+?)\. `engagement`", README, re.DOTALL)
FLOORS = [
    [room.strip() for room in floor.split(",")]
    for floor in (LINE[1] if LINE else "").replace("\n", " ").split("·")
]
PURE_ROOMS = ("engagement", "planning", "reduce", "dedupe", "questions", "timeline")
PURE_MODULES = (
    "transport.guess",
    "transport.pace",
    "transport.remaining",
    "transport.outage",
    "transport.concurrency",
    "transport.refusals",
    "rundir.marks",
    "rundir.seals",
    "rundir.records",
    "report.summary",
    "report.outcomes",
    "report.tables",
    "report.tallies",
    "report.times",
    "report.wording",
    "verify.differences",
    "verify.findings",
    "verify.records",
)
IMPURE = {
    "aiohttp",
    "asyncio",
    "os",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
}
ENTRANCE = {"__init__", "__main__", "version"}
ROOMS_OF_SOURCES_SEEN = {
    "sources": {"places"},
    "sources.reading": {"layers", "columnar"},
    "sources.formats": {"delimited", "json_texts"},
    "sources.places.find": {"remote"},
}
"""Which rooms of sources a module there may know beside its own."""
MODULES = sorted(
    str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".").removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
)


def imports_of(module: str) -> set[str]:
    """All that a module imports, also inside of functions; but for what only types need."""
    path = PACKAGE / Path(*module.split("."))
    tree = ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def floor_of(room: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if room in floor)


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(module) for module in MODULES} - ENTRANCE
    assert sorted(rooms) == sorted(room for floor in FLOORS for room in floor)


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) not in ENTRANCE])
def test_imports_go_downwards_only(module: str) -> None:
    room = room_of(module)
    inside = {name.split(".")[1] for name in imports_of(module) if name.startswith("harvester.")}
    others = inside - ENTRANCE - {room}
    # The ground floor is one: what the API is raises errors.
    upwards = {other for other in others if floor_of(other) <= floor_of(room) < len(FLOORS) - 1}
    assert not upwards


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) == "sources"])
def test_rooms_of_sources_know_what_stands_between_them_and_not_each_other(module: str) -> None:
    known = {
        tuple(name.split(".")[2:]) for name in imports_of(module) if name.startswith("harvester.sources")
    }
    rooms = {name[0] for name in known if len(name) > 1} - set(module.split(".")[1:2])
    assert rooms == ROOMS_OF_SOURCES_SEEN.get(module, set())
    if module.count(".") > 1:
        assert not known & {(), ("reading",), ("formats",)}


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) != "cli"])
def test_only_the_command_line_knows_the_simulator_and_that_only_the_api(module: str) -> None:
    known = {name.split(".")[1] for name in imports_of(module) if name.startswith("harvester.")}
    if room_of(module) == "simulator":
        assert known <= {"simulator", "engagement"}
    else:
        assert "simulator" not in known


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) in PURE_ROOMS or m in PURE_MODULES])
def test_what_decides_knows_no_socket_clock_or_loop(module: str) -> None:
    assert not {name.split(".")[0] for name in imports_of(module)} & IMPURE
