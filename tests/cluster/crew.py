"""People at work: programs that write to each other, read everything, and note what they see."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence

from im.client import Client, call
from im.protocol.server import Event, Message
from im.services.keys import client_key
from tests.checker import Acknowledged, Attempt, Received
from tests.cluster.asking import answer
from tests.cluster.book import heads, read_book, read_views
from tests.cluster.history import History, Reading, Recalled, Told, View
from tests.cluster.proof import prove
from tests.cluster.wait import until
from tests.cluster.words import word_of

PASSWORD = "as long as it should be"
GROUPS = 4
RECALLED = 0.02
"""Share of the messages that their senders take back."""
EDITED = 0.03
"""Share of those that they change."""
SEARCHED = 5
"""Messages that were taken back and are looked for."""
SETTINGS = {
    "IM_BROADCAST_WHO": "everyone",
    "IM_LIMITS_REGISTRATIONS": "1000/hour",
    "IM_LIMITS_FRAMES_PER_SECOND": "100000",
    "IM_LIMITS_FRAMES_BURST": "100000",
    "IM_SOCKETS_GRACE_SECONDS": "0.7",
}
"""What a node must allow its crew; who leaves is gone soon."""


class Crew:
    """So many people, each with a program that writes and reads, some with a second device.

    Args:
        urls: the nodes; every other program begins at the next one.
        database: address of the database, for what must have arrived in the end.
        rng: draws who writes to whom.
        later: nodes that everyone knows, and that are not there yet.

    Attributes:
        history: what they did, were told and saw.
        pace: seconds that a writer pauses on average between two messages to one target.
        heralds: so many of them write to all.
    """

    def __init__(
        self,
        urls: Sequence[str],
        database: str,
        rng: random.Random,
        *,
        pace: float = 0.0,
        heralds: int = 1,
        later: Sequence[str] = (),
    ) -> None:
        self.history = History()
        self.pace = pace
        self.heralds = heralds
        self.clients: list[Client] = []
        self.groups: list[int] = []
        self._members: dict[int, set[int]] = {}
        self._written: dict[tuple[str, int], tuple[Client, str]] = {}
        self._nodes: dict[int, str] = {}
        self._urls = list(urls)
        self._later = list(later)
        self._database = database
        self._rng = rng
        self._devices: list[Client] = []
        self._readings: list[asyncio.Task[None]] = []

    async def gather(self, people: int, devices: int = 0, *, loyal: bool = False) -> None:
        """Register people, connect them, and make their groups and second devices.

        ``loyal``: each keeps to one node, whatever happens to it.
        """
        for number in range(people):
            urls = self._turned(number)[: 1 if loyal else None]
            client = await Client.register(urls, f"person {number}", PASSWORD)
            self.clients.append(client)
            node = urls[0] if loyal else ""
            await self._connect(client, f"person {number}", node=node)
            self._nodes[client.user.id] = node
        everyone = [client.user.id for client in self.clients]
        for number in range(min(GROUPS, people // 2)):
            owner = self.clients[number]
            others = self._rng.sample(everyone, people // 2)
            group = await self.found(f"group {number}", owner, others)
            self.groups.append(group)
            self._members[group] = {*others, owner.user.id}
        for number in range(devices):
            device = Client(self._turned(number + 1), self.clients[number].token)
            self._devices.append(device)
            await self._connect(device, f"second device of {number}")

    async def found(self, name: str, owner: Client, people: Sequence[int]) -> int:
        """Make a group of these people; its id."""
        group = await call(
            self._nodes[owner.user.id] or self._urls[0],
            "POST",
            "/api/groups",
            {"name": name, "members": [person for person in people if person != owner.user.id]},
            owner.token,
        )
        return int(group["id"])

    async def say(self, client: Client, target: str, number: int = 0) -> tuple[str, int]:
        """One person writes one message, the ``number``-th to this target; where it is."""
        user = client.user.id
        log = self.history.writers.setdefault(user, [])
        key = f"{target} {number}"
        stored = client_key(key).hex()
        text = f"{user} to {target}, {number}: 你好 😀 {word_of(user, key)}"
        log.append(Attempt(user, _conversation(user, target), stored, text))
        begun = time.monotonic()
        answered = await client.send(target, text, key=key)
        place = answered.conv or "", answered.seq or 0
        self._written[place] = client, word_of(user, key)
        log.append(Acknowledged(user, place[0], stored, place[1]))
        self.history.told.append(Told(place, begun, time.monotonic(), self._nodes[user]))
        return place

    async def work(self, enough: Callable[[], bool], to: Sequence[str] = ()) -> None:
        """Everyone writes to people, groups and all, or to these targets, until there is enough."""
        await asyncio.gather(
            *(
                self._write(client, targets, enough)
                for client in self.clients
                for targets in ([to] if to else self._targets_of(client))
            )
        )

    def cut(self) -> None:
        """Somebody's connection breaks."""
        self._rng.choice([*self.clients, *self._devices]).drop()

    async def more(self, messages: int, timeout: float = 60.0) -> None:
        """Wait until more than so many are acknowledged from now on. Raises ``TimeoutError``."""
        before = self.history.acknowledged
        await until(lambda: self.history.acknowledged > before + messages, timeout)

    async def settle(self, timeout: float = 60.0) -> float:
        """Wait until everything has arrived; seconds that it took, at most ``timeout``.

        What has not arrived by then is for the proof to tell.
        """
        ends = await asyncio.to_thread(heads, self._database)
        return await self._arrive(self.history.readings, ends, timeout)

    async def see(self, before: float, timeout: float) -> float:
        """Wait until everyone was shown what was acknowledged before a moment; as ``settle``."""
        return await self._arrive(self.history.readings, self.history.ends(before), timeout)

    def on(self, node: str) -> list[Client]:
        """Those who keep to a node."""
        return [client for client in self.clients if self._nodes[client.user.id] == node]

    async def prove(self) -> list[str]:
        """What is wrong, also for devices that come only now and read everything from the log."""
        latecomers = [Client(self._turned(n), c.token) for n, c in enumerate(self.clients)]
        first = len(self.history.readings)
        for number, client in enumerate(latecomers):
            await self._connect(client, f"latecomer {number}", late=True)
        ends = await asyncio.to_thread(heads, self._database)
        await self._arrive(self.history.readings[first:], ends, 60.0)
        await self._close(latecomers)
        searched = await self._search()
        book = await asyncio.to_thread(read_book, self._database)
        return [*searched, *prove(self.history, book)]

    async def close(self) -> None:
        """Everyone goes home."""
        await self._close([*self.clients, *self._devices])
        for reading in self._readings:
            reading.cancel()
        await asyncio.gather(*self._readings, return_exceptions=True)

    # Inside

    async def _arrive(
        self, readings: Sequence[Reading], ends: dict[str, int], timeout: float
    ) -> float:
        begun = time.monotonic()
        views = await asyncio.to_thread(read_views, self._database)
        waiting = list(readings)
        while waiting and time.monotonic() < begun + timeout:
            waiting = [reading for reading in waiting if not _complete(reading, views, ends)]
            await asyncio.sleep(0.02)
        return time.monotonic() - begun

    async def _close(self, clients: Sequence[Client]) -> None:
        await asyncio.gather(*(client.close() for client in clients))

    def _turned(self, number: int) -> list[str]:
        turn = number % len(self._urls)
        return self._urls[turn:] + self._urls[:turn] + self._later

    def _targets_of(self, client: Client) -> list[list[str]]:
        """Lists of targets, to each of which a program writes one message after the other."""
        others = [other.user.id for other in self.clients if other is not client]
        people = [f"u:{user}" for user in self._rng.sample(others, min(6, len(others)))]
        groups = [f"g:{group}" for group in self.groups if client.user.id in self._members[group]]
        everyone = ["all"] if client in self.clients[: self.heralds] else []
        return [targets for targets in (people, groups, everyone) if targets]

    async def _connect(
        self, client: Client, device: str, *, late: bool = False, node: str = ""
    ) -> None:
        await client.start()
        reading = Reading(device, client.user.id, late, node=node)
        self.history.readings.append(reading)
        self._readings.append(asyncio.create_task(_read(client, reading)))

    async def _write(
        self, client: Client, targets: Sequence[str], enough: Callable[[], bool]
    ) -> None:
        number = 0
        while not enough():
            number += 1
            conv, seq = await self.say(client, self._rng.choice(targets), number)
            if self._rng.random() < EDITED:
                await self._edit(client, conv, seq)
            if self._rng.random() < RECALLED:
                await answer(client, "recall", conv=conv, seq=seq)
                self.history.recalled.append(Recalled(conv, seq))
            if self.pace:
                await asyncio.sleep(self._rng.uniform(0, 2 * self.pace))

    async def _edit(self, client: Client, conv: str, seq: int) -> None:
        user, key = client.user.id, f"edit {conv} {seq}"
        log = self.history.writers[user]
        stored = client_key(key).hex()
        text = f"{conv} {seq} otherwise {word_of(user, key)}"
        log.append(Attempt(user, conv, stored, text))
        answered = await answer(client, "edit", conv=conv, seq=seq, text=text, key=key)
        log.append(Acknowledged(user, conv, stored, answered.seq or 0))
        self._written[conv, seq] = client, word_of(user, key)

    async def _search(self) -> list[str]:
        """Look for what was taken back by a word that was only there, and for what was not."""
        recalled = {(each.conversation, each.seq) for each in self.history.recalled}
        kept = [place for place in self._written if place not in recalled]
        for place in [*sorted(recalled)[:SEARCHED], *kept[-1:]]:
            client, word = self._written[place]
            hits = [hit async for hit in client.api.search(word)]
            if place in recalled:
                self.history.found += (f"{word} of {place}" for _ in hits)
            elif not hits:
                return [f"search: {word} of {place} was not found"]
        return []


def _complete(reading: Reading, views: dict[int, dict[str, View]], ends: dict[str, int]) -> bool:
    return all(
        reading.last.get(conversation, 0) >= (ends.get(conversation, 0) if end is None else end)
        for conversation, (_, end) in views.get(reading.user, {}).items()
    )


async def _read(client: Client, reading: Reading) -> None:
    async for entry in client.entries():
        text = entry.text if isinstance(entry, Message) and not entry.recalled else None
        if isinstance(entry, Event) and entry.kind == "edit":
            text = entry.text or None
        reading.shown.append(Received(reading.device, entry.conv, entry.seq, entry.sender, text))
        reading.times[entry.conv, entry.seq] = time.monotonic()
        reading.last[entry.conv] = entry.seq
        if isinstance(entry, Event) and entry.kind == "recall":
            reading.shown.append(Recalled(entry.conv, entry.target or 0))


def _conversation(user: int, target: str) -> str:
    if target.startswith("u:"):
        low, high = sorted((user, int(target[2:])))
        return f"p:{low}:{high}"
    return target
