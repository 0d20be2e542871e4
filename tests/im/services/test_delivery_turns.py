"""What one turn of the loop brings for a conversation is handed out together, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from im.protocol.outgoing import BATCH_BYTES, Outgoing, OutgoingBatch, batches
from im.protocol.server import Message
from im.services.delivery import Arrival, Delivery
from im.services.hand_out import READERS_IN_TURN
from im.wire.registry import Registry


class Reader:
    """Keeps what it gets, and how much of it came together."""

    session = 1

    def __init__(self, user: int) -> None:
        self.user = user
        self.seen: list[tuple[str, int]] = []
        self.sizes: list[int] = []

    def deliver(self, outgoing: Outgoing) -> None:
        self.sizes.append(1)
        self.seen.append((outgoing.entry.conv, outgoing.entry.seq))

    def deliver_all(self, batch: OutgoingBatch) -> None:
        self.sizes.append(len(batch.frames))
        self.seen += [(frame.entry.conv, frame.entry.seq) for frame in batch.frames]

    def end(self) -> None:
        raise AssertionError("nobody ended this session")


class Broken(Reader):
    """Does what a reader never does."""

    def deliver(self, outgoing: Outgoing) -> None:
        raise ValueError("unforeseen")

    def deliver_all(self, batch: OutgoingBatch) -> None:
        raise ValueError("unforeseen")


class Turn:
    """Ends when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def soon(self, call: Callable[[], None]) -> None:
        self.waiting.append(call)

    def end(self) -> None:
        waiting, self.waiting = self.waiting, []
        for call in waiting:
            call()


async def nothing(conversation: str, after: int) -> list[Arrival]:
    return []


def arrival(seq: int, conv: str = "g:7", text: str = "x", **effect: list[int]) -> Arrival:
    message = Message(conv=conv, seq=seq, ordinal=seq, sender=1, time=1, text=text)
    return Arrival(conv, seq, Outgoing(message), effect.get("joined", []), effect.get("left", []))


def ready(*users: int) -> tuple[Turn, Delivery, Registry, list[Reader]]:
    """Readers of group 7, and the two who talk in private."""
    turn, registry = Turn(), Registry()
    delivery = Delivery(registry, nothing, turn.soon)
    readers = [Reader(user) for user in users]
    for reader in readers:
        registry.add(reader)
        delivery.open("g:7", 0)
        delivery.open("p:1:2", 0)
        delivery.join("g:7", 7, reader.user, 0, 0)
    return turn, delivery, registry, readers


def test_a_turn_is_handed_out_together_and_the_next_one_apart() -> None:
    turn, delivery, _, (one, two) = ready(1, 2)
    for seq in (1, 2, 3):
        delivery.dispatch(arrival(seq))
    delivery.dispatch(arrival(1, "p:1:2"))
    assert one.seen == two.seen == []
    turn.end()
    expected = [("g:7", 1), ("g:7", 2), ("g:7", 3), ("p:1:2", 1)]
    assert one.seen == two.seen == expected
    assert one.sizes == [3, 1]
    delivery.dispatch(arrival(4))
    turn.end()
    assert one.seen == [*expected, ("g:7", 4)]
    assert delivery.delivered == 10
    turn.end()
    assert one.seen == [*expected, ("g:7", 4)]


@pytest.mark.parametrize("strangers", [1, READERS_IN_TURN])
def test_a_broadcast_is_handed_out_together_to_all_who_are_connected(strangers: int) -> None:
    turn, delivery, registry, members = ready(1)
    everyone = [*members, *(Reader(user) for user in range(10, 10 + strangers))]
    for reader in everyone[1:]:
        registry.add(reader)
    delivery.open("all", 0)
    for seq in (1, 2, 3):
        delivery.dispatch(arrival(seq, "all"))
    turn.end()
    assert sum(bool(reader.seen) for reader in everyone) == min(len(everyone), READERS_IN_TURN)
    while turn.waiting:
        turn.end()
    for reader in everyone:
        assert reader.seen == [("all", 1), ("all", 2), ("all", 3)]
        assert reader.sizes == [3]


def test_who_joins_within_a_turn_reads_from_there_and_who_leaves_until_there() -> None:
    turn, delivery, _, (stays, comes, goes) = ready(1, 2, 3)
    delivery.dispatch(arrival(1, left=[2]))
    delivery.dispatch(arrival(2))
    delivery.dispatch(arrival(3, joined=[2], left=[3]))
    delivery.dispatch(arrival(4))
    turn.end()
    assert [seq for _, seq in stays.seen] == [1, 2, 3, 4]
    assert [seq for _, seq in comes.seen] == [1, 3, 4]
    assert [seq for _, seq in goes.seen] == [1, 2, 3]


def test_a_reader_that_fails_keeps_nothing_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turn, delivery, registry, readers = ready(1, 2)
    registry.remove(readers[0])
    broken = Broken(1)
    registry.add(broken)
    delivery.join("g:7", 7, 1, 0, 0)
    for seq in (1, 2):
        delivery.dispatch(arrival(seq))
    delivery.dispatch(arrival(1, "p:1:2"))
    turn.end()
    assert readers[1].seen == [("g:7", 1), ("g:7", 2), ("p:1:2", 1)]
    assert caplog.text.count("cannot be told of") == 2


def test_what_came_early_is_handed_out_behind_what_it_waited_for() -> None:
    async def run() -> None:
        turn, delivery, _, (one,) = ready(1)
        for seq in (2, 3, 1, 4):
            delivery.dispatch(arrival(seq))
        turn.end()
        assert [seq for _, seq in one.seen] == [1, 2, 3, 4]
        await delivery.close()

    asyncio.run(run())


def test_a_batch_has_a_limit_and_loses_nothing() -> None:
    frames = [arrival(seq, text="x" * 9000).outgoing for seq in range(1, 30)]
    frames.insert(3, arrival(99, text="x" * 2 * BATCH_BYTES).outgoing)
    made = batches(frames)
    assert [frame for batch in made for frame in batch.frames] == frames
    for batch in made:
        size = sum(len(frame.encoded) for frame in batch.frames)
        assert size <= BATCH_BYTES or len(batch.frames) == 1
    assert len(made) < 10
    assert batches([]) == []
