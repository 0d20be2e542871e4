"""Who joins or leaves a group just while a node opens it for someone else."""

from __future__ import annotations

from im.protocol.outgoing import Outgoing
from im.protocol.server import Message
from im.services.delivery import Arrival, Delivery
from im.wire.registry import Registry


class Connection:
    """A reader that keeps the numbers that it gets."""

    def __init__(self, user: int) -> None:
        self.user = user
        self.session = user
        self.seen: list[int] = []

    def deliver(self, outgoing: Outgoing) -> None:
        assert outgoing.entry is not None
        self.seen.append(outgoing.entry.seq)

    def end(self) -> None:
        raise AssertionError("nobody ended this session")


async def read_nothing(conversation: str, seq: int) -> list[Arrival]:
    return []


def arrival(seq: int, **people: list[int]) -> Arrival:
    message = Message(conv="g:7", seq=seq, ordinal=seq, sender=1, time=1, text="x")
    return Arrival("g:7", seq, Outgoing(message), **people)


def test_who_leaves_while_they_are_looked_up_reads_nothing_afterwards() -> None:
    registry = Registry()
    delivery = Delivery(registry, read_nothing)
    member, leaver = Connection(1), Connection(2)
    registry.add(member)
    delivery.open("g:7", 3)
    delivery.join("g:7", 7, 1, 1, 3)
    registry.add(leaver)
    delivery.begin_loading(2)  # reads the database: a member since number 2
    delivery.dispatch(arrival(4, left=[2]))
    delivery.join("g:7", 7, 2, 2, 3)
    delivery.end_loading(2)
    delivery.dispatch(arrival(5))
    assert (member.seen, leaver.seen) == ([4, 5], [])
    delivery.dispatch(arrival(6, joined=[2]))
    delivery.dispatch(arrival(7))
    assert leaver.seen == [6, 7], "who comes back reads again"


def test_who_left_unplaced_is_not_let_in_where_a_later_look_up_was_answered_before_theirs() -> None:
    registry = Registry()
    delivery = Delivery(registry, read_nothing)
    member, leaver = Connection(1), Connection(2)
    registry.add(leaver)
    delivery.begin_loading(2)  # reads the database: 5 is the last number, a member since 2
    delivery.dispatch(arrival(6, left=[2]))
    registry.add(member)
    delivery.begin_loading(1)  # reads the database: 6 is the last number
    delivery.open("g:7", 6)
    delivery.join("g:7", 7, 1, 1, 6)
    delivery.end_loading(1)
    delivery.open("g:7", 5)
    delivery.join("g:7", 7, 2, 2, 5)
    delivery.end_loading(2)
    delivery.dispatch(arrival(7))
    assert (member.seen, leaver.seen) == ([7], [])
    assert delivery.missed, "whether they are still in it is looked for"


def test_a_joining_that_comes_after_the_group_was_opened_beyond_it_is_looked_for() -> None:
    registry = Registry()
    delivery = Delivery(registry, read_nothing)
    registry.add(Connection(1))
    registry.add(Connection(2))
    delivery.open("g:7", 5)
    delivery.dispatch(arrival(5, joined=[3]))
    assert not delivery.missed, "nobody here has joined"
    delivery.dispatch(arrival(5, joined=[2]))
    assert delivery.missed
