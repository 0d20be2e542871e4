"""A node that is behind refuses what makes it later, and says when to come back."""

from __future__ import annotations

import pytest

from im.app import Messenger
from tests.handlers.api import Api

pytestmark = [
    pytest.mark.gen_test(timeout=30),
    # Whenever there is something to read, that has stood for longer than this.
    pytest.mark.parametrize("overrides", [{"limits": {"behind_seconds": 1e-9}}], ids=["behind"]),
]


async def test_messages_are_refused_with_a_time_to_come_back_and_all_else_is_answered(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        await socket.send({"op": "send", "id": 1, "to": f"u:{ann.id}", "text": "x", "key": "k"})
        refused = await socket.next_op("error")
        assert (refused["id"], refused["code"]) == (1, "unavailable")
        assert 1000 <= refused["retry_after"] <= 3000
        await socket.send({"op": "typing", "to": f"u:{ann.id}"})
        await socket.send({"op": "conversations", "id": 2})
        assert (await socket.next_op("ok"))["id"] == 2
    assert messenger.shedding.refused == 1
    assert messenger.messages.committed == 0


async def test_an_administrator_is_heard_all_the_same(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        await socket.send({"op": "send", "id": 1, "to": f"u:{bob.id}", "text": "x"})
        assert (await socket.next_op("ok"))["id"] == 1
    assert messenger.shedding.refused == 0
