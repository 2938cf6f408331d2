"""What tests of the library start from: a service in this process, and the credentials of nobody."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.library.serving import Service

VARIABLES: Final = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials in the environment, and homes of the test's own."""
    for name in VARIABLES:
        monkeypatch.setenv(f"HARVESTER_{name}", "1-x")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def ctrl_c_is_heard() -> Iterator[None]:
    """Also where a shell has started the tests in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service that counts everything as 1."""
    service = Service()
    monkeypatch.setattr("harvester.job.HttpSession", service)
    return service


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Every thread of a harvest ends by itself once nobody reads."""
    yield
    left = [thread for thread in threading.enumerate() if thread.name.startswith("harvester")]
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left)
