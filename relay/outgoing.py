"""What a node has to send at any moment, and to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, TypeAlias

from relay.flow import Flow
from relay.frames import Bye, Confirm
from relay.greeting import hello_frames
from relay.holes import FEW_NODES
from relay.keyring import Keyring
from relay.membership import Membership
from relay.peer import Address, Peer
from relay.sender import Sender

GROUP: Final = None
"""The destination of what goes to all: the multicast group or the broadcast address."""
Destination: TypeAlias = Address | None
Datagrams: TypeAlias = list[tuple[bytes, Destination]]

BURST: Final = 64
"""Reliable datagrams that one call of ``datagrams_to_send`` returns at most."""
GOODBYES: Final = 3
"""How often a goodbye is said, since one may be lost."""
MAX_SEEDS: Final = 512
"""Addresses that are greeted without having been heard."""


class Outgoing:
    """Puts together repairs, new payloads, feedback to other senders and hellos.

    ``busy`` are the members of whom something is missing or to be confirmed. ``seeds`` are greeted,
    too, where there is no group.
    """

    def __init__(
        self,
        name: str,
        keyring: Keyring,
        sender: Sender,
        membership: Membership,
        flow: Flow,
        busy: Mapping[bytes, Peer],
        counts: Counter[str],
        *,
        receive_buffer: int,
        group: bool,
    ) -> None:
        self.seeds: tuple[Address, ...] = ()
        self._name = name
        self._keyring = keyring
        self._sender = sender
        self._membership = membership
        self._flow = flow
        self._busy = busy
        self._counts = counts
        self._receive_buffer = receive_buffer
        self._group = group

    def datagrams_to_send(self, now: float) -> Datagrams:
        """What is to be sent now, in this order."""
        self._sender.flush()
        ready: Datagrams = []
        everyone = self._everyone()
        ready += self._repairs(everyone, now)
        while fresh := self._new_reliable(now):
            for datagram in fresh:
                ready += [(datagram, destination) for destination in everyone]
            if everyone:
                break  # else nobody is there to hear it: it is as good as sent
        for datagram in self._sender.take_ephemeral():
            ready += [(datagram, destination) for destination in everyone]
        for peer in self._busy.values():
            ready += self._feedback(peer, everyone, now)
        greet_group, greet = self._membership.hellos_due(now)
        if greet_group:
            seeds = [] if self._group else [seed for seed in self.seeds if seed not in everyone]
            ready += self._hello([*everyone, *seeds], now, to_all=True)
        for address, answer in greet.items():
            ready += self._hello([address], now, to_all=False, answer=answer)
        return ready

    def goodbye(self) -> Datagrams:
        """Goodbyes to all."""
        ready: Datagrams = []
        for _ in range(GOODBYES):
            datagram = self._sender.seal_control(Bye(self._sender.unsent - 1).encode())
            ready += [(datagram, destination) for destination in self._everyone()]
        return ready

    def _everyone(self) -> list[Destination]:
        if self._group:
            return [GROUP, *(peer.address for peer in self._membership.unreached)]
        return [peer.address for peer in self._membership.peers()]

    def _repairs(self, everyone: list[Destination], now: float) -> Datagrams:
        """What was asked for, and the last datagram as long as nobody has confirmed it."""
        if self._flow.low > self._sender.lowest and not self._membership.has_candidates():
            self._sender.forget_below(self._flow.low)  # a candidate may already count on us
        ready: Datagrams = []
        for datagram, destination in self._sender.take_repairs(BURST, now):
            self._counts["repairs_sent"] += 1
            targets = everyone if destination is GROUP else [destination]
            ready += [(datagram, target) for target in targets]
        if self._flow.tail_is_due(now) and (last := self._sender.last_sent()) is not None:
            self._counts["repeats_sent"] += 1
            ready += [(last, target) for target in everyone]
        return ready

    def _new_reliable(self, now: float) -> list[bytes]:
        if self._sender.unsent >= self._sender.next:
            return []
        datagrams = self._sender.take_reliable(min(BURST, self._flow.allowance))
        if datagrams:
            self._flow.sent(self._sender.unsent, now)
        return datagrams

    def _feedback(self, peer: Peer, everyone: list[Destination], now: float) -> Datagrams:
        """What to tell ``peer`` of its reliable numbers: what is missing and what has come."""
        if peer.receiver is None:
            return []
        many = self._membership.size > FEW_NODES
        ready: Datagrams = []
        for nak in peer.receiver.take_naks():
            self._counts["naks_sent"] += 1
            group = many or nak.group
            datagram = self._sender.seal_control(nak._replace(group=group).encode())
            ready += [(datagram, target) for target in (everyone if group else [peer.address])]
        if peer.receiver.take_confirm(now):
            confirm = Confirm(self._membership.report(peer), peer.receiver.beyond)
            ready.append((self._sender.seal_control(confirm.encode()), peer.address))
        return ready

    def _hello(
        self, destinations: list[Destination], now: float, *, to_all: bool, answer: bool = False
    ) -> Datagrams:
        """A hello to all these, in several datagrams if it names more nodes than fit into one."""
        if not destinations:
            return []
        ready: Datagrams = []
        for frame in hello_frames(
            self._name,
            self._keyring,
            self._sender,
            self._membership,
            now,
            receive_buffer=self._receive_buffer,
            answer=answer,
        ):
            datagram = self._sender.seal_control(frame)
            self._membership.sent.add(self._sender.control, now, to_all=to_all)
            ready += [(datagram, destination) for destination in destinations]
        return ready
