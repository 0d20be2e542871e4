"""Delivery: what was committed reaches every local reader, each entry once and in order.

Entries come from this node's own commits and over the bus, early, late, twice or never. For each
conversation with local readers there is a cursor (``ordering``); what comes too early is held for a
while (``patience``), then the hole is read from the log, once for all readers. ``healing`` finds
holes at whose end nothing came.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from im.errors import Unavailable
from im.protocol.names import ALL, parse_conversation
from im.protocol.outgoing import Outgoing, OutgoingBatch
from im.services.hand_out import HandOut, Soon
from im.services.ordering import Ordering
from im.services.patience import Patience

RETRY_SECONDS = 1.0
MAX_UNPLACED = 10_000
"""Entries remembered while people who are connecting are looked up; beyond it the log is read."""
RECENT_ERASURES = 10_000
ERASURE_SECONDS = 60.0
"""Longer than any read that began before the erasure can take."""

log = logging.getLogger("im.delivery")


class Reader(Protocol):
    """One connection of a person who has shown who they are."""

    @property
    def user(self) -> int:
        """The person's id."""

    @property
    def session(self) -> int:
        """The session's id."""

    def deliver(self, outgoing: Outgoing) -> None:
        """Send a frame; returns at once and never raises."""

    def deliver_all(self, batch: OutgoingBatch) -> None:
        """Send frames in their order; returns at once and never raises."""

    def end(self) -> None:
        """The session is over: say so and close."""


class Readers(Protocol):
    """The local connections; ``wire.registry`` implements it."""

    def of_conversation(self, conversation: str) -> Iterable[Reader]:
        """Connections of those who read this conversation."""

    def has_readers(self, conversation: str) -> bool:
        """Whether anyone here reads this conversation."""

    def has_user(self, user: int) -> bool:
        """Whether this person has a connection here."""

    def join(self, group: int, user: int) -> None:
        """This person is now a member of the group."""

    def leave(self, group: int, user: int) -> None:
        """This person is no longer a member of the group."""


@dataclass(slots=True)
class Arrival:
    """An entry on its way to local readers."""

    conv: str
    seq: int
    outgoing: Outgoing
    joined: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    erased: int = 0


ReadLog = Callable[[str, int], Awaitable[list[Arrival]]]
"""Entries of a conversation after a number, in order, without a hole, at most a page."""


def _now(call: Callable[[], None]) -> None:
    call()


class Delivery:
    """Dispatches arrivals to local readers.

    Args:
        soon: with it, what one turn of the loop brings for a conversation is handed out together,
            after that turn and to many in slices (``hand_out``); without it, each entry at once.
    """

    def __init__(self, readers: Readers, read_log: ReadLog, soon: Soon = _now) -> None:
        self._readers = readers
        self._read_log = read_log
        self._hand_out = HandOut(readers.of_conversation, soon)
        self._ordering: Ordering[Arrival] = Ordering()
        self._patience = Patience()
        self._loading: dict[int, int] = {}
        self._lookups = 0
        self._unplaced: dict[int | str, list[Arrival]] = {}
        """By the person, or else the conversation, that is still to be looked up."""
        self._count_unplaced = 0
        self._to_place: list[str] = []
        """Conversations of them that were opened."""
        self._left: dict[tuple[int, int], int] = {}
        """Group and person of those who left while anyone was looked up: with which number."""
        self._opened: dict[str, int] = {}
        """Conversations that were opened while anyone was looked up: after which number."""
        self._healing: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        """Those of them of which something came to be missing while the log was being read."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._erased: OrderedDict[tuple[str, int], float] = OrderedDict()
        self.healed = 0
        """Entries read from the log because they did not come by themselves."""
        self.missed = False
        """Whether something was dropped that only reading the log brings back."""

    @property
    def delivered(self) -> int:
        """Frames handed to connections so far."""
        return self._hand_out.delivered

    # Who reads what

    def begin_loading(self, user: int) -> None:
        """A person connects and is registered; where their conversations stand is being read."""
        self._loading[user] = self._loading.get(user, 0) + 1

    def end_loading(self, user: int) -> None:
        """Where the person's conversations stood after they were registered is known and opened."""
        count = self._loading.pop(user) - 1
        if count:
            self._loading[user] = count
        self._forget_lookups()
        # The others would only be set aside again, for each of thousands who come back at once.
        known: list[int | str] = [user, *self._to_place] if self._loading else [*self._unplaced]
        self._to_place.clear()
        for key in known:
            waiting = self._unplaced.pop(key, [])
            self._count_unplaced -= len(waiting)
            for arrival in waiting:
                self.dispatch(arrival)

    def is_loading(self, user: int) -> bool:
        """Whether it is still being read where this person's conversations stand."""
        return user in self._loading

    @contextmanager
    def looking_up(self) -> Iterator[None]:
        """While it is read who belongs to which group, and until ``join`` was told of them all.

        For people of whom ``begin_loading`` says it there is no need.
        """
        self._lookups += 1
        try:
            yield
        finally:
            self._lookups -= 1
            self._forget_lookups()

    def open(self, conversation: str, last: int) -> None:
        """Begin to deliver a conversation after ``last``, unless it is delivered already."""
        if self._ordering.cursor(conversation) is None:
            self._ordering.open(conversation, last)
            if self._loading or self._lookups:
                self._opened[conversation] = last
            if conversation in self._unplaced:
                self._to_place.append(conversation)

    def join(
        self, conversation: str, group: int, user: int, joined_seq: int, last_seq: int
    ) -> None:
        """A person was found to be a member of a group whose conversation is open.

        They read from their joining on: when the cursor is not there yet, the entry with which
        they joined is still to come and lets them in. Who has left since they were found stays
        out. ``last_seq``: the conversation's last number when they were found.
        """
        if self._left.get((group, user), 0) > joined_seq:
            return
        if self._opened.get(conversation, 0) > last_seq:
            # Another look-up opened it further on: what was skipped may have put them out.
            self.missed = True
            return
        if (self._ordering.cursor(conversation) or 0) >= joined_seq:
            self._readers.join(group, user)

    def cursor(self, conversation: str) -> int | None:
        """The last number delivered here; None without local readers."""
        return self._ordering.cursor(conversation)

    def conversations(self) -> list[str]:
        """All conversations that are delivered here."""
        return self._ordering.conversations()

    def sweep(self) -> int:
        """Forget conversations that nobody here reads any more; how many. Called now and then."""
        idle = [
            conversation
            for conversation in self._ordering.conversations()
            if conversation != ALL and not self._readers.has_readers(conversation)
        ]
        for conversation in idle:
            self._ordering.close(conversation)
            self._cancel_timer(conversation)
        self._patience.relax()
        return len(idle)

    # Entries

    def dispatch(self, arrival: Arrival) -> None:
        """An entry was committed, here or elsewhere."""
        if arrival.erased:
            self._remember_erasure(arrival.conv, arrival.erased)
        conversation = arrival.conv
        if self._ordering.cursor(conversation) is None and not self._place(arrival):
            return
        if arrival.joined and arrival.seq <= (self._ordering.cursor(conversation) or 0):
            # It was opened beyond this entry for someone else, so this one lets nobody in.
            self.missed |= any(self._readers.has_user(user) for user in arrival.joined)
        self._patience.came(conversation, arrival.seq)
        for due in self._ordering.offer(conversation, arrival.seq, arrival):
            self._deliver(due)
        if not self._ordering.waiting(conversation):
            self._cancel_timer(conversation)
        elif conversation in self._healing:
            self._again.add(conversation)
        elif conversation not in self._timers:
            self._timers[conversation] = asyncio.get_running_loop().call_later(
                self._patience.seconds, self._run_out, conversation
            )

    def tell(self, conversation: str, outgoing: Outgoing) -> None:
        """Hand a frame that is no entry to those who read a conversation here."""
        self._hand_out.add(conversation, outgoing)

    def when_room(self, conversation: str, call: Callable[[], None]) -> None:
        """Call when those who read a conversation have not too much of it before them."""
        self._hand_out.when_room(conversation, call)

    def is_behind(self, conversation: str) -> bool:
        """Whether more of a conversation waits for its many readers than should."""
        return self._hand_out.is_behind(conversation)

    def when_caught_up(self, conversation: str, call: Callable[[], None]) -> None:
        """Call, once, when what ``is_behind`` now is not any more."""
        self._hand_out.when_caught_up(conversation, call)

    def heal(self, conversation: str) -> None:
        """Read from the log what may be missing here; once at a time for a conversation."""
        self._cancel_timer(conversation)
        if conversation in self._healing:
            self._again.add(conversation)
        elif self._ordering.cursor(conversation) is not None:
            task = asyncio.get_running_loop().create_task(self._heal(conversation))
            self._healing[conversation] = task

    async def close(self) -> None:
        """Stop healing; nothing is delivered any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        tasks = list(self._healing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def erased(self, conversation: str, seq: int) -> bool:
        """Whether this entry's content was taken back a moment ago.

        A page read before the erasure and written after it must not show the content.
        """
        return (conversation, seq) in self._erased

    def _place(self, arrival: Arrival) -> bool:
        """Give a conversation its cursor when this entry shows that someone here reads it."""
        name = parse_conversation(arrival.conv)
        if name is None:
            return False
        kind, ids = name
        if kind == "p":
            for user in ids:
                if user in self._loading:
                    self._set_aside(user, arrival)
                    return False
            if any(self._readers.has_user(user) for user in ids):
                # All conversations of those who are here were opened, so this one is new.
                self.open(arrival.conv, 0)
                return True
            return False
        if self._loading:
            self._set_aside(arrival.conv, arrival)
            return False
        if kind == "g" and any(self._readers.has_user(user) for user in arrival.joined):
            self.open(arrival.conv, arrival.seq - 1)
            return True
        return False

    def _set_aside(self, key: int | str, arrival: Arrival) -> None:
        """Whether those who are being looked up read this entry is not known yet."""
        if self._count_unplaced < MAX_UNPLACED:
            self._unplaced.setdefault(key, []).append(arrival)
            self._count_unplaced += 1
        else:
            self.missed = True

    def _deliver(self, arrival: Arrival) -> None:
        name = parse_conversation(arrival.conv)
        group = name[1][0] if name is not None and name[0] == "g" else None
        if group is not None and arrival.joined:
            self._hand_out.cut(arrival.conv)
            for user in arrival.joined:
                if self._readers.has_user(user):
                    self._readers.join(group, user)
        self._hand_out.add(arrival.conv, arrival.outgoing)
        if group is not None and arrival.left:
            self._hand_out.cut(arrival.conv)
            for user in arrival.left:
                self._readers.leave(group, user)
                if self._loading or self._lookups:
                    self._left[group, user] = arrival.seq

    def _forget_lookups(self) -> None:
        """What happened while anyone was looked up, when nobody is any more."""
        if not self._loading and not self._lookups:
            self._left.clear()
            self._opened.clear()

    def _run_out(self, conversation: str) -> None:
        """What is held has waited long enough."""
        self._patience.ran_out(conversation, (self._ordering.cursor(conversation) or 0) + 1)
        self.heal(conversation)

    async def _heal(self, conversation: str) -> None:
        try:
            while (after := self._ordering.cursor(conversation)) is not None:
                self._again.discard(conversation)
                try:
                    arrivals = await self._read_log(conversation, after)
                except Unavailable:
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not arrivals and conversation not in self._again:
                    break
                self.healed += len(arrivals)
                for arrival in arrivals:
                    if arrival.erased:
                        self._remember_erasure(conversation, arrival.erased)
                    for due in self._ordering.offer(conversation, arrival.seq, arrival):
                        self._deliver(due)
        except Exception:
            log.exception("healing of %s failed", conversation)
        finally:
            del self._healing[conversation]
            self._again.discard(conversation)

    def _remember_erasure(self, conversation: str, seq: int) -> None:
        now = time.monotonic()
        self._erased[(conversation, seq)] = now
        self._erased.move_to_end((conversation, seq))
        while self._erased:
            oldest = next(iter(self._erased))
            full = len(self._erased) > RECENT_ERASURES
            if not full and now - self._erased[oldest] < ERASURE_SECONDS:
                break
            del self._erased[oldest]

    def _cancel_timer(self, conversation: str) -> None:
        timer = self._timers.pop(conversation, None)
        if timer is not None:
            timer.cancel()
