"""A process that appends to the log like a node does, and can be killed at any moment.

Each sender keeps an outbox per conversation: it sends several entries without waiting, and after
``Unavailable`` or a crash sends again, in order, everything that was not acknowledged. All is
written to the history file before it is sent, so that the next run goes on where this one died.

    python -m tests.im.store.writer_program URL HISTORY NAME COUNT CONVERSATIONS [FAULT]
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from im.errors import Unavailable
from im.store.database import DatabaseSettings, open_database
from im.store.effects import Recall
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.faults import parse_fault
from im.store.log_writer import LogWriter
from tests.checker import Acknowledged, Attempt, Event, HistoryFile, read_history

SENDERS = 3
WINDOW = 6
"""Entries that a sender has in flight per conversation."""

RECALL_EACH = 10
"""Each so manieth entry takes back the sender's message before it."""


def key_of(name: str) -> bytes:
    """The key of 16 bytes that an attempt's name stands for."""
    return hashlib.sha256(name.encode()).digest()[:16]


class Sender:
    """One sender's outbox for one conversation."""

    def __init__(
        self,
        writer: LogWriter,
        history: HistoryFile,
        sender: int,
        conversation: tuple[int, str],
        total: int,
        before: Sequence[Event],
    ) -> None:
        self._writer = writer
        self._history = history
        self._sender = sender
        self._id, self._name = conversation
        self._total = total
        self._seqs = {
            event.key: event.seq
            for event in before
            if isinstance(event, Acknowledged)
            and (event.sender, event.conversation) == (sender, self._name)
        }

    async def send_all(self) -> None:
        """Return when every entry is acknowledged."""
        left = [n for n in range(self._total) if self._key(n) not in self._seqs]
        while left:
            window = left[:WINDOW]
            if window[0] % RECALL_EACH == RECALL_EACH - 1:
                window = window[:1]
            for cut, number in enumerate(window):
                # A recall needs the number of what it takes back.
                if cut and number % RECALL_EACH == RECALL_EACH - 1:
                    window = window[:cut]
                    break
            entries = [self._entry(number) for number in window]
            self._history.write(
                *(
                    Attempt(self._sender, self._name, self._key(number), entry.content)
                    for number, entry in zip(window, entries, strict=True)
                )
            )
            found = await asyncio.gather(
                *(self._writer.append(entry) for entry in entries), return_exceptions=True
            )
            for number, result in zip(window, found, strict=True):
                if isinstance(result, Entry):
                    self._seqs[self._key(number)] = result.seq
                    self._history.write(
                        Acknowledged(self._sender, self._name, self._key(number), result.seq)
                    )
                elif not isinstance(result, Unavailable):
                    raise result
            if any(not isinstance(result, Entry) for result in found):
                await asyncio.sleep(0.02)
            left = [number for number in left if self._key(number) not in self._seqs]

    def _key(self, number: int) -> str:
        return f"{self._sender}:{self._name}:{number}"

    def _entry(self, number: int) -> NewEntry:
        name = self._key(number)
        if number % RECALL_EACH == RECALL_EACH - 1:
            target = self._seqs[self._key(number - 1)]
            return NewEntry(
                *(self._id, self._sender, key_of(name), EntryKind.RECALL),
                target_seq=target,
                effect=Recall(target),
            )
        return NewEntry(
            *(self._id, self._sender, key_of(name)),
            media="text",
            content=f"消息 {name}",
            fingerprint=key_of(f"content of {name}"),
        )


async def main(
    url: str, history: str, name: str, total: str, conversations: str, fault: str = ""
) -> None:
    """Send ``total`` entries per sender and conversation (``id=name,…``), whatever happens."""
    before = read_history(Path(history))
    file = HistoryFile(Path(history))
    database = open_database(DatabaseSettings(url))
    writer = LogWriter(database, max_entries=20, faults=parse_fault(fault))
    talks = [talk.split("=") for talk in conversations.split(",")]
    first = int(name) * 100
    senders = [
        Sender(writer, file, first + offset, (int(talk[0]), talk[1]), int(total), before)
        for offset, talk in zip(count(1), [talk for talk in talks for _ in range(SENDERS)])
    ]
    await asyncio.gather(*(sender.send_all() for sender in senders))
    await writer.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
