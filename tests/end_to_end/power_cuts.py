"""A small run that loses power at each moment of its life, and what has to become of it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.end_to_end.disks import FLAGS, STRING_BYTES, Call, Disk, Folder, digest_of, read_calls
from tests.end_to_end.forked import ForkingRunner
from tests.end_to_end.injecting import traced
from tests.end_to_end.running import assert_same_result
from tests.end_to_end.sweeping import Scene, finish


@dataclass(frozen=True)
class Cut:
    """A power cut. when: the call that was the last one, and what is left."""

    when: str
    disk: Disk


def record(scene: Scene, run: ForkingRunner) -> list[Call]:
    """The calls of a harvest to its end: a run, and one more for its dead letters."""
    scene.set_up(run, "the first run")
    calls = []
    for code in (3, 0):
        finished, lines = traced(run, scene.arguments, *FLAGS, "-s", str(STRING_BYTES))
        assert finished.code == code, finished.err
        calls += list(read_calls(iter(lines)))
    assert_same_result(run, scene.reference)
    return calls


def cuts(scene: Scene, run: ForkingRunner, calls: list[Call], seed: int) -> Iterator[Cut]:
    """All that a power cut may leave behind each of the calls, everything once. seed: of garbage."""
    chance = Random(seed)
    folder = Folder(run.out, scene.before("the first run"))
    known = set()
    for number, call in enumerate(calls):
        if folder.take(call):
            for what, disk in folder.disks(chance):
                if (digest := digest_of(disk)) not in known:
                    known.add(digest)
                    yield Cut(f"call {number}, {call.name}({call.flags[:40]}): {what}", disk)
    assert folder.now() == {path.name: path.read_bytes() for path in run.out.iterdir()}, "the model is wrong"


def what_is_wrong(scene: Scene, run: ForkingRunner, cut: Cut) -> str:
    """Go on from there with the same command; nothing where that comes to the same result."""
    shutil.rmtree(run.out, ignore_errors=True)
    run.out.mkdir()
    for name, content in cut.disk.items():
        (run.out / name).write_bytes(content)
    try:
        finish(run, scene.arguments)
        assert_same_result(run, scene.reference)
    except (AssertionError, OSError) as error:
        return f"{cut.when}: {error}"[:500]
    return ""
