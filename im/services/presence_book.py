"""Who is there, by what the nodes say: a book without clock, network or database.

Of what a person's devices say the most active counts. Whoever loses a connection keeps their
standing for the grace, and so do the people of a node that is down: most of them come back, here or
elsewhere.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from enum import IntEnum

from pyroaring import BitMap64

MAX_LOST_NODES = 64
"""Nodes that went down within the grace; of more the earliest one's people are gone at once."""


class Standing(IntEnum):
    """How much someone is there; the most active is the highest."""

    GONE = 0
    AWAY = 1
    HERE = 2


@dataclass(slots=True)
class People:
    """Those of one node: all who are connected, and who of them is away."""

    online: BitMap64 = field(default_factory=BitMap64)
    away: BitMap64 = field(default_factory=BitMap64)

    def standing(self, user: int) -> Standing:
        """How much someone is there."""
        if user not in self.online:
            return Standing.GONE
        return Standing.AWAY if user in self.away else Standing.HERE

    def put(self, user: int, standing: Standing) -> None:
        """Note someone's standing."""
        (self.online.discard if standing is Standing.GONE else self.online.add)(user)
        (self.away.add if standing is Standing.AWAY else self.away.discard)(user)


class PresenceBook:
    """Everyone's standing. Times are ms, of any clock; when that is put back, or forward by more
    than a grace, the graces that were begun before are over.

    Args:
        grace: how long whoever lost a connection keeps their standing.
    """

    def __init__(self, grace: int) -> None:
        self._grace = grace
        self.own = People()
        """Those of this node, whoever is in their grace included."""
        self._nodes: dict[str, People] = {}
        self._lost: deque[tuple[int, People]] = deque()
        self._leaving: OrderedDict[int, int] = OrderedDict()

    def standing(self, user: int) -> Standing:
        """How much someone is there, on whichever node."""
        return max(people.standing(user) for people in self._everywhere())

    def everyone(self) -> BitMap64:
        """Who is connected to any node, or was within the grace."""
        return BitMap64.union(*(people.online for people in self._everywhere()))

    # This node's people

    def move(self, user: int, standing: Standing) -> None:
        """Someone of this node has this standing from now on."""
        self._leaving.pop(user, None)
        self.own.put(user, standing)

    def lose(self, user: int, now: int) -> None:
        """Someone of this node lost a connection: until the grace is over, nothing changes."""
        self._leaving.setdefault(user, now)

    def leaving(self, user: int) -> bool:
        """Whether someone of this node is in their grace."""
        return user in self._leaving

    def expect(self, user: int, lost: int) -> None:
        """Someone was here before this node began, and lost their connection then."""
        self.own.put(user, Standing.HERE)
        self._leaving[user] = lost
        self._leaving.move_to_end(user, last=False)

    # The other nodes'

    def known(self, node: str) -> None:
        """A node is up."""
        self._nodes.setdefault(node, People())

    def with_changes(self, node: str, changed: People, offline: BitMap64) -> People:
        """A node's people after some came or changed, and those ``offline`` went."""
        before = self._nodes.get(node, People())
        others = before.online - offline - changed.online
        return People(others | changed.online, (before.away & others) | changed.away)

    def differing(self, node: str, after: People) -> BitMap64:
        """Whose standing there is another in what a node says now."""
        before = self._nodes.get(node, People())
        return (before.online ^ after.online) | (before.away ^ after.away)

    def say(self, node: str, after: People) -> None:
        """These are a node's people now."""
        self._nodes[node] = after

    def lose_node(self, node: str, now: int) -> None:
        """A node is down: until the grace is over, nothing changes."""
        self._lost.append((now, self._nodes.pop(node, People())))

    # The grace

    def due(self) -> int | None:
        """When the next grace is over; None: there is none."""
        begun = [self._first()] if self._leaving else []
        if self._lost:
            begun.append(self._lost[0][0])
        if len(self._lost) > MAX_LOST_NODES:
            return begun[-1]
        return min(begun) + self._grace if begun else None

    def within(self, lost: int, now: int) -> bool:
        """Whether ``now`` is in the grace of a connection lost then; ``lost`` is never to come."""
        return lost <= now < lost + self._grace

    def ended(self, now: int) -> tuple[dict[int, int], list[tuple[int, People]]]:
        """Whose grace is over: those of this node, whose standing is noted next, and of lost nodes.

        Both with the time at which their connection was lost.
        """
        own: dict[int, int] = {}
        while self._leaving and not self.within(self._first(), now):
            user, lost = self._leaving.popitem(last=False)
            own[user] = lost
        others: list[tuple[int, People]] = []
        while self._lost and (
            not self.within(self._lost[0][0], now) or len(self._lost) > MAX_LOST_NODES
        ):
            others.append(self._lost.popleft())
        return own, others

    def _first(self) -> int:
        return next(iter(self._leaving.values()))

    def _everywhere(self) -> list[People]:
        return [self.own, *self._nodes.values(), *(people for _, people in self._lost)]
