"""The log says how long requests took, whatever the clock is set to meanwhile."""

from __future__ import annotations

import logging
import time
from contextlib import AsyncExitStack

import pytest

from im.app import Messenger
from tests.handlers.api import Api
from tests.handlers.test_door import all_turns, called, handshake, read_until, until

pytestmark = [
    pytest.mark.gen_test(timeout=30),
    pytest.mark.parametrize("jump", [3600.0, -3600.0], ids=["forward", "back"]),
]


class Clock:
    """The clock that can be set, and what the log said while it was."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        self._true = time.time
        self.off = 0.0
        monkeypatch.setattr("time.time", lambda: self._true() + self.off)
        caplog.set_level(logging.DEBUG, "im.http")

    def took(self, path: str) -> list[float]:
        """The milliseconds of each request for a path that was answered."""
        records = [vars(record) for record in self._caplog.get_records("call")]
        return [record["ms"] for record in records if record.get("path") == path]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Clock:
    """The right time until a test sets another."""
    return Clock(monkeypatch, caplog)


async def test_a_request_takes_as_long_as_it_takes_when_the_clock_is_set(
    api: Api,
    messenger: Messenger,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    jump: float,
) -> None:
    healthy = messenger.database.healthy

    async def set_meanwhile() -> bool:
        clock.off = jump
        return await healthy()

    monkeypatch.setattr(messenger.database, "healthy", set_meanwhile)
    assert (await api.call("GET", "/readyz")).status == 200
    (ms,) = clock.took("/readyz")
    assert 0 <= ms < 30_000


async def test_so_does_a_handshake(
    api: Api, messenger: Messenger, clock: Clock, jump: float
) -> None:
    async with AsyncExitStack() as turns:
        await turns.enter_async_context(all_turns(messenger))
        async with called(api, handshake()) as client:
            await until(lambda: messenger.capacity.open == 1)
            clock.off = jump
            await turns.aclose()
            await read_until(client, b" 101 ")
    (ms,) = clock.took("/ws")
    assert 0 <= ms < 30_000
