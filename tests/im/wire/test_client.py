"""What reaches a connection whose person is known."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.protocol import outgoing
from im.services.delivery import Delivery
from im.services.hand_out import FEW
from im.services.identity import Identity
from im.services.limits import Pace
from im.wire import client
from im.wire.frames import TEXT, encode_frame
from im.wire.registry import Registry
from tests.im.services.test_delivery_turns import arrival, nothing
from tests.im.wire.pair import Pair, opened

pytestmark = pytest.mark.gen_test(timeout=30)


class NoDesk:
    """Nobody writes here."""

    def receive(self, client: client.Client, data: str | bytes) -> None:
        raise AssertionError(f"user {client.user} sent {data!r}")

    def closed(self, client: client.Client) -> None:
        pass


def reader(pair: Pair, user: int) -> client.Client:
    """A person on the other end of this pair."""
    who = Identity(user, user, f"person {user}", "user", "user", "en")
    return client.Client(pair.connection, who, Pace(1, 1), NoDesk())


@pytest.mark.parametrize("conversation", ["g:7", "all"])
async def test_a_rooms_frame_is_encoded_once_for_all_its_readers(
    io_loop: object, monkeypatch: pytest.MonkeyPatch, conversation: str
) -> None:
    calls: list[str] = []

    def counted(name: str, call: Any) -> Any:
        def wrapper(*args: Any) -> Any:
            calls.append(name)
            return call(*args)

        return wrapper

    monkeypatch.setattr(outgoing, "encode", counted("JSON", outgoing.encode))
    monkeypatch.setattr(client, "encode_frame", counted("frame", client.encode_frame))
    registry = Registry()
    delivery = Delivery(registry, nothing, asyncio.get_running_loop().call_soon)
    delivery.open(conversation, 0)
    async with opened() as pair:
        pairs = [pair, *(pair.beside() for _ in range(FEW + 1))]
        for user, one in enumerate(pairs, 1):
            registry.add(reader(one, user))
            delivery.join(conversation, 7, user, 0, 0)
        # One alone, then three that go out together.
        for turn in ([1], [2, 3, 4]):
            calls.clear()
            entries = [arrival(seq, conversation, f"number {seq}") for seq in turn]
            for entry in entries:
                delivery.dispatch(entry)
            wire = b"".join(encode_frame(TEXT, entry.outgoing.encoded) for entry in entries)
            for one in pairs:
                await one.expect(wire)
            assert sorted(calls) == ["JSON"] * len(turn) + ["frame"] * len(turn)
        for one in pairs[1:]:
            one.connection.abort()
    await delivery.close()
