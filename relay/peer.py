"""What a node knows of another one."""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

from relay.frames import Hello
from relay.receiver import Receiver
from relay.states import PEER_MOVES, PeerCause, PeerState
from relay.window import ReplayWindow

Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
"""As the socket module has it: IPv4 host and port; IPv6 with flow label and scope, too."""

DOWN_TIME: Final = 5.0
"""Seconds of silence, or of not being named, after which a member is down."""
FILTERED_PROBES: Final = 3
"""So many probes in a row from a node that has heard nothing of me but answers by unicast mean that
what goes to the group doesn't reach it."""


class SentLog:
    """When I sent which control number, for the last ``DOWN_TIME`` seconds, to 50 ms."""

    _STEP = 0.05

    def __init__(self) -> None:
        self._entries: deque[tuple[float, int]] = deque()
        self._to_all: deque[int] = deque(maxlen=64)

    def add(self, number: int, now: float, *, to_all: bool) -> None:
        """``number`` is sent ``now``, to the group or to one node."""
        if to_all:
            self._to_all.append(number)
        if not self._entries or now - self._entries[-1][0] >= self._STEP:
            self._entries.append((now, number))
            self._expire(now)

    def was_to_all(self, number: int) -> bool:
        """Whether ``number`` is one of the last 64 that went to the group."""
        return number in self._to_all

    def is_recent(self, number: int, now: float) -> bool:
        """Whether ``number`` was sent within the last ``DOWN_TIME`` seconds."""
        self._expire(now)
        return bool(self._entries) and number >= self._entries[0][1]

    def _expire(self, now: float) -> None:
        while self._entries and self._entries[0][0] < now - DOWN_TIME:
            self._entries.popleft()


class Peer:
    """A sender that is a candidate or a member.

    Attributes:
        sender: its random id of this life.
        state: candidate, member, suspect (a member, too) or gone; only ``move`` changes it.
        name: what its last hello said.
        address: where its latest datagram came from.
        heard: when the last fresh datagram of it came.
        named: when it last named me.
        window: which of its control numbers have been seen.
        receiver: its reliable numbers; None while it is a candidate.
        hello: its last hello.
        hellos: how many hellos of it have come.
        floor: reliable numbers up to here came while it was a member before.
        probed, answered: when I last probed it, and answered a probe of it.
        unicast: what goes to the group is sent to it directly as well.
    """

    __slots__ = (
        "_direct_probes",
        "address",
        "answered",
        "floor",
        "heard",
        "hello",
        "hellos",
        "name",
        "named",
        "probed",
        "receiver",
        "sender",
        "state",
        "unicast",
        "window",
    )

    def __init__(self, sender: bytes, window: ReplayWindow, address: Address, now: float) -> None:
        self.sender = sender
        self.state = PeerState.CANDIDATE
        self.window = window
        self.address = address
        self.heard = now
        self.named = float("-inf")
        self.name = ""
        self.hello: Hello | None = None
        self.hellos = 0
        self.receiver: Receiver | None = None
        self.floor = 0
        self.probed = float("-inf")
        self.answered = float("-inf")
        self.unicast = False
        self._direct_probes = 0

    @property
    def is_member(self) -> bool:
        """Whether it has shown that it hears me."""
        return self.state is PeerState.MEMBER or self.state is PeerState.SUSPECT

    def move(self, cause: PeerCause) -> None:
        """Change the state. Raises ``KeyError`` when ``cause`` can't happen in the present one."""
        self.state = PEER_MOVES[self.state, cause]

    def misses_group(self, heard_group: bool, probes: bool) -> bool:
        """Note a hello of it that names me; whether the group has just proved to be filtered."""
        if heard_group:
            self._direct_probes = 0
        elif probes:
            self._direct_probes += 1
        return self._direct_probes >= FILTERED_PROBES and not self.unicast
