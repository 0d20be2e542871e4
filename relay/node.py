"""What a node is over any network: its name and keys, what it publishes, whom it hears.

``core.py`` builds on it a node over datagrams that get lost, ``channel.py`` one over a channel that
keeps the order. Neither has a socket, a clock or randomness of its own.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import Final

from relay.bus import MAX_PAYLOAD, MAX_TOPIC, PayloadTooLarge
from relay.events import Deliver, Down, Event, Gap, KeyUnknown, Notice, Refused, Up
from relay.flow import slowing
from relay.frames import MAX_NAME, Frame, Hello, Report, decode_frames
from relay.holes import draw_first_wait
from relay.keyring import Keyring
from relay.membership import Membership
from relay.packet import SENDER_SIZE, Header, PacketError, Space, unseal
from relay.peer import Address, Peer
from relay.receiver import CONFIRM_TIME, Budget, Receiver
from relay.sender import Sender

_KEY_INTERVAL: Final = 1.0
_COUNTED: Final = (
    "gaps",
    "datagrams_sent",
    "datagrams_received",
    "duplicates",
    "foreign",
    "forged",
    "malformed",
    "refused_memory",
)


class Node:
    """The parts of a node, and what it tells the program. Times are seconds."""

    def __init__(
        self,
        name: str,
        keyring: Keyring,
        rng: random.Random,
        now: float,
        *,
        datagram_size: int,
        kept_bytes: int,
        held_bytes: int,
    ) -> None:
        """``datagram_size``: bytes of what travels at once; memory for what was sent and may be
        needed again, and for what has come and can't be delivered yet.

        Raises ``ValueError``.
        """
        if not 0 < len(name.encode()) <= MAX_NAME:
            raise ValueError(f"a node name has 1 to {MAX_NAME} bytes")
        self.name = name
        self._keyring = keyring
        self._sender = Sender(rng.randbytes(SENDER_SIZE), keyring, datagram_size, kept_bytes)
        self._rng = rng
        self._events: list[Event] = []
        self._budget = Budget(held_bytes)
        self._counts: Counter[str] = Counter()
        self._published = self._delivered = 0  # not in _counts, since they change with each payload
        self._key_reported = float("-inf")
        self._membership = Membership(
            self._sender.id,
            name,
            rng,
            now,
            up=self._up,
            down=self._down,
            warn=lambda message: self._events.append(Notice(message)),
            refuse=lambda reason: self._events.append(Refused(reason)),
        )

    def publish(self, topic: str, payload: bytes, *, ordered: bool, ephemeral: bool) -> None:
        """See ``Bus.publish``. Raises ``PayloadTooLarge`` and, for a long topic, ``ValueError``.

        An ephemeral payload that doesn't fit into one datagram goes with the reliable ones.
        """
        if len(payload) > MAX_PAYLOAD:
            raise PayloadTooLarge(f"a payload has at most {MAX_PAYLOAD} bytes")
        name = topic.encode()
        if len(name) > MAX_TOPIC:
            raise ValueError(f"a topic has at most {MAX_TOPIC} bytes")
        self._published += 1
        if not (ephemeral and self._sender.publish_ephemeral(topic, payload)):
            self._sender.publish(name, payload, ordered)

    def events(self) -> list[Event]:
        """What has happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def members(self) -> list[str]:
        """Names of all members, sorted."""
        return sorted(peer.name for peer in self._membership.members())

    def has_candidates(self) -> bool:
        """Whether someone is heard who has not shown yet that it hears us."""
        return self._membership.has_candidates()

    def keys_held(self) -> dict[str, frozenset[int]]:
        """Numbers of the keys that each member holds."""
        return {
            peer.name: frozenset(peer.hello.keys if peer.hello else ())
            for peer in self._membership.members()
        }

    def statistics(self) -> dict[str, float]:
        """Counters and gauges by name."""
        figures: dict[str, float] = {name: self._counts[name] for name in _COUNTED}
        figures["published"] = self._published
        figures["delivered"] = self._delivered
        figures["members"] = self._membership.size - 1
        figures["kept_bytes"] = self._sender.kept_bytes
        figures["held_bytes"] = self._budget.used
        figures["unsent_datagrams"] = self._sender.next - self._sender.unsent
        figures["overflowed_datagrams"] = self._sender.overflowed
        return figures

    # -- what the parts call -----------------------------------------------------------------------

    def _unseal(self, header: Header, datagram: bytes, now: float) -> bytes | None:
        key = self._keyring.key(header.sender, header.key)
        if key is None:
            if now >= self._key_reported + _KEY_INTERVAL:
                self._key_reported = now
                self._events.append(KeyUnknown(header.key))
            return None
        plain = unseal(key, header, datagram)
        if plain is None:
            self._counts["forged"] += 1
        else:
            self._keyring.remember(header.sender, header.key, key)
        return plain

    def _hear_control(
        self, header: Header, datagram: bytes, address: Address, now: float
    ) -> tuple[Peer, list[Frame]] | None:
        """Who sent a control datagram and what is in it; None when it means nothing here."""
        plain = self._unseal(header, datagram, now)
        if plain is None:
            return None
        try:
            frames = decode_frames(Space.CONTROL, plain)
        except PacketError:
            self._counts["malformed"] += 1
            return None
        known = self._membership.find(header.sender) is not None
        if not known and not any(type(frame) is Hello for frame in frames):
            return None
        peer = self._membership.heard(header.sender, header.number, address, now)
        return None if peer is None else (peer, frames)

    def _my_report(self, reports: tuple[Report, ...]) -> tuple[int, int]:
        """What is said of me: the reliable number expected and the control number heard, or 0."""
        for sender, expected, low_bits in reports:
            if sender == self._sender.id:
                # The number meant is the latest one with these lower 32 bits.
                return expected, self._sender.control - (self._sender.control - low_bits) % 2**32
        return 0, 0

    def _deliver(self, node: str, topic: str, payload: bytes) -> None:
        self._delivered += 1
        self._events.append(Deliver(node, topic, payload))

    def _gap(self, node: str) -> None:
        self._counts["gaps"] += 1
        self._events.append(Gap(node))

    def _up(self, peer: Peer, hello: Hello) -> None:
        peer.receiver = Receiver(
            peer.sender,
            max(hello.next, peer.floor + 1),
            self._budget,
            lambda: draw_first_wait(self._membership.size, self._rng),
            lambda: CONFIRM_TIME * slowing(self._membership.size),
            partial(self._deliver, peer.name),
            partial(self._gap, peer.name),
        )
        self._events.append(Up(peer.name))
        self._gap(peer.name)  # whatever it published before didn't come here

    def _down(self, peer: Peer, clean: bool) -> None:
        if peer.receiver is not None:
            if not clean or not peer.receiver.is_complete():
                self._gap(peer.name)
            peer.receiver.close()
        self._events.append(Down(peer.name))
