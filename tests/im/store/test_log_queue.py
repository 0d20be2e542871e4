"""What goes into a batch together."""

from __future__ import annotations

from im.store.entries import NewEntry
from im.store.log_queue import SHARE, Item, LogQueue


def put(queue: LogQueue, conversation: int, count: int = 1, size: int = 1) -> None:
    """Put entries of a conversation in line."""
    for number in range(count):
        entry = NewEntry(conversation, 1, number.to_bytes(16, "big"))
        assert queue.put(Item(entry, size, 0.0, lambda outcome: None), 1000) is None


def taken(queue: LogQueue) -> list[int]:
    """The conversations of the next batch's entries."""
    return [item.entry.conversation for item in queue.take(0) or []]


def test_a_busy_conversation_has_its_share_of_a_batch_and_no_more() -> None:
    queue = LogQueue(500, 10_000)
    put(queue, 1, 2 * SHARE + 1)
    put(queue, 2)
    assert taken(queue) == [1, 2] + [1] * (SHARE - 1)
    put(queue, 3)
    assert taken(queue) == [1, 3] + [1] * (SHARE - 1)
    assert taken(queue) == [1]


def test_many_conversations_fill_a_batch_to_its_limits() -> None:
    queue = LogQueue(50, 10_000)
    for conversation in range(60):
        put(queue, conversation)
    assert taken(queue) == list(range(50))
    assert taken(queue) == list(range(50, 60))
    for conversation in range(3):
        put(queue, conversation, size=6000)
    assert [taken(queue) for _ in range(3)] == [[0], [1], [2]]


def test_a_conversation_that_is_held_waits_alone_until_its_release_or_the_end() -> None:
    queue = LogQueue(500, 10_000)
    put(queue, 1, 2)
    queue.hold(1)
    assert taken(queue) == []
    put(queue, 2)
    assert taken(queue) == [2]
    queue.release(1)
    assert taken(queue) == [1, 1]
    put(queue, 1)
    queue.hold(1)
    queue.close()
    queue.hold(1)
    assert taken(queue) == [1]
    assert queue.take(0) is None
