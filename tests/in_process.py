"""The product in the test's own process, with a session that is no network."""

from typing import Self


class InProcess:
    """A session that is its own maker: to be put in the place of the class. `post` is the test's."""

    def __call__(self, *_: object) -> Self:
        """As the class is called."""
        return self

    async def __aenter__(self) -> Self:
        """Nothing has to be opened."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing has to be closed."""
