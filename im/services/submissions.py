"""Entries that people put in line, each until its outcome is known.

All of it goes from callback to callback: a task is needed only where the database has to be asked
before an entry can be put in line. When the rights have changed meanwhile they are asked for anew,
and what waits for the same right goes in line again in its old order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from im.errors import ImError, Internal, Unavailable
from im.services.identity import Identity
from im.services.rights import Access, Rights
from im.settle import settle
from im.store.batch import Outcome
from im.store.entries import Entry, NewEntry
from im.store.errors import StaleEpoch
from im.store.log_writer import LogWriter

MAX_STALE = 5
"""Changes of rights under one entry on its way; more is answered as unavailable."""

log = logging.getLogger("im.messages")


@dataclass(frozen=True, slots=True)
class Sent:
    """A committed entry; ``repeated`` when it was committed before under the same key."""

    conv: str
    seq: int
    time: int
    repeated: bool


Done = Callable[[Sent | ImError], None]
"""Told once what became of an entry: committed, or why not."""

Waiting = Coroutine[Any, Any, None]
"""What to await until an entry has its place in line; it raises nothing."""

WhenRoom = Callable[[str, Callable[[], None]], None]
"""Calls when those who read a conversation have not too much of it before them."""


@dataclass(slots=True)
class _Submission:
    """An entry in line; without ``access`` no right was asked for."""

    who: Identity
    target: str
    access: Access | None
    entry: NewEntry
    done: Done
    end: float
    tries: int = MAX_STALE


class Submissions:
    """Puts entries in line and tells what became of them.

    Args:
        committed: called with each committed entry.
        when_room: calls when the one who wrote to a conversation may be answered.
    """

    def __init__(
        self,
        writer: LogWriter,
        rights: Rights,
        committed: Callable[[Entry], None],
        when_room: WhenRoom,
    ) -> None:
        self._writer = writer
        self._rights = rights
        self._committed = committed
        self._when_room = when_room
        self._open = 0
        self._idle = asyncio.Event()

    def begin(self, done: Done, came: float | None) -> tuple[Done, float]:
        """A submission that came then (the loop's time; None: now) begins.

        It ends with the call of the first of what this returns, at the latest at the second.
        """
        self._open += 1
        if came is None:
            came = asyncio.get_running_loop().time()
        return partial(self._end, done), came + self._writer.timeout

    async def guard(self, work: Waiting, done: Done, end: float) -> None:
        """Do what comes before the line; what fails there, or is not done by the end, is told."""
        try:
            async with asyncio.timeout_at(end):
                await work
        except TimeoutError:
            done(Unavailable("no answer in time"))
        except Exception as error:
            tell(done, error)
        except BaseException:
            done(Unavailable("whoever asked has gone"))
            raise

    def put(
        self,
        who: Identity,
        target: str,
        access: Access | None,
        entry: NewEntry,
        done: Done,
        end: float,
    ) -> None:
        """Put an entry in line for a target (empty where no right was asked for), until the end."""
        self._put(_Submission(who, target, access, entry, done, end))

    async def close(self) -> None:
        """Wait until all that was begun has ended."""
        while self._open:
            self._idle.clear()
            await self._idle.wait()

    def _end(self, done: Done, outcome: Sent | ImError) -> None:
        self._open -= 1
        if not self._open:
            self._idle.set()
        done(outcome)

    def _put(self, it: _Submission) -> None:
        try:
            self._writer.submit(it.entry, partial(self._told, it), it.end)
        except ImError as error:
            it.done(error)

    def _told(self, it: _Submission, outcome: Outcome) -> None:
        if isinstance(outcome, StaleEpoch):
            self._again(it)
            return
        if isinstance(outcome, ImError):
            it.done(outcome)
            return
        try:
            self._committed(outcome)
        except Exception:
            # It is stored, and healing tells whoever has not heard.
            log.exception("entry %d of %s: not told", outcome.seq, outcome.conversation_name)
        sent = Sent(outcome.conversation_name, outcome.seq, outcome.time, outcome.repeated)
        self._when_room(sent.conv, partial(it.done, sent))

    def _again(self, it: _Submission) -> None:
        it.tries -= 1
        if not it.tries:
            it.done(Unavailable("the rights change all the time"))
        elif it.access is None:
            self._put(it)  # It only stood behind one whose rights had changed.
        else:
            self._rights.forget_one(it.access, it.who.user)
            self._rights.ask(it.who, it.target, partial(self._answered, it))

    def _answered(self, it: _Submission, answer: Access | Exception) -> None:
        if isinstance(answer, Access):
            it.access = answer
            it.entry = replace(it.entry, epoch=answer.epoch)
            self._put(it)
        else:
            tell(it.done, answer)


async def sent(submit: Callable[[Done], Waiting | None]) -> Sent:
    """Put an entry in line and wait for its commit; raises what would be told."""
    future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
    waiting = submit(partial(settle, future))
    if waiting is not None:
        await waiting
    return await future


def tell(done: Done, error: Exception) -> None:
    """Tell what is wrong; what should never be wrong is logged and told as ``Internal``."""
    if isinstance(error, ImError):
        done(error)
    else:
        log.error("an entry could not be put in line", exc_info=error)
        done(Internal())
