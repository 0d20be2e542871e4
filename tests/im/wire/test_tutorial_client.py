"""What a connection of the dialect remembers: what was shown, and what is proven to be received."""

from __future__ import annotations

import asyncio

from im.protocol.server import Message
from im.services.identity import Identity
from im.services.limits import Pace, TokenBucket
from im.wire.connection import CloseCode
from im.wire.tutorial_client import ASK_SECONDS, MAX_ASKED, TutorialClient

WHO = Identity(user=1, session=2, name="ann", kind="user", role="user", language="zh")


class Wire:
    """A connection that notes its pings."""

    address = "127.0.0.1"
    heard = 0.0

    def __init__(self) -> None:
        self.closed = False
        self.pings: list[bytes] = []
        self.asked = asyncio.Event()

    def send(self, encoded: bytes) -> None:
        """Not looked at."""

    def ping(self, data: bytes = b"") -> None:
        """Note it."""
        self.pings.append(data)
        self.asked.set()

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Note it."""
        self.closed = True

    def farewell(self, retry_after: int) -> None:
        """Not looked at."""

    def abort(self) -> None:
        """Not looked at."""


def client() -> tuple[TutorialClient, Wire]:
    """A connection without a gateway."""
    wire = Wire()
    made = TutorialClient(wire, WHO, TokenBucket(Pace(1, 1)), lambda _: None, lambda _: None)
    return made, wire


def entry(seq: int, conv: str = "p:1:2") -> Message:
    return Message(conv=conv, seq=seq, ordinal=seq, sender=2, time=1, text="x")


async def asked(wire: Wire) -> bytes:
    """The next ping."""
    async with asyncio.timeout(ASK_SECONDS * 10):
        await wire.asked.wait()
    wire.asked.clear()
    return wire.pings[-1]


def test_an_entry_is_shown_once() -> None:
    async def run() -> None:
        one, _ = client()
        assert [one.fresh(entry(seq)) for seq in (1, 2, 2, 1, 3)] == [
            True,
            True,
            False,
            False,
            True,
        ]
        assert one.fresh(entry(1, "g:1"))
        one.close()

    asyncio.run(run())


def test_what_was_sent_from_here_is_not_shown_but_counts() -> None:
    async def run() -> None:
        one, _ = client()
        one.sent("p:1:2", 1)
        assert not one.fresh(entry(1))
        assert one.fresh(entry(2))
        one.close()

    asyncio.run(run())


def test_a_pong_proves_what_was_shown_before_its_ping_and_no_more() -> None:
    async def run() -> None:
        one, wire = client()
        one.fresh(entry(1))
        one.fresh(entry(2))
        first = await asked(wire)
        one.fresh(entry(3))
        assert one.proven(b"") == one.proven(b"nonsense") == one.proven(b"99") == {}
        assert one.proven(first) == {"p:1:2": 2}
        assert one.proven(first) == {}
        second = await asked(wire)
        assert one.proven(second) == {"p:1:2": 3}
        one.close()

    asyncio.run(run())


def test_the_pong_to_a_later_ping_proves_the_earlier_ones_too() -> None:
    async def run() -> None:
        one, wire = client()
        one.fresh(entry(1))
        await asked(wire)
        one.fresh(entry(1, "g:1"))
        assert one.proven(await asked(wire)) == {"p:1:2": 1, "g:1": 1}
        one.close()

    asyncio.run(run())


def test_who_never_answers_is_not_asked_for_ever() -> None:
    async def run() -> None:
        one, wire = client()
        for seq in range(1, MAX_ASKED + 3):
            one.fresh(entry(seq))
            # The timer's work, without its wait.
            if one._timer is not None:
                one._timer.cancel()
            one._ask()
        assert len(wire.pings) == MAX_ASKED
        assert one.proven(wire.pings[-1]) == {"p:1:2": MAX_ASKED}
        one._ask()
        assert one.proven(wire.pings[-1]) == {"p:1:2": MAX_ASKED + 2}
        one.close()

    asyncio.run(run())
