"""The bars that a person sees on a terminal while a harvest goes on."""

from typing import Final

from harvester.cli.picture import last_picture, picture
from harvester.cli.screen import Screen
from harvester.cli.seen import Seen

EVERY_S: Final = 0.25


class Bar:
    """Bars with figures below them, drawn in place."""

    every_s = EVERY_S

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def show(self, seen: Seen) -> None:
        """Draw what has changed."""
        self._screen.draw(picture(seen, *self._screen.room()))

    def close(self, seen: Seen | None) -> None:
        """Leave the bars standing as they are at the end."""
        if seen:
            self._screen.draw(last_picture(seen, *self._screen.room()))
