"""Who is there: members are the nodes that I hear and that hear me, each by its own view.

Theory of operation. A sender whose hello opens is a *candidate*: the hello may be a recording. It
is a *member* from the moment when a hello of it names a control number that I sent within the last
5 s, which no recording can. It stays one while I hear it and it names me, each at least every 5 s;
after 2 s of silence it is *suspect* and is asked by unicast twice a second. A goodbye ends it at
once. What has left is remembered for long enough that no hello of it can be played back.

There is no shared view and no leader. A node that stands still itself blames nobody for it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from relay.frames import Hello, Report
from relay.peer import DOWN_TIME, Address, Peer, SentLog
from relay.states import PeerCause, PeerState
from relay.window import ReplayWindow

MAX_NODES: Final = 64
"""Nodes in a cluster, this one included."""
MAX_CANDIDATES: Final = 64
HELLO_INTERVAL: Final = 1.0
"""Seconds between hellos among up to ``CROWD`` nodes."""
CROWD: Final = 27
"""Among more nodes hellos are as much rarer: each costs all others, so the cost is a square."""
NEW_HELLO_INTERVAL: Final = 0.25
"""Seconds between hellos of a node that is new."""
NEW_TIME: Final = 3.0
"""Seconds after its start in which a node is new."""
SAME_AGE: Final = 0.1
"""Seconds within which two nodes have started at the same time."""
ANSWER_TIME: Final = 0.03
"""Seconds over which nodes spread their answers to a newcomer."""
SUSPECT_TIME: Final = 2.0
"""Seconds, but at least 1¼ times the time between two hellos."""
PROBE_INTERVAL: Final = 0.2
"""Seconds. Half a second would let one node of eight be down by mistake every three hours at 20 %
loss, a fifth takes care of that for good."""
ANSWER_INTERVAL: Final = 0.1
"""Seconds between two answers that one node gets by unicast."""
CANDIDATE_TIME: Final = 3.0
LEFT_TIME: Final = 2 * DOWN_TIME
"""Seconds for which a node that left is remembered."""
MAX_LEFT: Final = 256
TICK: Final = 0.2
"""Seconds between two looks at who has fallen silent."""
TICK_SLACK: Final = 0.05
"""Seconds by which such a look may be late: often something else wakes the process meanwhile."""


class _Left:
    """What is remembered of a former member."""

    __slots__ = ("floor", "refuse_until", "until", "window")

    def __init__(self, peer: Peer, now: float, refuse_until: float) -> None:
        self.window = peer.window
        self.floor = peer.receiver.highest if peer.receiver else peer.floor
        self.until = now + LEFT_TIME
        self.refuse_until = refuse_until


class Membership:
    """The table of peers, and when to say hello to whom.

    ``up(peer, hello)`` must give the peer its receiver; ``down(peer, clean)`` is called before the
    receiver is taken away, ``clean`` after a goodbye. ``warn`` takes a sentence for the log,
    ``refuse`` the reason why this node, being new, must not stay.
    """

    def __init__(
        self,
        sender: bytes,
        name: str,
        rng: random.Random,
        now: float,
        *,
        up: Callable[[Peer, Hello], None],
        down: Callable[[Peer, bool], None],
        warn: Callable[[str], None],
        refuse: Callable[[str], None],
    ) -> None:
        self.sent = SentLog()
        self.unreached: list[Peer] = []  # by what goes to the group
        self._sender = sender
        self._name = name
        self._rng = rng
        self._up, self._down, self._warn, self._refuse = up, down, warn, refuse
        self._peers: dict[bytes, Peer] = {}
        self._members: dict[str, Peer] = {}
        self._left: dict[bytes, _Left] = {}
        self._started = now
        self._hello_due = now
        self._tick_due = now + TICK
        self._unicast: dict[Address, bool] = {}  # hellos to send: address, answer wanted
        self._reported: frozenset[bytes] = frozenset()
        self._warned: dict[str, float] = {}

    # -- who is there ----------------------------------------------------------------------------

    def members(self) -> list[Peer]:
        """All members, in no particular order."""
        return list(self._members.values())

    @property
    def size(self) -> int:
        """How many nodes there are, this one included."""
        return len(self._members) + 1

    def member(self, name: str) -> Peer | None:
        """The member of this name."""
        return self._members.get(name)

    def peers(self) -> list[Peer]:
        """Members and candidates."""
        return list(self._peers.values())

    def has_candidates(self) -> bool:
        """Whether someone is heard who has not shown yet that it hears me."""
        return len(self._peers) > len(self._members)

    @property
    def by_sender(self) -> Mapping[bytes, Peer]:
        """Members and candidates by their sender id."""
        return self._peers

    def find(self, sender: bytes) -> Peer | None:
        """The candidate or member with this sender id."""
        return self._peers.get(sender)

    def is_replay(self, sender: bytes, number: int) -> bool:
        """Whether a control datagram is known to be old, before any cryptography."""
        peer = self._peers.get(sender)
        if peer is not None:
            return peer.window.seen(number)
        left = self._left.get(sender)
        return left is not None and left.window.seen(number)

    def is_settled(self, now: float) -> bool:
        """Whether this node is no newcomer any more."""
        return self.age(now) >= NEW_TIME

    def age(self, now: float) -> float:
        """Seconds since the start of this node."""
        return now - self._started

    def is_full(self) -> bool:
        """Whether the cluster has as many members as it may have."""
        return len(self._members) >= MAX_NODES - 1

    # -- what arrives ----------------------------------------------------------------------------

    def heard(self, sender: bytes, number: int, address: Address, now: float) -> Peer | None:
        """A control datagram that is authentic and no replay; None if its sender has left."""
        peer = self._peers.get(sender)
        if peer is None:
            left = self._left.get(sender)
            if left is not None:
                if now < left.refuse_until:
                    left.window.add(number)
                    return None
                del self._left[sender]
                peer = Peer(sender, left.window, address, now)
                peer.floor = left.floor
            else:
                peer = Peer(sender, ReplayWindow(number - 1), address, now)
            self._make_room(now)
            self._peers[sender] = peer
        if number > peer.window.highest:
            peer.address = address
        peer.window.add(number)
        peer.heard = now
        return peer

    def hello(self, peer: Peer, number: int, hello: Hello, control: int, now: float) -> None:
        """A hello of ``peer``, already passed to ``heard``; it names ``control`` of me, or 0."""
        peer.hello = hello
        peer.hellos += 1
        names_me = self.named(peer, control, now)
        if hello.answer and now >= peer.answered + ANSWER_INTERVAL:
            peer.answered = now
            self._unicast.setdefault(peer.address, False)
        if peer.is_member and control:
            self._look_for_filter(peer, control, hello.answer)
        if not peer.is_member:
            peer.name = hello.name
            if hello.name == self._name:
                if names_me:
                    self._same_name(peer, hello, now)
            elif names_me:
                self._join(peer, number, hello, now)
            elif hello.full and not self.is_settled(now):
                self._refuse(f"the cluster is full: it has {MAX_NODES} nodes")
        # A long list comes in several hellos: one of a member that doesn't name me means nothing.
        if peer.is_member:
            wants = peer.named <= now - self._suspect_time or peer.sender not in self._reported
        else:
            wants = not names_me and not self.is_full()
        if wants:
            self._answer(peer, now)

    def named(self, peer: Peer, control: int, now: float) -> bool:
        """``peer`` says that it has heard ``control`` of me; whether I sent that a moment ago."""
        if self.sent.is_recent(control, now):
            peer.named = now
            return True
        return False

    def bye(self, peer: Peer, now: float) -> None:
        """``peer`` said goodbye."""
        self._remove(peer, now, PeerCause.GOODBYE, refuse_until=float("inf"))

    # -- what to send ----------------------------------------------------------------------------

    def next_deadline(self) -> float:
        """When ``handle_timer`` wants to be called at the latest."""
        if self._unicast:
            return float("-inf")
        return min(self._hello_due, self._tick_due + TICK_SLACK)

    def is_due(self, now: float) -> bool:
        """Whether ``handle_timer`` or ``hellos_due`` has anything to do now."""
        return bool(self._unicast) or now >= self._hello_due or now >= self._tick_due

    def handle_timer(self, now: float) -> None:
        """See who has fallen silent."""
        if now < self._tick_due:
            return
        stood_still = now - self._tick_due
        self._tick_due = now + TICK
        for peer in list(self._peers.values()):
            if stood_still > TICK:
                peer.heard += stood_still
                peer.named += stood_still
            self._look_at(peer, now)
        for sender in [sender for sender, left in self._left.items() if left.until <= now]:
            del self._left[sender]

    def hellos_due(self, now: float) -> tuple[bool, dict[Address, bool]]:
        """Whether to greet the group, and whom to greet directly (True: and ask for an answer)."""
        group = now >= self._hello_due
        if group:
            new = now < self._started + NEW_TIME
            interval = NEW_HELLO_INTERVAL if new else self._hello_interval
            # Spread by a tenth, so that nodes that started together don't stay in step.
            self._hello_due = now + interval * (0.95 + 0.1 * self._rng.random())
        unicast, self._unicast = self._unicast, {}
        return group, unicast

    def greet_soon(self, now: float, within: float = ANSWER_TIME) -> None:
        """Greet the group within so many seconds, at a random moment."""
        self._hello_due = min(self._hello_due, now + within * self._rng.random())

    def reports(self) -> list[Report]:
        """What to say of others in a hello: members first; candidates only while there is room."""
        known = list(self._members.values())
        if not self.is_full():
            known += [peer for peer in self._peers.values() if not peer.is_member]
        self._reported = frozenset(peer.sender for peer in known)
        return [self.report(peer) for peer in known]

    @staticmethod
    def report(peer: Peer) -> Report:
        """What to say of ``peer``."""
        expected = peer.receiver.prefix + 1 if peer.receiver else 0
        return peer.sender, expected, peer.window.highest & 0xFFFFFFFF

    @property
    def _hello_interval(self) -> float:
        return HELLO_INTERVAL * max(1.0, self.size / CROWD)

    @property
    def _suspect_time(self) -> float:
        return max(SUSPECT_TIME, 1.25 * self._hello_interval)

    # -- inside ----------------------------------------------------------------------------------

    def _join(self, peer: Peer, number: int, hello: Hello, now: float) -> None:
        before = self._members.get(hello.name)
        if before is not None:
            if before.heard > now - HELLO_INTERVAL:
                self._warn_once(f"duplicate node name {hello.name!r}, or a quick restart", now)
            # The old life must be silent for a while; if it isn't dead, it may come back.
            self._remove(before, now, PeerCause.SUPERSEDED, refuse_until=now + DOWN_TIME)
        if self.is_full():
            self._warn_once(
                f"node {hello.name!r} is refused: the cluster has {MAX_NODES} nodes", now
            )
            return
        peer.window.close_below(number)
        peer.move(PeerCause.PROVED)
        self._members[hello.name] = peer
        self._up(peer, hello)

    def _same_name(self, peer: Peer, hello: Hello, now: float) -> None:
        """Another live node has my name: the newcomer goes, of two as old the higher id."""
        message = f"duplicate node name {self._name!r}: {peer.address[0]} has it, too"
        younger_by = hello.age / 1000 - self.age(now)
        if self.is_settled(now):
            if hello.age / 1000 >= NEW_TIME:
                self._warn_once(message, now)
        elif younger_by > SAME_AGE or (younger_by > -SAME_AGE and peer.sender < self._sender):
            self._refuse(message)

    def _answer(self, peer: Peer, now: float) -> None:
        """Let ``peer`` know that I hear it."""
        self.greet_soon(now)
        if not peer.is_member and peer.hellos > 1 and now >= peer.answered + ANSWER_INTERVAL:
            peer.answered = now
            self._unicast.setdefault(peer.address, False)  # the group may not reach it

    def _look_for_filter(self, peer: Peer, control: int, probes: bool) -> None:
        if peer.misses_group(self.sent.was_to_all(control), probes):
            peer.unicast = True
            self.unreached.append(peer)
            self._warn(
                f"multicast is filtered between here and node {peer.name!r} "
                f"({peer.address[0]}): it is served by unicast"
            )

    def _look_at(self, peer: Peer, now: float) -> None:
        if not peer.is_member:
            if peer.heard <= now - CANDIDATE_TIME:
                self._forget(peer, now)
            return
        seen = min(peer.heard, peer.named)
        silent = seen <= now - self._suspect_time
        if silent and peer.state is PeerState.MEMBER:
            peer.move(PeerCause.SILENT)
        elif not silent and peer.state is PeerState.SUSPECT:
            peer.move(PeerCause.BACK)
        if seen <= now - DOWN_TIME:
            self._remove(peer, now, PeerCause.LOST, refuse_until=now)
        elif silent and peer.probed <= now - PROBE_INTERVAL:
            peer.probed = now
            self._unicast[peer.address] = True

    def _remove(self, peer: Peer, now: float, cause: PeerCause, *, refuse_until: float) -> None:
        was_member = peer.is_member
        peer.move(cause)
        del self._peers[peer.sender]
        if peer.unicast:
            self.unreached.remove(peer)
        self._remember(peer, now, refuse_until)
        if was_member:
            del self._members[peer.name]
            self._down(peer, cause is PeerCause.GOODBYE)
            peer.receiver = None

    def _forget(self, candidate: Peer, now: float) -> None:
        candidate.move(PeerCause.FORGOTTEN)
        del self._peers[candidate.sender]
        if candidate.floor:
            self._remember(candidate, now, now)

    def _remember(self, peer: Peer, now: float, refuse_until: float) -> None:
        self._left[peer.sender] = _Left(peer, now, refuse_until)
        if len(self._left) > MAX_LEFT:
            del self._left[next(iter(self._left))]

    def _make_room(self, now: float) -> None:
        candidates = [peer for peer in self._peers.values() if not peer.is_member]
        if len(candidates) >= MAX_CANDIDATES:
            oldest = min(candidates, key=lambda peer: peer.heard)
            self._forget(oldest, now)

    def _warn_once(self, message: str, now: float) -> None:
        """Warn, but say the same thing at most once a minute."""
        self._warned = {text: at for text, at in self._warned.items() if at > now - 60}
        if message not in self._warned and len(self._warned) < MAX_NODES:
            self._warned[message] = now
            self._warn(message)
