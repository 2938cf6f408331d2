"""What generated lives have shown to be wrong once, each as short as it can be."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.worlds.disk import DiskFault, End
from tests.worlds.input_files import IdFile, Lines
from tests.worlds.lives import CALM, Life
from tests.worlds.scene import Scene
from tests.worlds.story import Story
from tests.worlds.troubles import Spoiling


@contextmanager
def story_of(text: bytes) -> Iterator[Story]:
    """Lives over an input of that text, which come to their end after what is done with them."""
    scene = Scene()
    with closing(Story(scene, {"a.txt": IdFile((text,))}, Lines(scene.now_ms, seed=0))) as story:
        yield story
        story.finish()


def test_process_that_cannot_write_into_its_lock_lets_go_of_it() -> None:
    with story_of(b"21\n") as story:
        for at in range(1, 8):
            story.go_on(Life(disk=DiskFault("full", at, lasts=False)))


def test_input_of_one_byte_is_gone_on_with() -> None:
    with story_of(b"\n") as story:
        story.go_on(CALM)


@pytest.mark.parametrize("spoilt", [{}, {"1": "refused"}])
def test_what_was_derived_before_the_input_grew_is_not_of_now(spoilt: Spoiling) -> None:
    with story_of(b"21\n22\n") as story:
        story.go_on(Life(spoiling=spoilt))
        story.grow("longer", 5, Life(end=End("crash", "request", 1)), may_grow=True)
