"""Whoever connects reads everything from then on, whenever the connection before has gone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from im.errors import Unavailable
from im.protocol.client import Send
from im.wire.admission import Arrival
from tests.im.services.test_healing import Connection, node, person


@pytest.mark.parametrize("turns", range(4))
def test_who_comes_while_the_conversations_of_one_who_left_are_read_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    async def main() -> None:
        here = await node(tmp_path, "n1")
        try:
            one, other = await person(here, "one"), await person(here, "other")
            group = await here.groups.create(one, "g", [other.user])
            found = await here.admission._arrivals.get(other.user)
            asked, gate = asyncio.Event(), asyncio.Event()

            async def read(user: int) -> Arrival | None:
                asked.set()
                await gate.wait()
                return found

            monkeypatch.setattr(here.admission._arrivals, "get", read)
            gone = asyncio.ensure_future(here.admission.admit(Connection(other.user)))
            await asyncio.wait_for(asked.wait(), 30)
            gone.cancel()
            await asyncio.wait([gone])
            gate.set()
            for _ in range(turns):
                await asyncio.sleep(0)
            reader = Connection(other.user)
            await asyncio.wait_for(asyncio.ensure_future(here.admission.admit(reader)), 30)
            await here.messages.send(one, Send(to=f"g:{group.id}", text="hello"))
            assert reader.seen[f"g:{group.id}"]
        finally:
            await here.close()

    asyncio.run(main())


def test_who_could_not_be_looked_up_has_no_conversation_opened_at_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        here = await node(tmp_path, "n1")
        try:
            one, other = await person(here, "one"), await person(here, "other")
            to_other = Send(to=f"u:{other.user}", text="hello")
            before = [await here.messages.send(one, to_other) for _ in range(2)]

            async def read(user: int) -> Arrival | None:
                await here.messages.send(one, to_other)
                raise Unavailable("away")

            reader = Connection(other.user)
            with monkeypatch.context() as patched:
                patched.setattr(here.admission._arrivals, "get", read)
                with pytest.raises(Unavailable):
                    await here.admission.admit(reader)
            assert here.delivery.cursor(before[0].conv) is None
            again = Connection(other.user)
            await here.admission.admit(again)
            sent = await here.messages.send(one, to_other)
            assert again.seen[sent.conv] == [sent.seq], "no history as news"
            assert not reader.seen
        finally:
            await here.close()

    asyncio.run(main())
