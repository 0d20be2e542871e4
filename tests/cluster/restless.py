"""A group in which nobody's place is sure, and people who read what they are shown."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator

from im.client import Client, Refused
from im.protocol.server import ConversationSummary, ReadMark
from im.services.keys import client_key
from tests.checker import Acknowledged, Attempt
from tests.cluster.asking import answer, done
from tests.cluster.book import read_marks
from tests.cluster.crew import Crew
from tests.cluster.history import Glance, Mark
from tests.cluster.words import word_of

NO_RIGHT = ("forbidden", "not_found", "muted")
"""How a message is refused of who was put out or silenced."""


class Restless:
    """Some of a crew in a group of their own, whose owner puts them out, silences and takes in.

    They write to it all the time, whether they may or not, and read what the crew is shown; all of
    that goes into the crew's history, for its proof.

    Args:
        pace: seconds between two deeds of one person, on average.

    Attributes:
        changes: how often the owner changed something.
        refused: messages that were refused for want of a right.
    """

    def __init__(self, crew: Crew, database: str, rng: random.Random, pace: float = 0.2) -> None:
        self.changes = 0
        self.refused = 0
        self._crew = crew
        self._database = database
        self._rng = rng
        self._pace = pace
        self._owner, *self._others = crew.clients
        self._group = 0

    async def live(self, enough: Callable[[], bool]) -> None:
        """Do all that until there is enough; in the end all are in the group and may write."""
        people = [client.user.id for client in self._others]
        self._group = await self._crew.found("restless", self._owner, people)
        readings = {reading.user: reading.device for reading in self._crew.history.readings}
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lead(enough))
            group.create_task(self._sample(enough))
            for client in self._others:
                group.create_task(self._write(client, enough))
                group.create_task(self._read(client, readings[client.user.id], enough))

    # Inside

    async def _pause(self) -> None:
        await asyncio.sleep(self._rng.uniform(0, 2 * self._pace))

    async def _lead(self, enough: Callable[[], bool]) -> None:
        members = f"/api/groups/{self._group}/members"
        while not enough():
            user = self._rng.choice(self._others).user.id
            take_back = self._rng.choice(
                (
                    (("DELETE", f"{members}/{user}", None), ("POST", members, {"users": [user]})),
                    (
                        ("PUT", f"{members}/{user}/silence", {}),
                        ("DELETE", f"{members}/{user}/silence", None),
                    ),
                )
            )
            for method, path, body in take_back:
                self.changes += await done(self._owner, method, path, body)
                await self._pause()

    async def _write(self, client: Client, enough: Callable[[], bool]) -> None:
        user, conversation = client.user.id, f"g:{self._group}"
        log = self._crew.history.writers.setdefault(user, [])
        number = 0
        while not enough():
            number += 1
            key = f"restless {number}"
            stored, text = client_key(key).hex(), f"{number} {word_of(user, key)}"
            log.append(Attempt(user, conversation, stored, text))
            try:
                told = await answer(client, "send", to=conversation, text=text, key=key)
            except Refused as error:
                if error.code not in NO_RIGHT:
                    raise
                self.refused += 1
            else:
                log.append(Acknowledged(user, conversation, stored, told.seq or 0))
            await self._pause()

    async def _read(self, client: Client, device: str, enough: Callable[[], bool]) -> None:
        """Say what was read, and ask how far oneself and the others have."""
        history = self._crew.history
        (reading,) = (each for each in history.readings if each.device == device)
        known: dict[tuple[int, str], int] = {}

        def learn(mark: Mark) -> None:
            place = mark.user, mark.conversation
            known[place] = max(mark.seq, known.get(place, 0))

        while not enough():
            while not client.others.empty():
                frame = client.others.get_nowait()
                if isinstance(frame, ReadMark):
                    learn(Mark(frame.user, frame.conv, frame.seq))
            if reading.last:
                conversation = self._rng.choice(list(reading.last))
                mark = Mark(client.user.id, conversation, reading.last[conversation])
                try:
                    await answer(client, "read", conv=conversation, seq=mark.seq)
                except Refused as error:
                    if error.code not in NO_RIGHT:  # of a group that one was put out of
                        raise
                else:
                    history.read.append(mark)
                    learn(mark)
            before = dict(known)
            page = await answer(client, "conversations")
            for summary in page.conversations or []:
                for mark in _marks(client.user.id, summary):
                    place = mark.user, mark.conversation
                    history.glances.append(Glance(device, mark, before.get(place, 0)))
                    learn(mark)
            await self._pause()

    async def _sample(self, enough: Callable[[], bool]) -> None:
        """Look into the database itself, past everything that nodes say."""
        while not enough():
            try:
                marks = await asyncio.to_thread(read_marks, self._database)
            except Exception:
                await asyncio.sleep(self._pace)  # it is away
                continue
            self._crew.history.samples.append(marks)
            await asyncio.sleep(1)


def _marks(user: int, summary: ConversationSummary) -> Iterator[Mark]:
    """One's own, and in a private conversation the other's."""
    yield Mark(user, summary.conv, summary.read_seq)
    if summary.peer_read_seq is not None:
        low, high = map(int, summary.conv.split(":")[1:])
        yield Mark(low + high - user, summary.conv, summary.peer_read_seq)
