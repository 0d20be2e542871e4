"""A node over a channel that all share, that keeps each sender's order and loses nothing unseen.

A publish/subscribe channel of Redis is one: what is lost is lost because a connection broke or a
queue ran over. So nothing is asked for again. A number that doesn't follow the one before, or a
hello that names a higher one, says that something is lost, and a ``gap`` tells the program.

The datagrams are those of ``packet.py`` and ``frames.py``, only larger; membership is the same. As
``core.py`` it has no socket, clock or randomness of its own.
"""

from __future__ import annotations

import random
from typing import Final

from relay.frames import Bye, Ephemeral, Hello, decode_frames
from relay.greeting import hello_frames
from relay.keyring import Keyring
from relay.node import Node
from relay.packet import Header, PacketError, Space, parse_header
from relay.peer import Address, Peer
from relay.receiver import HELD_BYTES
from relay.sender import KEPT_BYTES

MESSAGE_SIZE: Final = 60_000
"""Bytes of one datagram on the channel; a frame in it has at most 65,535."""
BURST: Final = 16
"""Datagrams with reliable payloads that one call of ``datagrams_to_send`` returns at most."""
ANSWER_TIME: Final = 0.1
"""Seconds within which a node answers those who ask whether it lives, all of them at once."""
_NOWHERE: Final[Address] = ("", 0)
_BUFFER: Final = 2**32 - 1  # a receive buffer without a limit of ours


class ChannelNode(Node):
    """A node whose datagrams all go to everybody, itself included."""

    def __init__(
        self,
        name: str,
        keyring: Keyring,
        rng: random.Random,
        now: float,
        *,
        message_size: int = MESSAGE_SIZE,
        kept_bytes: int = KEPT_BYTES,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        """``kept_bytes``: how much may wait to be sent; then the oldest is dropped, a gap for all.

        Raises ``ValueError``.
        """
        super().__init__(
            name,
            keyring,
            rng,
            now,
            datagram_size=message_size,
            kept_bytes=kept_bytes,
            held_bytes=held_bytes,
        )
        self._ask = False  # whether my next hello asks for answers

    def receive_datagram(self, datagram: bytes, now: float) -> None:
        """Take what came on the channel; anything but an authentic datagram changes nothing."""
        self._counts["datagrams_received"] += 1
        header = parse_header(datagram)
        if header is None or header.cluster != self._keyring.cluster:
            self._counts["foreign"] += 1
        elif header.sender == self._sender.id:
            pass  # our own
        elif header.space is Space.RELIABLE:
            self._receive_reliable(header, datagram, now)
        elif self._membership.is_replay(header.sender, header.number):
            self._counts["duplicates"] += 1
        else:
            self._receive_control(header, datagram, now)

    def interrupted(self) -> None:
        """The channel was away for a while: anything of anybody may be lost."""
        for peer in self._membership.members():
            self._gap(peer.name)

    def datagrams_to_send(self, now: float) -> list[bytes]:
        """What is to be sent now, in this order. Call it when the last ones are gone."""
        sender, membership = self._sender, self._membership
        sender.flush()
        ready = sender.take_reliable(BURST)
        sender.forget_below(sender.unsent)  # the driver has them now
        ready += sender.take_ephemeral()
        due, asked = membership.hellos_due(now)
        if asked:
            self._ask |= any(asked.values())
            membership.greet_soon(now, ANSWER_TIME)
        if due:
            frames = hello_frames(
                self.name,
                self._keyring,
                sender,
                membership,
                now,
                receive_buffer=_BUFFER,
                answer=self._ask,
            )
            self._ask = False
            for frame in frames:
                ready.append(sender.seal_control(frame))
                membership.sent.add(sender.control, now, to_all=True)
        self._counts["datagrams_sent"] += len(ready)
        return ready

    def goodbye(self) -> bytes:
        """The last datagram of this node, after all that it had to send."""
        return self._sender.seal_control(Bye(self._sender.unsent - 1).encode())

    def is_idle(self) -> bool:
        """Whether nothing that was published waits to be sent."""
        return self._sender.is_idle()

    def next_deadline(self) -> float:
        """When ``handle_timer`` and then ``datagrams_to_send`` want to be called."""
        return self._membership.next_deadline()

    def handle_timer(self, now: float) -> None:
        """Time has passed."""
        self._membership.handle_timer(now)

    # -- receiving ---------------------------------------------------------------------------------

    def _receive_reliable(self, header: Header, datagram: bytes, now: float) -> None:
        peer = self._membership.find(header.sender)
        if peer is None or (receiver := peer.receiver) is None:
            return
        if not receiver.is_new(header.number):
            self._counts["duplicates"] += 1
            return
        plain = self._unseal(header, datagram, now)
        if plain is None:
            return
        peer.heard = now
        receiver.forget_below(header.number)
        try:
            frames = decode_frames(Space.RELIABLE, plain)
        except PacketError:
            self._counts["malformed"] += 1
            frames = []
            receiver.lost()
        if not receiver.receive(header.number, frames, now):
            self._counts["refused_memory"] += 1
            receiver.forget_below(header.number + 1)

    def _receive_control(self, header: Header, datagram: bytes, now: float) -> None:
        heard = self._hear_control(header, datagram, _NOWHERE, now)
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
            elif isinstance(frame, Bye):
                if peer.receiver is not None:
                    peer.receiver.expect(frame.last + 1, now)
                self._membership.bye(peer, now)
                return  # it has left: what stands behind means nothing

    def _receive_hello(self, peer: Peer, number: int, hello: Hello, now: float) -> None:
        _, control = self._my_report(hello.reports)
        self._membership.hello(peer, number, hello, control, now)
        if peer.receiver is not None:
            peer.receiver.forget_below(hello.next)
