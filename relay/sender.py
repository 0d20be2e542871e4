"""What a node sends: payloads packed into numbered, sealed datagrams, and those it keeps."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from relay.frames import DATA_OVERHEAD, PART_OVERHEAD, Ephemeral, Part, encode_data
from relay.keyring import Keyring
from relay.packet import OVERHEAD, Header, Space, seal
from relay.peer import Address

KEPT_BYTES: Final = 16 * 1024 * 1024
"""Reliable datagrams that are kept, sent or not. Beyond it the oldest go: whoever lacks them is
told by the ``lowest`` of the next hello and reports a gap."""

EPHEMERAL_BYTES: Final = 1024 * 1024
"""Ephemeral datagrams that wait to be sent. Beyond it the oldest go."""

MIN_DATAGRAM: Final = 512
"""Smallest datagram size in bytes: any topic, NAK or hello fits, and so does an MTU of 576."""

REPAIR_INTERVAL: Final = 0.002
"""Seconds within which a repair that was sent isn't sent again."""
REPAIRS: Final = 4096
"""Datagrams that wait to be sent again, and repairs whose time is remembered."""


class Sender:
    """The two number spaces of one sender.

    Reliable numbers are consecutive from 1: ``lowest`` … ``next - 1`` are kept, of these
    ``unsent`` … ``next - 1`` have not been sent yet. Control datagrams are sealed one by one.
    """

    def __init__(
        self, sender: bytes, keyring: Keyring, datagram_size: int, keep: int = KEPT_BYTES
    ) -> None:
        """``datagram_size``: bytes of UDP payload of one datagram; ``keep``: bytes of all kept."""
        self.id = sender
        self.lowest = 1
        self.unsent = 1
        self.next = 1
        self.control = 0
        self.overflowed = 0
        self._keyring = keyring
        self._room = 0
        self.resize(datagram_size)
        self._kept: dict[int, bytes] = {}
        self._kept_bytes = 0
        self._keep = keep
        self._open: list[bytes] = []  # frames of the reliable datagram being filled
        self._open_bytes = 0
        self._repairs: dict[int, Address | None] = {}  # where to; None: the group
        self._repaired: OrderedDict[int, tuple[float, Address | None]] = OrderedDict()
        self._ephemeral: list[bytes] = []
        self._ephemeral_bytes = 0
        self._ephemeral_sealed: deque[bytes] = deque()
        self._ephemeral_sealed_bytes = 0

    @property
    def room(self) -> int:
        """Bytes of frames that fit into one datagram."""
        return self._room

    @property
    def kept_bytes(self) -> int:
        """Bytes of all reliable datagrams that are kept."""
        return self._kept_bytes

    def resize(self, datagram_size: int) -> None:
        """Fill datagrams up to ``datagram_size`` from now on. Raises ``ValueError``."""
        if datagram_size < MIN_DATAGRAM:
            raise ValueError(f"a datagram must have room for {MIN_DATAGRAM} bytes")
        self._room = datagram_size - OVERHEAD

    def publish(self, topic: bytes, payload: bytes, ordered: bool) -> None:
        """Take a payload; it travels with all that is published until ``flush``."""
        size = DATA_OVERHEAD + len(topic) + len(payload)
        if size > self._room:
            self._publish_parts(bytes((len(topic),)) + topic + payload, ordered)
            return
        if self._open_bytes + size > self._room:
            self._seal_reliable()
        self._open.append(encode_data(topic, payload, ordered))
        self._open_bytes += size

    def publish_ephemeral(self, topic: str, payload: bytes) -> bool:
        """Take a payload that is sent once; False if it doesn't fit into one datagram."""
        if DATA_OVERHEAD + len(topic.encode()) + len(payload) > self._room:
            return False
        frame = Ephemeral(topic, payload).encode()
        if self._ephemeral_bytes + len(frame) > self._room:
            self._seal_ephemeral()
        self._ephemeral.append(frame)
        self._ephemeral_bytes += len(frame)
        return True

    def flush(self) -> None:
        """Close the datagrams that are being filled."""
        if self._open:
            self._seal_reliable()
        if self._ephemeral:
            self._seal_ephemeral()

    def seal_control(self, frames: bytes) -> bytes:
        """A control datagram with these frames, numbered and ready to be sent."""
        self.control += 1
        return self._seal(Space.CONTROL, self.control, frames)

    def take_ephemeral(self) -> list[bytes]:
        """All ephemeral datagrams that wait."""
        taken = list(self._ephemeral_sealed)
        self._ephemeral_sealed.clear()
        self._ephemeral_sealed_bytes = 0
        return taken

    def take_reliable(self, limit: int) -> list[bytes]:
        """The next reliable datagrams to be sent for the first time, at most ``limit``."""
        stop = min(self.next, self.unsent + limit)
        taken = [self._kept[number] for number in range(self.unsent, stop)]
        self.unsent = max(self.unsent, stop)
        return taken

    def forget_below(self, number: int) -> None:
        """Everything below ``number`` is confirmed: keep it no longer."""
        while self.lowest < min(number, self.unsent):
            self._forget_lowest()

    def repair(self, start: int, stop: int, destination: Address | None, now: float) -> int:
        """Send these numbers again, as far as they are kept; None as destination: to the group.

        Returns how many of them had not been asked for before, as far as remembered.
        """
        fresh = 0
        start = max(start, self.lowest)
        for number in range(start, min(stop, self.unsent, start + REPAIRS)):
            target = destination
            before = self._repaired.get(number)
            if before is None:
                fresh += number not in self._repairs
            elif now - before[0] < REPAIR_INTERVAL:
                if before[1] in (None, destination):
                    continue
                target = None  # two have asked
            if self._repairs.get(number, target) != target:
                target = None
            if number in self._repairs or len(self._repairs) < REPAIRS:
                self._repairs[number] = target
        return fresh

    def take_repairs(self, limit: int, now: float) -> list[tuple[bytes, Address | None]]:
        """The next datagrams to be sent again, at most ``limit``."""
        taken: list[tuple[bytes, Address | None]] = []
        for number in list(self._repairs)[:limit]:
            destination = self._repairs.pop(number)
            datagram = self._kept.get(number)
            if datagram is None:
                continue
            taken.append((datagram, destination))
            self._repaired[number] = (now, destination)
            self._repaired.move_to_end(number)
            if len(self._repaired) > REPAIRS:
                self._repaired.popitem(last=False)
        return taken

    def last_sent(self) -> bytes | None:
        """The reliable datagram that was sent last, if it is kept."""
        return self._kept.get(self.unsent - 1)

    def is_idle(self) -> bool:
        """Whether nothing waits to be sent."""
        return not (
            self.unsent < self.next
            or self._open
            or self._repairs
            or self._ephemeral
            or self._ephemeral_sealed
        )

    def _publish_parts(self, content: bytes, ordered: bool) -> None:
        if self._open:
            self._seal_reliable()
        size = self._room - PART_OVERHEAD
        pieces = [content[start : start + size] for start in range(0, len(content), size)]
        for index, piece in enumerate(pieces):
            if self._open:
                self._seal_reliable()
            self._open.append(Part(index, len(pieces), ordered, piece).encode())
            self._open_bytes += len(self._open[-1])

    def _seal_reliable(self) -> None:
        datagram = self._seal(Space.RELIABLE, self.next, b"".join(self._open))
        self._open.clear()
        self._open_bytes = 0
        self._kept[self.next] = datagram
        self._kept_bytes += len(datagram)
        self.next += 1
        while self._kept_bytes > self._keep:
            if self.lowest >= self.unsent:
                self.overflowed += 1
            self._forget_lowest()

    def _forget_lowest(self) -> None:
        self._kept_bytes -= len(self._kept.pop(self.lowest))
        self.lowest += 1
        self.unsent = max(self.unsent, self.lowest)

    def _seal_ephemeral(self) -> None:
        datagram = self.seal_control(b"".join(self._ephemeral))
        self._ephemeral.clear()
        self._ephemeral_bytes = 0
        self._ephemeral_sealed.append(datagram)
        self._ephemeral_sealed_bytes += len(datagram)
        while self._ephemeral_sealed_bytes > EPHEMERAL_BYTES:
            self._ephemeral_sealed_bytes -= len(self._ephemeral_sealed.popleft())

    def _seal(self, space: Space, number: int, frames: bytes) -> bytes:
        ring = self._keyring
        key = ring.key(self.id, ring.sending)
        if key is None:
            raise LookupError("the sending key is always held")
        ring.remember(self.id, ring.sending, key)
        return seal(key, Header(space, ring.cluster, self.id, ring.sending, number), frames)
