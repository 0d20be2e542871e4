"""A poller that cannot get to all that is ready knows it, and for how long."""

from __future__ import annotations

import asyncio
import socket

import pytest

from im.wire import poller
from im.wire.poller import Poller, fastest_poll
from im.wire.portable_poll import READ
from tests.im.wire.pair import until

pytestmark = pytest.mark.gen_test(timeout=30)

AT_ONCE = 4


class Talker:
    """Its other side never stops, until it is told to."""

    def __init__(self) -> None:
        self.socket, self.other = socket.socketpair()
        self.other.send(b"x")
        self.goes_on = True
        self.heard = 0

    def ready(self, events: int) -> None:
        """Something has come."""
        self.socket.recv(10)
        self.heard += 1
        if self.goes_on:
            self.other.send(b"x")

    def close(self) -> None:
        """Both sides."""
        self.socket.close()
        self.other.close()


async def test_more_than_can_be_got_to_is_a_standing_queue_until_it_is_gone(
    io_loop: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "MAX_EVENTS", AT_ONCE)
    polled: Poller[Talker] = Poller(asyncio.get_running_loop(), fastest_poll())
    talkers = [Talker() for _ in range(3 * AT_ONCE)]
    try:
        for talker in talkers:
            polled.add(talker.socket.fileno(), talker)
            polled.watch(talker.socket.fileno(), 0, READ)
        await until(lambda: polled.standing() > 0.3)
        assert all(talker.heard > 1 for talker in talkers), "everyone has their turn"
        for talker in talkers:
            talker.goes_on = False
        await until(lambda: polled.standing() == 0.0)
    finally:
        polled.close()
        for talker in talkers:
            talker.close()
