"""High-water marks: how far someone has received and read a conversation.

Many marks within a moment are stored in one transaction, the highest of each kind; ``ok`` comes
after it. Others are told, but in large groups not of each one's reading.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from im.errors import ImError, Internal, Invalid, NotFound, RateLimited
from im.protocol import names
from im.protocol.outgoing import Outgoing
from im.protocol.server import DeliveredMark, ReadMark
from im.services.cluster import Cluster
from im.services.delivery import Reader
from im.services.identity import Identity
from im.services.signals import MarkSignal
from im.store import conversations, members, preferences
from im.store.conversations import Conversation
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.members import Mark

log = logging.getLogger("im.marks")

GATHER_SECONDS = 0.1
MAX_WAITING = 10_000
RETRY_MS = 1000
MAX_BATCH = 500


class Readers(Protocol):
    """The local connections."""

    def of_conversation(self, conversation: str) -> Iterable[Reader]:
        """Connections of those who read this conversation."""

    def of_user(self, user: int) -> Iterable[Reader]:
        """The person's connections."""


Key = tuple[str, int, bool]
"""Conversation, person, and whether it was read (or only received)."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A mark that was stored; ``unread`` messages are after it. ``but``: who is not told."""

    unread: int
    to_all: bool
    but: tuple[int, ...]


class Marks:
    """Stores marks and tells of them.

    Args:
        group_members: the largest group in which everyone is told of each one's marks.
    """

    def __init__(
        self, database: Database, cluster: Cluster, readers: Readers, group_members: int
    ) -> None:
        self._database = database
        self._cluster = cluster
        self._readers = readers
        self._group_members = group_members
        self._waiting: dict[Key, tuple[int, asyncio.Future[None]]] = {}
        self._flushing: asyncio.Task[None] | None = None
        cluster.on(MarkSignal, self._on_signal)

    async def move(self, who: Identity, conversation: str, seq: int, *, read: bool) -> None:
        """All up to ``seq`` has been received, or read; without effect when it was before.

        Raises ``NotFound``, ``Invalid`` (no such number), ``RateLimited`` or ``Unavailable``.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise RateLimited("too many marks", retry_after=RETRY_MS, values={"seconds": 1})
        key = (conversation, who.user, read)
        before, future = self._waiting.get(key, (0, asyncio.get_running_loop().create_future()))
        self._waiting[key] = (max(seq, before), future)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())
        await asyncio.shield(future)

    async def close(self) -> None:
        """Store what waits."""
        if self._flushing is not None:
            await asyncio.wait([self._flushing])

    async def _flush(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_SECONDS)
                keys = list(self._waiting)[:MAX_BATCH]
                batch = {key: self._waiting.pop(key) for key in keys}
                await self._store(batch)
        finally:
            self._flushing = None

    async def _store(self, batch: Mapping[Key, tuple[int, asyncio.Future[None]]]) -> None:
        wanted = {key: seq for key, (seq, _) in batch.items()}
        try:
            results = await self._database.write(self._write, wanted)
        except Exception as error:
            if not isinstance(error, ImError):
                log.exception("marks could not be stored")
                error = Internal("marks could not be stored")
            for _, future in batch.values():
                _settle(future, error)
            return
        for key, (seq, future) in batch.items():
            result = results[key]
            if isinstance(result, ImError):
                _settle(future, result)
                continue
            _settle(future, None)
            if result is None:
                continue
            conversation, user, read = key
            signal = MarkSignal(
                conv=conversation,
                user=user,
                seq=seq,
                read=read,
                unread=result.unread,
                to_all=result.to_all,
                but=list(result.but),
            )
            if read or signal.to_all:  # else there is nobody to tell
                self._on_signal("", signal)
                self._cluster.publish(signal)

    def _write(
        self, cursor: Cursor, wanted: Mapping[Key, int]
    ) -> dict[Key, Moved | ImError | None]:
        rows = {
            row.name: row
            for row in conversations.by_names(
                cursor, {conversation for conversation, _, _ in wanted}
            )
        }
        groups = {
            (row.id, user)
            for conversation, user, _ in wanted
            if (row := rows.get(conversation)) is not None and row.group_id is not None
        }
        present = {
            (member.conversation, member.user)
            for member in members.several(cursor, groups)
            if member.left_seq is None
        }
        sizes = members.counts(cursor, {number for number, _ in present})
        ordinals = members.ordinals(
            cursor, {(rows[key[0]].id, seq) for key, seq in wanted.items() if key[0] in rows}
        )
        told = {
            row.id: row.name != names.ALL and sizes.get(row.id, 0) <= self._group_members
            for row in rows.values()
        }
        seen = {conversation for conversation, _, read in wanted if read}
        silent = preferences.members_without_receipts(
            cursor, [row.id for row in rows.values() if told[row.id] and row.name in seen]
        )
        results: dict[Key, Moved | ImError | None] = {}
        moves: dict[Key, Mark] = {}
        for key, seq in wanted.items():
            conversation, user, read = key
            row = rows.get(conversation)
            if row is None or not _reads(row, user, present):
                results[key] = NotFound(conversation, field="conv")
                continue
            ordinal = ordinals.get((row.id, seq))
            if ordinal is None:
                results[key] = Invalid("no such entry", field="seq", values={"field": "seq"})
                continue
            moves[key] = Mark(row.id, user, seq, ordinal, read)
            # Who wants no receipts is neither told of others' reading nor shown to them.
            without = silent.get(row.id, set()) if read else set()
            results[key] = Moved(
                unread=max(0, row.last_ordinal - ordinal),
                to_all=told[row.id] and user not in without,
                but=tuple(without),
            )
        announcements = rows.get(names.ALL)
        moved = members.move_marks(
            cursor, moves.values(), announcements.id if announcements is not None else 0
        )
        # A mark that stood there already is no news for anyone.
        return results | {key: None for key, mark in moves.items() if mark not in moved}

    def _on_signal(self, _: str, signal: MarkSignal) -> None:
        if signal.read:
            own = ReadMark(conv=signal.conv, user=signal.user, seq=signal.seq, unread=signal.unread)
            for reader in self._readers.of_user(signal.user):
                reader.deliver(Outgoing(own))
        if not signal.to_all:
            return
        kind = ReadMark if signal.read else DeliveredMark
        others = Outgoing(kind(conv=signal.conv, user=signal.user, seq=signal.seq))
        for reader in self._readers.of_conversation(signal.conv):
            if reader.user != signal.user and reader.user not in signal.but:
                reader.deliver(others)


def _reads(row: Conversation, user: int, present: set[tuple[int, int]]) -> bool:
    if row.group_id is not None:
        return (row.id, user) in present
    return row.name == names.ALL or user in (row.user_a, row.user_b)


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
        future.exception()  # Whoever waited may be gone; that is no fault.
