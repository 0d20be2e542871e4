"""Group commit: entries of all connections gather while a transaction runs, and go in the next.

A thread owns one connection and writes batch after batch; under load the batches grow by
themselves. ``append`` returns when its entry is on disk.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from im.errors import Internal, Malformed, TooLarge, Unavailable
from im.settle import settle
from im.store.backend import Connection
from im.store.batch import Collision, Outcome, write_batch
from im.store.database import PAUSE, Database
from im.store.effects import Recall
from im.store.entries import Entry, NewEntry
from im.store.errors import ConnectionLost, DatabaseFault, OutOfService, Retryable, StaleEpoch
from im.store.faults import Faults, NoFaults
from im.store.log_queue import Failing, Item, Line, LogQueue, follower
from im.store.room import Room
from im.store.slices import Slices

MAX_ENTRIES = 500
"""Entries of a batch, and so at most as many conversations are locked at a time."""

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of text of a batch; escaped they still fit in MySQL's default packet of 16 MiB."""

MAX_QUEUE = 10_000
"""Entries that may wait, half of them of one conversation; one more is refused at once."""

LEAST_QUEUE = 100
"""Entries that may wait however slow the database is."""

WAIT_SHARE = 1 / 3
"""Of the timeout; who would wait for longer, at the pace of the last outcomes, is refused at once:
there is a batch under way, and the pace may fall."""

TIMEOUT = 3.0
"""Seconds after which an entry's outcome counts as unknown."""

EXPIRY_PAUSE = 0.05
"""Seconds between two looks for entries that wait for too long; they may end so much earlier."""

ATTEMPTS = 3
"""How often a batch is tried when the database says that trying again may help."""

COLLISIONS = 10
"""How often a batch is tried when another writer stored one of its keys first."""

HOLD_SECONDS = 0.05
"""The longest time for which a conversation is held."""

IDLE_PING = 1.0
"""Seconds of idleness after which the connection is tried before it is trusted with a batch."""

WIPE_PAUSE = 1.0
"""Seconds between two tries to have erased text leave the files."""

ENTRY_BYTES = 256
"""What an entry takes in a statement besides its texts."""

log = logging.getLogger("im.store")


class LogWriter:
    """Appends entries to the log, durably, once, numbered in commit order.

    One per process, used from one event loop. Entries of one sender in one conversation are stored
    in the order of their ``append``; when one of them ends in ``Unavailable`` or ``StaleEpoch``, so
    do those that were appended before its sender was told, and are appended again in order.

    Args:
        database: where to; the writer opens a connection of its own.
        max_entries, max_bytes: of one batch.
        max_queue: entries that may wait, and fewer where they would wait for too long.
        timeout: seconds until ``Unavailable``, unless an entry comes with a moment of its own.
        faults: told at each step, for tests.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
        max_queue: int = MAX_QUEUE,
        timeout: float = TIMEOUT,
        faults: Faults | None = None,
    ) -> None:
        self._database = database
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self.timeout = timeout
        self._faults = faults or NoFaults()
        self._queue = LogQueue(max_entries, max_bytes)
        self._room = Room(min(LEAST_QUEUE, max_entries), max_queue, timeout * WAIT_SHARE)
        self._thread: threading.Thread | None = None
        # Of the event loop.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[Item, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._held: dict[int, asyncio.TimerHandle] = {}
        self._settled: Slices[int, tuple[Item, Outcome]] = Slices(lambda it: self._resolve(*it))
        # Of the writer's thread.
        self._connection: Connection | None = None
        self._used_at = 0.0
        self._wipe_at: float | None = None

    @property
    def waiting(self) -> int:
        """Entries whose outcome is not known yet."""
        return len(self._waiting)

    async def append(self, entry: NewEntry) -> Entry:
        """Store an entry; returns it, or what was stored before under its key, once committed.

        Raises ``KeyConflict`` (the key was used for another content), ``StaleEpoch``, ``NotFound``
        (conversation or file), what its effect refuses with, ``TooLarge`` or ``Malformed``,
        ``Unavailable`` within the timeout when the outcome is unknown, and ``Internal`` when the
        database doesn't take this entry. A caller that is cancelled doesn't take its entry back.
        """
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self.submit(entry, partial(settle, future))
        return await future

    def submit(
        self, entry: NewEntry, done: Callable[[Outcome], None], deadline: float | None = None
    ) -> None:
        """As ``append``, for who awaits nothing: ``done`` is called with what became of the entry.

        ``deadline``: the loop's time by which that is; None: after the timeout. It has its place in
        line when this returns; ``done`` is called later, on the event loop.
        Raises ``TooLarge``, ``Malformed``, or ``Unavailable`` when too many wait, or for too long;
        then ``done`` is not called.
        """
        try:
            size = ENTRY_BYTES + len((entry.content or "").encode())
        except UnicodeEncodeError as error:
            raise Malformed("not UTF-8", field="text") from error
        if size > self._max_bytes:
            raise TooLarge(field="text")
        loop = asyncio.get_running_loop()
        if deadline is None:
            deadline = loop.time() + self.timeout
        item = Item(entry, size, deadline, done)
        # Beside the batch under way, those that are stored and not told yet wait too: for the loop.
        untold = max(0, len(self._waiting) - len(self._queue) - self._max_entries)
        refusal = self._queue.put(item, self._room.entries(loop.time()) - untold)
        self._waiting[item] = None
        if refusal is not None:
            loop.call_soon(self._resolve, item, refusal)
        if self._thread is None:
            self._loop = loop
            self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
            self._thread.start()
        self._expire_at(deadline - EXPIRY_PAUSE)

    def hold(self, conversation: int) -> bool:
        """Store nothing more of a conversation until its ``release``, or for ``HOLD_SECONDS``.

        False: it is held already.
        """
        if conversation in self._held:
            return False
        self._queue.hold(conversation)
        self._held[conversation] = asyncio.get_running_loop().call_later(
            HOLD_SECONDS, self.release, conversation
        )
        return True

    def release(self, conversation: int) -> None:
        """Go on with what is said in a conversation."""
        timer = self._held.pop(conversation, None)
        if timer is not None:
            timer.cancel()
            self._queue.release(conversation)

    async def flush(self) -> None:
        """Return when nothing waits for its outcome any more."""
        while self._waiting:
            self._idle.clear()
            await self._idle.wait()

    async def close(self) -> None:
        """Refuse new entries, wait for the outcome of the others, and close the connection."""
        self._queue.close()
        await self.flush()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        if self._timer is not None:
            self._timer.cancel()
        for timer in self._held.values():
            timer.cancel()

    # On the event loop.

    def _expire_at(self, due: float) -> None:
        """Look then for what waits for too long, unless that is done before."""
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self._expire)

    def _expire(self) -> None:
        """Give up what waited for too long, and what the same senders appended after it."""
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        lines: set[Line] = {
            item.line for item in self._waiting if item.deadline <= now + EXPIRY_PAUSE
        }
        given_up = [item for item in self._waiting if item.line in lines] if lines else []
        # From the last: then the thread, which looks at the first one first, never writes a
        # follower of an entry that it found given up.
        for item in reversed(given_up):
            item.given_up = True
        for item in given_up:
            self._resolve(item, Unavailable("no answer in time"))
        if self._waiting:
            first = min(item.deadline for item in self._waiting)
            self._expire_at(max(first - EXPIRY_PAUSE, now + EXPIRY_PAUSE))

    def _hear(self, told: list[tuple[Item, Outcome]], lines: Failing) -> None:
        if lines:
            self._queue.heard(lines)
        for item, outcome in told:
            if isinstance(outcome, Entry):
                self._settled.append(item.entry.conversation, (item, outcome))
            else:
                # All in one turn: who tries again does so before anything new of theirs.
                self._resolve(item, outcome)
        self._settled.go_on()

    def _resolve(self, item: Item, outcome: Outcome) -> None:
        if item not in self._waiting:
            return  # it was given up
        del self._waiting[item]
        self._room.told(len(self._waiting), in_vain=item.given_up)
        try:
            item.done(outcome)
        except Exception:
            # The others are to hear of theirs.
            log.exception("the outcome of an entry could not be told")
        if not self._waiting:
            self._idle.set()

    # In the writer's thread.

    def _run(self) -> None:
        while True:
            wait = None if self._wipe_at is None else self._wipe_at - time.monotonic()
            items = self._queue.take(wait)
            if items is None:
                break
            try:
                if items:
                    self._write(items)
                self._wipe()
            except Exception:
                # Never end while senders wait: a fault of ours costs one batch.
                log.exception("the log writer failed")
                self._drop_connection()
                self._fail(items, "the log writer failed")
        self._drop_connection()

    def _write(self, items: list[Item]) -> set[Line]:
        """Try until each item has its outcome; returns the lines whose outcome is unknown."""
        attempts, collisions = ATTEMPTS, COLLISIONS
        while items := [item for item in items if not item.given_up]:
            try:
                entries = [item.entry for item in items]
                outcomes = write_batch(
                    self._ready_connection(), entries, self._faults, self.timeout
                )
            except Collision as error:
                collisions -= 1
                if collisions > 0:
                    continue
                return self._fail(items, str(error))
            except Retryable as fault:
                attempts -= 1
                self._after_fault(fault)
                if attempts > 0:
                    time.sleep(random.uniform(*PAUSE))  # noqa: S311
                    continue
                return self._fail(items, str(fault))
            except OutOfService as fault:
                self._after_fault(fault)
                return self._fail(items, str(fault))
            except Exception as error:
                self._drop_connection()
                return self._write_halves(items, error)
            else:
                self._settle(list(zip(items, outcomes, strict=True)))
                self._note_wipe(items)
                break
        return set()

    def _write_halves(self, items: list[Item], error: Exception) -> set[Line]:
        """Find the entry that the database doesn't take, and store the others in their order."""
        if len(items) == 1:
            log.error("the database does not take an entry", exc_info=error)
            refusal = Internal("the entry could not be stored")
            refusal.__cause__ = error
            self._settle([(items[0], refusal)])
            return set()
        middle = len(items) // 2
        broken = self._write(items[:middle])
        behind = [item for item in items[middle:] if item.line in broken]
        self._tell([(item, follower(None)) for item in behind], {})
        rest = [item for item in items[middle:] if item.line not in broken]
        return broken | self._write(rest)

    def _fail(self, items: list[Item], reason: str) -> set[Line]:
        """Give up on items and what is queued behind them; returns their lines."""
        lines: dict[Line, int | None] = {item.line: None for item in items}
        told: list[tuple[Item, Outcome]] = [(item, Unavailable(reason)) for item in items]
        self._queue.fail(lines, lambda behind: self._tell(told + behind, lines))
        return set(lines)

    def _settle(self, told: list[tuple[Item, Outcome]]) -> None:
        """Say what became of items; what is behind a stale one is stale, so that it can't overtake
        it when that is appended anew."""
        stale: dict[Line, int | None] = {
            item.line: outcome.epoch for item, outcome in told if isinstance(outcome, StaleEpoch)
        }
        if stale:
            self._queue.fail(stale, lambda behind: self._tell(told + behind, stale))
        else:
            self._tell(told, {})

    def _tell(self, told: list[tuple[Item, Outcome]], lines: Failing) -> None:
        loop = self._loop
        if loop is not None:
            # The loop may be closed when a process ends in haste.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._hear, told, lines)

    def _ready_connection(self) -> Connection:
        connection = self._connection
        now = time.monotonic()
        if connection is not None and now - self._used_at > IDLE_PING:
            try:
                connection.ping()
            except DatabaseFault:
                self._drop_connection()
                connection = None
        if connection is None:
            connection = self._connection = self._database.connection()
        self._used_at = now
        return connection

    def _after_fault(self, fault: DatabaseFault) -> None:
        log.warning("a batch of entries failed: %s", fault)
        if isinstance(fault, (ConnectionLost, OutOfService)):
            self._drop_connection()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _note_wipe(self, items: list[Item]) -> None:
        if self._wipe_at is None and any(isinstance(item.entry.effect, Recall) for item in items):
            self._wipe_at = time.monotonic()

    def _wipe(self) -> None:
        """See to it that what a recall erased leaves the files soon."""
        if self._wipe_at is None or time.monotonic() < self._wipe_at:
            return
        self._wipe_at = time.monotonic() + WIPE_PAUSE
        with suppress(DatabaseFault):
            if self._ready_connection().wipe():
                self._wipe_at = None
