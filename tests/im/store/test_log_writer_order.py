"""What a sender appends before hearing of a failure never overtakes what failed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from im.errors import Unavailable
from im.settle import settle
from im.store import log_writer
from im.store.entries import Entry, NewEntry
from im.store.errors import OutOfService, StaleEpoch
from im.store.log_writer import LogWriter
from tests.im.store.harness import LIMIT, message, on_loop, private, ready, rows, writing

PATIENCE = 10.0


class Outage:
    """The database is away for the first transaction."""

    def __init__(self) -> None:
        self._left = 1

    def hit(self, point: str) -> None:
        """Fail once."""
        if point == "before_begin" and self._left:
            self._left -= 1
            raise OutOfService("away", 0)

    def plans(self, point: str) -> bool:
        """Before the transaction."""
        return point == "before_begin"


def news_of(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the writer's thread has told the loop something, which it has not heard yet."""
    told = threading.Event()
    tell = loop.call_soon_threadsafe

    def told_now(callback: Callable[..., Any], *args: Any, **options: Any) -> asyncio.Handle:
        handle = tell(callback, *args, **options)
        told.set()
        return handle

    monkeypatch.setattr(loop, "call_soon_threadsafe", told_now)
    return told


def put(writer: LogWriter, entry: NewEntry) -> asyncio.Future[Entry]:
    """Put an entry in line."""
    future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
    writer.submit(entry, partial(settle, future))
    return future


@on_loop
async def test_nothing_overtakes_an_entry_whose_failure_is_not_known_yet(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ready(url) as database:
        talk = await private(database, 1, 2)
        writer = LogWriter(database, faults=Outage())
        told = news_of(asyncio.get_running_loop(), monkeypatch)
        first = put(writer, message(talk.id, 1, "first"))
        assert told.wait(PATIENCE)  # the loop stands still here
        second = put(writer, message(talk.id, 1, "second"))
        other = put(writer, message(talk.id, 2, "of another"))
        for future in (first, second):
            with pytest.raises(Unavailable):
                await future
        assert isinstance(await other, Entry)
        # Once it was told, its sender sends again, in order.
        again = [put(writer, message(talk.id, 1, text)) for text in ("first", "second")]
        await asyncio.gather(*again)
        assert await rows(database, "SELECT content FROM message ORDER BY seq") == [
            ("of another",),
            ("first",),
            ("second",),
        ]
        await writer.close()


@on_loop
async def test_nothing_overtakes_an_entry_whose_rights_are_to_be_read_anew(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ready(url) as database:
        talk = await private(database, 1, 2)
        writer = LogWriter(database)
        told = news_of(asyncio.get_running_loop(), monkeypatch)
        first = put(writer, message(talk.id, 1, "first", epoch=talk.epoch + 1))
        assert told.wait(PATIENCE)
        second = put(writer, message(talk.id, 1, "second", epoch=talk.epoch))
        for future in (first, second):
            with pytest.raises(StaleEpoch) as stale:
                await future
            assert stale.value.epoch == talk.epoch
        assert await rows(database, "SELECT seq FROM message") == []
        await writer.close()


@on_loop
async def test_a_conversation_that_is_held_lets_the_others_pass(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        room, talk = await private(database, 1, 2), await private(database, 3, 4)
        stored: list[int] = []

        def append(conversation: int, text: str) -> asyncio.Task[Entry]:
            task = asyncio.create_task(writer.append(message(conversation, 1, text)))
            task.add_done_callback(lambda task: stored.append(task.result().conversation))
            return task

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log_writer, "HOLD_SECONDS", 2 * LIMIT)
            assert writer.hold(room.id) and not writer.hold(room.id)
        held = append(room.id, "in the room")
        await append(talk.id, "elsewhere")
        assert not held.done()
        writer.release(room.id)
        await held
        assert stored == [talk.id, room.id]


@on_loop
async def test_a_conversation_is_not_held_for_long_nor_at_the_end(url: str) -> None:
    async with ready(url) as database, writing(database, timeout=LIMIT) as writer:
        room = await private(database, 1, 2)
        assert writer.hold(room.id)
        assert (await writer.append(message(room.id, 1, "after a while"))).seq == 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log_writer, "HOLD_SECONDS", 2 * LIMIT)
            assert writer.hold(room.id)
        last = asyncio.create_task(writer.append(message(room.id, 1, "at the end")))
        await asyncio.sleep(0)
        await writer.close()
        assert (await last).seq == 2
