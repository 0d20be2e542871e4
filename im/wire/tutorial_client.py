"""A connection that speaks the tutorial's dialect: what waits to be shown, and what was shown.

The dialect has no frames for "received" or "read", so a WebSocket ping stands for the question: its
pong comes after everything that was sent before it (RFC 6455, section 5.5.3; TCP keeps the order).
What a pong proves is marked as read; the rest comes again on the next connection.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from im.protocol.outgoing import Outgoing, OutgoingBatch
from im.protocol.server import Event, Message, Resync
from im.services.identity import Identity
from im.services.limits import TokenBucket
from im.wire.connection import CloseCode, Connection

MAX_WAITING = 2000
"""Entries that wait while the unread ones are read; more closes the connection."""
MAX_OWN = 1000
"""Own entries remembered until they come back from delivery."""
MAX_NAMES = 1000
"""Names remembered for one connection."""
MAX_ASKED = 8
"""Pings without a pong; while there are so many no further one is sent."""
ASK_SECONDS = 0.5
"""One ping asks for all that was shown within this time."""

EVERYTHING = ""
"""In ``behind``: not one conversation but all."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry to be shown once it is known whether ``sending`` brought it here."""

    entry: Message | Event
    sending: frozenset[asyncio.Future[None]]


class TutorialClient:
    """Implements ``services.delivery.Reader``.

    Args:
        work: called when there is something to show; it takes it from ``waiting`` and ``behind``.
        refuse: says on the connection that the session is over.
    """

    def __init__(
        self,
        connection: Connection,
        identity: Identity,
        bucket: TokenBucket,
        work: Callable[[TutorialClient], None],
        refuse: Callable[[TutorialClient], None],
    ) -> None:
        self.connection = connection
        self.identity = identity
        self.bucket = bucket
        self.behind: set[str] = {EVERYTHING}
        """Conversations of which unread entries are to be read first."""
        self.waiting: deque[Waiting] = deque()
        self.worker: asyncio.Task[None] | None = None
        self.greeted = False
        self.sending: set[asyncio.Future[None]] = set()
        self.since = 0.0
        """When there was last room again for a frame to be read (the loop's time)."""
        self.names: OrderedDict[int, str] = OrderedDict()
        self.shown: dict[str, int] = {}
        """The last number shown of each conversation."""
        self._work = work
        self._refuse = refuse
        self._own: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._unproven: dict[str, int] = {}
        self._asked: OrderedDict[int, dict[str, int]] = OrderedDict()
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def user(self) -> int:
        """The person's id."""
        return self.identity.user

    @property
    def session(self) -> int:
        """The session's id."""
        return self.identity.session

    @property
    def came(self) -> float:
        """When the frame that is worked on came, or could be read (the loop's time)."""
        return max(self.connection.came, self.since)

    def deliver(self, outgoing: Outgoing) -> None:
        """Put an entry in line; what is no entry has no place in the dialect."""
        frame = outgoing.frame
        if isinstance(frame, Resync):
            self.behind.add(frame.conv or EVERYTHING)
        elif isinstance(frame, Message | Event):
            if len(self.waiting) >= MAX_WAITING:
                self.connection.close(CloseCode.TRY_AGAIN_LATER, "too slow")
                return
            own = frame.sender == self.user
            self.waiting.append(Waiting(frame, frozenset(self.sending) if own else frozenset()))
        else:
            return
        self._work(self)

    def deliver_all(self, batch: OutgoingBatch) -> None:
        """Put entries in line."""
        for outgoing in batch.frames:
            self.deliver(outgoing)

    def end(self) -> None:
        """The session is over."""
        self._refuse(self)
        self.connection.close(CloseCode.SESSION_ENDED, "session ended")

    def close(self) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
        if self.worker is not None:
            self.worker.cancel()

    # What was sent from here

    def sent(self, conversation: str, seq: int) -> None:
        """This entry came from this connection, which need not be told of it."""
        if self.shown.get(conversation, 0) < seq:
            self._own[conversation, seq] = None
            if len(self._own) > MAX_OWN:
                self._own.popitem(last=False)

    # What was shown

    def fresh(self, entry: Message | Event) -> bool:
        """Whether an entry is to be shown here; from now on it counts as shown."""
        if entry.seq <= self.shown.get(entry.conv, 0):
            return False
        self.shown[entry.conv] = entry.seq
        if self._own.pop((entry.conv, entry.seq), False) is None:
            return False
        self._unproven[entry.conv] = entry.seq
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ASK_SECONDS, self._ask)
        return True

    def proven(self, data: bytes) -> dict[str, int]:
        """What the pong to a ping of ours proves: the last number received by conversation."""
        found: dict[str, int] = {}
        if not (data.isdigit() and len(data) < 16 and int(data) in self._asked):
            return found
        while self._asked:
            number, marks = self._asked.popitem(last=False)
            found.update(marks)
            if number == int(data):
                break
        return found

    def _ask(self) -> None:
        self._timer = None
        if self.connection.closed or not self._unproven:
            return
        if len(self._asked) >= MAX_ASKED:
            self._timer = asyncio.get_running_loop().call_later(ASK_SECONDS, self._ask)
            return
        self._number += 1
        self._asked[self._number] = self._unproven
        self._unproven = {}
        self.connection.ping(str(self._number).encode())
