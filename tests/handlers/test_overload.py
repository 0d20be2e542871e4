"""A node that is behind, or called too often, says no, and when to come back."""

from __future__ import annotations

import pytest

from im.app import Messenger
from tests.handlers.api import Api

pytestmark = pytest.mark.gen_test(timeout=30)
behind = pytest.mark.parametrize(
    # Whenever there is something to read, that has stood for longer than this.
    "overrides",
    [{"limits": {"behind_seconds": 1e-9}}],
    ids=["behind"],
)
slow = pytest.mark.parametrize(
    "overrides", [{"limits": {"frames_per_second": 0.01, "frames_burst": 5}}], ids=["slow"]
)


@behind
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


@behind
async def test_an_administrator_is_heard_all_the_same(api: Api, messenger: Messenger) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(ann) as socket:
        await socket.next_op("welcome")
        await socket.send({"op": "send", "id": 1, "to": f"u:{bob.id}", "text": "x"})
        assert (await socket.next_op("ok"))["id"] == 1
    assert messenger.shedding.refused == 0


@slow
async def test_who_changes_too_much_over_http_is_refused_while_they_read_and_others_go_on(
    api: Api,
) -> None:
    ann, bob = await api.people("ann", "bob")
    for number in range(5):
        await ann.send(f"u:{bob.id}", str(number))
    refused = await ann.post("/api/messages", {"to": f"u:{bob.id}", "text": "more"})
    refused.refused(429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 100
    found = await ann.get("/api/messages", conv=f"p:{ann.id}:{bob.id}")
    assert len(found.data["entries"]) == 5
    await bob.send(f"u:{ann.id}", "others go on")
