"""The embedded simulator as a child process of `run --simulate`.

It listens on a port of its own and has a session of its own, so that Ctrl-C reaches only the harvest, which
still has answers to wait for. It ends with its parent, however that ends: its standard input closes then.
"""

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.errors import ServiceError

START_TIMEOUT_S = 30
LAST_LINES = 5
LOOK_EVERY_S = 0.5


class Simulated:
    """A running simulator: where it is, and what it accepts."""

    def __init__(
        self, process: subprocess.Popen[str], errors: IO[str], base_url: str, credentials: Credentials
    ) -> None:
        self.base_url = base_url
        self.credentials = credentials
        self._process = process
        self._errors = errors

    async def death(self) -> ServiceError:
        """Wait until the simulator has ended by itself; what it said last."""
        while self._process.poll() is None:  # noqa: ASYNC110  # a child's end sets no event here
            await asyncio.sleep(LOOK_EVERY_S)
        return _obituary("the simulator has died", self._process, self._errors)


@contextlib.contextmanager
def simulator() -> Iterator[Simulated]:
    """Start the simulator, with random credentials that nobody else knows, and stop it at the end.

    Raises ServiceError with its last lines when it does not start.
    """
    names = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET", "BEARER_TOKEN")
    values = {name: secrets.token_urlsafe(24) for name in names}
    with tempfile.TemporaryFile("w+") as errors:
        # Its answers do not depend on a file that is meant for the harvest.
        process = subprocess.Popen(  # noqa: S603  # this very program
            [sys.executable, "-m", "harvester", "simulate", "--exit-with-parent", "--config", os.devnull],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**_environment(), **{f"HARVESTER_{name}": value for name, value in values.items()}},
            start_new_session=True,
            text=True,
        )
        try:
            said = process.stdout.readline() if process.stdout else ""
            if not said:
                process.wait(START_TIMEOUT_S)
                raise _obituary("the simulator did not start", process, errors)
            credentials = Credentials(
                AppKey(Secret(values["CONSUMER_KEY"]), Secret(values["CONSUMER_SECRET"])),
                AccessToken(Secret(values["ACCESS_TOKEN"]), Secret(values["ACCESS_TOKEN_SECRET"])),
                Secret(values["BEARER_TOKEN"]),
            )
            yield Simulated(process, errors, json.loads(said)["base_url"], credentials)
        finally:
            if process.stdin:
                process.stdin.close()
            if process.stdout:
                process.stdout.close()
            process.terminate()
            process.wait()


def _obituary(what: str, process: subprocess.Popen[str], errors: IO[str]) -> ServiceError:
    errors.seek(0)
    last = " / ".join(errors.read().splitlines()[-LAST_LINES:])
    return ServiceError(f"{what} (exit code {process.returncode}): {last or 'it said nothing'}")


def _environment() -> dict[str, str]:
    """The parent's environment without its own settings: they are meant for the harvest."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("HARVESTER_", "TWITTER_"))
    }
