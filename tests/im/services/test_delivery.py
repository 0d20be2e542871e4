"""What was committed reaches each local reader once, in order; holes are read from the log."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from im.errors import Unavailable
from im.protocol.outgoing import Outgoing
from im.protocol.server import Event, Message
from im.services.delivery import Arrival, Delivery
from im.services.patience import LEAST_SECONDS
from im.wire.registry import Registry


class Connection:
    """A reader that keeps what it gets."""

    def __init__(self, user: int, session: int = 1) -> None:
        self.user = user
        self.session = session
        self.seen: defaultdict[str, list[int]] = defaultdict(list)

    def deliver(self, outgoing: Outgoing) -> None:
        self.seen[outgoing.entry.conv].append(outgoing.entry.seq)

    def end(self) -> None:
        raise AssertionError("nobody ended this session")


class Log:
    """A log that can be read, or is away."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, list[Arrival]] = defaultdict(list)
        self.reads = 0
        self.away = False

    async def after(self, conversation: str, seq: int) -> list[Arrival]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away")
        return self.rows[conversation][seq : seq + 3]

    def append(self, conversation: str, **effect: list[int] | int) -> Arrival:
        seq = len(self.rows[conversation]) + 1
        message = Message(conv=conversation, seq=seq, ordinal=seq, sender=1, time=1, text="x")
        made = Arrival(conversation, seq, Outgoing(message), **effect)  # type: ignore[arg-type]
        self.rows[conversation].append(made)
        return made


def let_in(
    registry: Registry, delivery: Delivery, reader: Connection, *standings: tuple[str, int]
) -> None:
    """A person connects, and where their conversations stand is found."""
    registry.add(reader)
    delivery.begin_loading(reader.user)
    for name, last in standings:
        delivery.open(name, last)
        if name.startswith("g:"):
            delivery.join(name, int(name[2:]), reader.user, 0, last)
    delivery.end_loading(reader.user)


async def settled(delivery: Delivery) -> None:
    """Let holes be noticed and healed."""
    await asyncio.sleep(LEAST_SECONDS)
    for _ in range(1000):
        if not delivery._healing and not delivery._timers:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("healing does not end")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_each_reader_gets_every_entry_once_in_order_whatever_is_lost(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        readers = [Connection(user) for user in (1, 1, 2, 3)]
        for reader in readers:
            let_in(registry, delivery, reader, ("p:1:2", 0), ("g:7", 0))
        arrivals = [log.append(chance.choice(["p:1:2", "g:7"])) for _ in range(40)]
        kept = [arrival for arrival in arrivals if chance.random() < 0.7]
        for arrival in chance.sample(kept, len(kept)) + chance.choices(arrivals, k=5):
            delivery.dispatch(arrival)
        await settled(delivery)
        for conversation in ("p:1:2", "g:7"):
            delivery.heal(conversation)
        await settled(delivery)
        private = [arrival.seq for arrival in log.rows["p:1:2"]]
        group = [arrival.seq for arrival in log.rows["g:7"]]
        for reader in readers:
            assert reader.seen["g:7"] == group
            assert reader.seen["p:1:2"] == (private if reader.user in (1, 2) else [])

    asyncio.run(run())


def test_without_holes_the_log_is_never_read() -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        reader = Connection(1)
        let_in(registry, delivery, reader, ("p:1:2", 0))
        entries = [log.append("p:1:2") for _ in range(10)]
        for number in (1, 0, 3, 2, 4, 5, 6, 9, 8, 7):
            delivery.dispatch(entries[number])
        assert reader.seen["p:1:2"] == list(range(1, 11))
        await settled(delivery)
        assert log.reads == 0

    asyncio.run(run())


def test_what_arrives_while_someone_is_looked_up_is_not_lost() -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        reader = Connection(1)
        registry.add(reader)
        delivery.begin_loading(1)
        delivery.dispatch(log.append("g:7"))
        delivery.dispatch(log.append("g:7"))
        delivery.dispatch(log.append("p:1:9"))
        # Read while the first two were there already; the private one is new.
        delivery.open("g:7", 1)
        delivery.join("g:7", 7, 1, 0, 1)
        delivery.end_loading(1)
        assert dict(reader.seen) == {"g:7": [2], "p:1:9": [1]}

    asyncio.run(run())


def test_who_joins_reads_from_the_joining_on_and_who_leaves_until_the_leaving() -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        member, newcomer = Connection(1), Connection(2)
        let_in(registry, delivery, member, ("g:7", 0))
        let_in(registry, delivery, newcomer)
        before = log.append("g:7")
        joined = log.append("g:7", joined=[2])
        between = log.append("g:7")
        left = log.append("g:7", left=[2])
        after = log.append("g:7")
        for arrival in (joined, between, before, after, left):
            delivery.dispatch(arrival)
        assert member.seen["g:7"] == [1, 2, 3, 4, 5]
        assert newcomer.seen["g:7"] == [2, 3, 4]

    asyncio.run(run())


def test_who_is_found_to_have_joined_later_than_the_cursor_waits_for_the_joining() -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        member, newcomer = Connection(1), Connection(2)
        let_in(registry, delivery, member, ("g:7", 0))
        secret, joined = log.append("g:7"), log.append("g:7", joined=[2])
        registry.add(newcomer)
        delivery.begin_loading(2)
        delivery.open("g:7", 2)
        delivery.join("g:7", 7, 2, joined_seq=2, last_seq=2)
        delivery.end_loading(2)
        delivery.dispatch(secret)
        delivery.dispatch(joined)
        assert member.seen["g:7"] == [1, 2]
        assert newcomer.seen["g:7"] == [2]

    asyncio.run(run())


def test_a_new_private_conversation_does_not_wait_until_others_are_looked_up() -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        reader, newcomer = Connection(1), Connection(2)
        let_in(registry, delivery, reader)
        registry.add(newcomer)
        delivery.begin_loading(2)
        delivery.begin_loading(3)
        for conversation in ("p:1:9", "p:1:2", "p:2:3"):
            delivery.dispatch(log.append(conversation))
        assert dict(reader.seen) == {"p:1:9": [1]}
        delivery.end_loading(2)
        assert dict(reader.seen) == {"p:1:9": [1], "p:1:2": [1]}
        assert dict(newcomer.seen) == {"p:1:2": [1]}
        delivery.end_loading(3)
        assert newcomer.seen["p:2:3"] == [1]

    asyncio.run(run())


def test_what_waits_while_many_are_looked_up_is_not_gone_through_for_each_of_them() -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        people = range(1, 101)
        readers = [Connection(user) for user in people]
        for reader in readers:
            registry.add(reader)
            delivery.begin_loading(reader.user)
        dispatch, calls = delivery.dispatch, 0

        def count(arrival: Arrival) -> None:
            nonlocal calls
            calls += 1
            dispatch(arrival)

        delivery.dispatch = count  # type: ignore[method-assign]
        for group in range(1000, 2000):
            delivery.dispatch(log.append(f"g:{group}"))
            delivery.dispatch(log.append(f"p:1:{group}"))
        for reader in readers:
            delivery.open(f"g:{1000 + reader.user}", 0)
            delivery.join(f"g:{1000 + reader.user}", 1000 + reader.user, reader.user, 0, 0)
            delivery.end_loading(reader.user)
            assert reader.seen[f"g:{1000 + reader.user}"] == [1]
        assert len(readers[0].seen) == 1001
        assert calls <= 2 * 2000, "each once when it came and once when it had its place"
        assert not delivery.missed

    asyncio.run(run())


def test_a_hole_is_healed_when_the_database_is_back() -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        reader = Connection(1)
        let_in(registry, delivery, reader, ("all", 0))
        log.append("all")
        log.away = True
        delivery.dispatch(log.append("all"))
        await asyncio.sleep(LEAST_SECONDS * 3)
        assert log.reads >= 1
        assert reader.seen["all"] == []
        log.away = False
        await settled(delivery)
        assert reader.seen["all"] == [1, 2]

    asyncio.run(run())


@pytest.mark.parametrize("shown_by", ["a later entry", "healing"])
def test_what_is_lost_while_the_log_is_read_for_the_last_time_is_read_too(shown_by: str) -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        asked, gate = asyncio.Event(), asyncio.Event()

        async def after(conversation: str, seq: int) -> list[Arrival]:
            found = await log.after(conversation, seq)
            asked.set()
            await gate.wait()
            return found

        delivery = Delivery(registry, after)
        reader = Connection(1)
        let_in(registry, delivery, reader, ("all", 0))
        delivery.heal("all")
        await asked.wait()
        log.append("all")
        last = log.append("all")
        if shown_by == "healing":
            delivery.heal("all")
        else:
            delivery.dispatch(last)
        gate.set()
        await settled(delivery)
        assert reader.seen["all"] == [1, 2]

    asyncio.run(run())


def test_what_comes_twice_while_the_database_is_away_ends_no_healing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        monkeypatch.setattr("im.services.delivery.RETRY_SECONDS", 0.05)
        log, registry = Log(), Registry()
        asked = asyncio.Event()

        async def after(conversation: str, seq: int) -> list[Arrival]:
            asked.set()
            return await log.after(conversation, seq)

        delivery = Delivery(registry, after)
        reader = Connection(1)
        let_in(registry, delivery, reader, ("all", 0))
        first = log.append("all")
        delivery.dispatch(first)
        log.append("all")
        log.away = True
        delivery.heal("all")
        await asked.wait()
        await asyncio.sleep(0.01)
        delivery.dispatch(first)
        log.away = False
        await settled(delivery)
        assert reader.seen["all"] == [1, 2]

    asyncio.run(run())


def test_an_erasure_is_remembered_for_pages_that_were_read_before() -> None:
    async def run() -> None:
        delivery = Delivery(Registry(), Log().after)
        event = Event(conv="p:1:2", seq=5, ordinal=4, sender=1, time=1, kind="recall", target=3)
        delivery.dispatch(Arrival("p:1:2", 5, Outgoing(event), erased=3))
        assert delivery.erased("p:1:2", 3)
        assert not delivery.erased("p:1:2", 4)
        assert not delivery.erased("p:1:3", 3)

    asyncio.run(run())


def test_conversations_that_nobody_reads_are_forgotten() -> None:
    async def run() -> None:
        registry = Registry()
        delivery = Delivery(registry, Log().after)
        reader = Connection(1)
        delivery.open("all", 4)
        let_in(registry, delivery, reader, ("p:1:2", 0), ("g:7", 0))
        assert delivery.sweep() == 0
        registry.remove(reader)
        assert delivery.sweep() == 2
        assert delivery.conversations() == ["all"]

    asyncio.run(run())


@pytest.mark.parametrize("user", [1, 2])
def test_a_new_private_conversation_is_read_from_its_beginning(user: int) -> None:
    async def run() -> None:
        log, registry = Log(), Registry()
        delivery = Delivery(registry, log.after)
        reader = Connection(user)
        let_in(registry, delivery, reader)
        log.append("p:1:2")
        delivery.dispatch(log.append("p:1:2"))
        await settled(delivery)
        assert reader.seen["p:1:2"] == [1, 2]

    asyncio.run(run())
