"""One node of the relay without sockets, clock or randomness of its own.

The driver hands in datagrams and the time, sends what ``datagrams_to_send`` returns, calls
``handle_timer`` at ``next_deadline`` and passes on the ``events``. Times are seconds of a clock
that never goes back.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Final

from relay.flow import Flow
from relay.frames import (
    Bye,
    Confirm,
    Ephemeral,
    Hello,
    Nak,
    decode_frames,
)
from relay.keyring import Keyring
from relay.node import Node
from relay.outgoing import GROUP, MAX_SEEDS, Datagrams, Outgoing
from relay.packet import Header, PacketError, Space, parse_header
from relay.peer import Address, Peer
from relay.receiver import HELD_BYTES
from relay.sender import KEPT_BYTES

FEW_REPORTS: Final = 8
"""Where hellos name more nodes, only every eighth is searched for numbers that we don't know of."""


class Core(Node):
    """A node over datagrams: what it sends, whom it hears, and what has come of whom."""

    def __init__(
        self,
        name: str,
        keyring: Keyring,
        rng: random.Random,
        now: float,
        *,
        datagram_size: int,
        receive_buffer: int,
        group: bool = True,
        kept_bytes: int = KEPT_BYTES,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        """``datagram_size`` in bytes of UDP payload, ``receive_buffer`` in datagrams; memory for
        what was sent and isn't confirmed, and for what has come and can't be delivered yet.

        Without a ``group`` everything goes by unicast, to those heard and to the ``seeds``.
        Raises ``ValueError``.
        """
        super().__init__(
            name,
            keyring,
            rng,
            now,
            datagram_size=datagram_size,
            kept_bytes=kept_bytes,
            held_bytes=held_bytes,
        )
        self._flow = Flow()
        self._busy: dict[bytes, Peer] = {}  # members with something missing or to be confirmed
        self._outgoing = Outgoing(
            name,
            keyring,
            self._sender,
            self._membership,
            self._flow,
            self._busy,
            self._counts,
            receive_buffer=receive_buffer,
            group=group,
        )

    def statistics(self) -> dict[str, float]:
        """Counters and gauges by name."""
        figures = super().statistics()
        for name in ("repairs_sent", "repeats_sent", "naks_sent", "naks_received"):
            figures[name] = self._counts[name]
        figures["lagging_members"] = self._flow.lagging()
        figures["window_datagrams"] = self._flow.window
        return figures

    # -- for the driver ----------------------------------------------------------------------------

    def set_seeds(self, seeds: Iterable[Address]) -> None:
        """Greet these addresses, too (where there is no group); at most 512."""
        self._outgoing.seeds = tuple(dict.fromkeys(seeds))[:MAX_SEEDS]

    @property
    def seeds(self) -> tuple[Address, ...]:
        """The addresses that are greeted without having been heard."""
        return self._outgoing.seeds

    def moved(self, datagram_size: int, now: float) -> None:
        """The interface or its address has changed: tell the others at once where we are."""
        self._sender.resize(datagram_size)
        self._membership.greet_soon(now, within=0.0)

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        """Take what came from ``address``; anything but an authentic datagram changes nothing."""
        self._counts["datagrams_received"] += 1
        header = parse_header(datagram)
        if header is None or header.cluster != self._keyring.cluster:
            self._counts["foreign"] += 1
        elif header.sender == self._sender.id:
            pass  # our own, looped back
        elif header.space is Space.RELIABLE:
            self._receive_reliable(header, datagram, now)
        elif self._membership.is_replay(header.sender, header.number):
            self._counts["duplicates"] += 1
        else:
            self._receive_control(header, datagram, address, now)

    def datagrams_to_send(self, now: float) -> Datagrams:
        """What is to be sent now, in this order. Call it again until it returns nothing."""
        ready = self._outgoing.datagrams_to_send(now)
        self._counts["datagrams_sent"] += len(ready)
        return ready

    def goodbye(self) -> Datagrams:
        """The last datagrams of this node, after all that it had to send."""
        return self._outgoing.goodbye()

    def next_deadline(self) -> float:
        """When ``handle_timer`` and then ``datagrams_to_send`` want to be called."""
        deadline = min(self._membership.next_deadline(), self._flow.next_deadline())
        for sender, peer in list(self._busy.items()):
            due = peer.receiver.next_deadline() if peer.receiver else float("inf")
            if due == float("inf"):
                del self._busy[sender]
            deadline = min(deadline, due)
        return deadline

    def is_due(self, now: float) -> bool:
        """Whether ``handle_timer`` and ``datagrams_to_send`` have anything to do now."""
        return (
            self._membership.is_due(now)
            or self.next_deadline() <= now
            or not self._sender.is_idle()
        )

    def is_idle(self) -> bool:
        """Whether all that was published is sent and confirmed by those who are waited for."""
        return self._sender.is_idle() and self._flow.is_confirmed()

    def handle_timer(self, now: float) -> None:
        """Time has passed."""
        for peer in self._busy.values():
            if peer.receiver is not None:
                peer.receiver.handle_timer(now)
        self._membership.handle_timer(now)
        self._flow.handle_timer(now)

    # -- receiving ---------------------------------------------------------------------------------

    def _receive_reliable(self, header: Header, datagram: bytes, now: float) -> None:
        peer = self._membership.find(header.sender)
        if peer is None or (receiver := peer.receiver) is None:
            return
        self._busy[header.sender] = peer
        if not receiver.is_new(header.number):
            self._counts["duplicates"] += 1
            receiver.duplicate(now)
            return
        plain = self._unseal(header, datagram, now)
        if plain is None:
            return
        peer.heard = now
        try:
            frames = decode_frames(Space.RELIABLE, plain)
        except PacketError:
            self._counts["malformed"] += 1
            receiver.receive(header.number, [], now)
            receiver.lost()
            return
        if not receiver.receive(header.number, frames, now):
            self._counts["refused_memory"] += 1

    def _receive_control(
        self, header: Header, datagram: bytes, address: Address, now: float
    ) -> None:
        heard = self._hear_control(header, datagram, address, now)
        if heard is None:
            return
        peer, frames = heard
        for frame in frames:
            if isinstance(frame, Hello):
                self._receive_hello(peer, header.number, frame, now)
            elif not peer.is_member:
                pass
            elif isinstance(frame, Ephemeral):
                self._deliver(peer.name, frame.topic, frame.payload)
            elif isinstance(frame, Confirm):
                self._receive_confirm(peer, frame, now)
            elif isinstance(frame, Nak):
                self._receive_nak(peer, frame, now)
            elif isinstance(frame, Bye):
                self._receive_bye(peer, frame, now)
                return  # it has left: what stands behind means nothing

    def _receive_hello(self, peer: Peer, number: int, hello: Hello, now: float) -> None:
        expected, control = self._my_report(hello.reports)
        self._membership.hello(peer, number, hello, control, now)
        if peer.receiver is None:
            return
        peer.receiver.forget_below(hello.lowest)
        peer.receiver.expect(hello.next, now)
        self._busy[peer.sender] = peer
        if expected:
            self._flow.confirm(peer.sender, expected, hello.buffer)
        elif control:
            self._flow.join(peer.sender, hello.buffer)
        if len(hello.reports) > FEW_REPORTS and number % FEW_REPORTS:
            return  # among many, others tell it soon enough
        peers = self._membership.by_sender
        for sender, following, _ in hello.reports:
            other = peers.get(sender)
            if (
                other is not None
                and other.receiver is not None
                and following > other.receiver.highest + 1
            ):
                other.receiver.expect(following, now)
                self._busy[sender] = other

    def _receive_confirm(self, peer: Peer, confirm: Confirm, now: float) -> None:
        expected, control = self._my_report((confirm.report,))
        self._membership.named(peer, control, now)
        if expected and peer.hello is not None:
            self._flow.confirm(peer.sender, expected, peer.hello.buffer, confirm.beyond)

    def _receive_nak(self, peer: Peer, nak: Nak, now: float) -> None:
        if nak.sender != self._sender.id:
            other = self._membership.find(nak.sender)
            if other is not None and other.receiver is not None:
                other.receiver.hold_back(nak, now)
            return
        self._counts["naks_received"] += 1
        destination = GROUP if nak.group else peer.address
        for start, stop in nak.missing:
            self._flow.lost(self._sender.repair(start, stop, destination, now))
            if start < self._sender.lowest:
                self._membership.greet_soon(now)  # the hello says that it is gone

    def _receive_bye(self, peer: Peer, bye: Bye, now: float) -> None:
        if peer.receiver is not None:
            peer.receiver.expect(bye.last + 1, now)
        self._membership.bye(peer, now)

    def _down(self, peer: Peer, clean: bool) -> None:
        self._busy.pop(peer.sender, None)
        self._flow.leave(peer.sender)
        super()._down(peer, clean)
