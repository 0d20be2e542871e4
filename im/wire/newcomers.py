"""Connections whose first request has not come whole: what they speak, and how long they may take.

The first byte decides. 0x16 begins a TLS handshake; an HTTP request begins with a letter. Whoever
sends neither, or takes too long, is dropped without a word. So what somebody can hold here without
having asked for anything is bounded in number, in bytes and in time.
"""

from __future__ import annotations

import asyncio
import logging
import re
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from im.wire.poller import Poller, fastest_poll
from im.wire.portable_poll import READ
from im.wire.tls import HANDSHAKE, Tls, TlsError, TlsSession

HEAD_BYTES = 16 * 1024
"""The largest head of a request: its first line and header fields."""
READ_BYTES = 64 * 1024
HUNG_UP = getattr(select, "POLLRDHUP", 0)
"""Beside what ``poll`` always tells; macOS has no more."""
PATIENCE_SECONDS = 1.0
"""When there is no room, whoever has been here this long goes; until then the next one waits."""
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
"""As Tornado looks for it."""
TOO_LARGE = b"HTTP/1.1 431 Header Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
"""RFC 6585, section 5."""

Peer = tuple[Any, ...]
"""An address as ``accept`` gives it."""

log = logging.getLogger("im.http")


@dataclass(slots=True)
class Arrival:
    """A connection whose request has come: who takes it reads on after ``data``.

    Attributes:
        data: what has come, as it is without TLS.
        head: bytes of ``data`` that are the request's head.
    """

    connected: socket.socket
    peer: Peer
    tls: TlsSession | None
    data: bytes
    head: int

    @property
    def gone(self) -> bool:
        """Whether the other side has hung up by now, whatever it sent before."""
        poll = select.poll()
        poll.register(self.connected, HUNG_UP)
        return bool(poll.poll(0))


class Newcomers:
    """Reads first requests.

    Args:
        arrived: called with each connection whose request's head is whole.
        most: how many there may be at once now.
        seconds: time for the head to come, and before it for each of two steps of a TLS handshake.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: Tls,
        arrived: Callable[[Arrival], None],
        *,
        most: Callable[[], int],
        seconds: float,
    ) -> None:
        self.loop = loop
        self.tls = tls
        self.arrived = arrived
        self.buffer = bytearray(READ_BYTES)
        self.view = memoryview(self.buffer)
        self.poller: Poller[Newcomer] = Poller(loop, fastest_poll())
        self.dropped = 0
        """Newcomers that took too long so far."""
        self._most = most
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self.poller)

    def make_room(self, *, none_left: bool = False) -> bool:
        """Whether there is room for one more; the one that has been here longest goes for it.

        ``none_left``: there is none but what somebody leaves, however few newcomers there are.
        """
        most = len(self.poller) if none_left else self._most()
        if len(self.poller) < most:
            return True
        oldest = self.poller.oldest()
        if oldest is not None and self.loop.time() - oldest.since >= PATIENCE_SECONDS:
            self._look_again(oldest)
        return len(self.poller) < most

    def add(self, connected: socket.socket, peer: Peer) -> None:
        """A connection was accepted."""
        self._add(Newcomer(self, connected, peer))

    def answer(self, arrival: Arrival, answer: bytes) -> None:
        """Send an answer and hang up; the connection is a newcomer again, one that only leaves."""
        leaver = Newcomer(self, arrival.connected, arrival.peer, arrival.tls)
        if leaver.say(answer):
            leaver.leave()
            self._add(leaver)
        else:
            arrival.connected.close()

    def close(self) -> None:
        """Drop all; there will be no more."""
        if self._closed:
            return
        self._closed = True
        for newcomer in self.poller:
            newcomer.drop()
        if self._timer is not None:
            self._timer.cancel()
        self.poller.close()

    def _add(self, newcomer: Newcomer) -> None:
        if self._closed:
            newcomer.connected.close()
            return
        try:
            newcomer.watch()
        except OSError as error:
            # The kernel has no room for it (epoll_ctl: ENOSPC, ENOMEM).
            log.warning("%s cannot be watched: %s", newcomer.peer, error)
            newcomer.connected.close()
            return
        if self._timer is None:
            self._timer = self.loop.call_at(newcomer.since + self._seconds, self._look)
        newcomer.ready(READ)

    def _look(self) -> None:
        """Drop those whose time is over; the others came later, in their order."""
        self._timer = None
        while (oldest := self.poller.oldest()) is not None:
            due = oldest.since + self._seconds
            if due > self.loop.time():
                self._timer = self.loop.call_at(due, self._look)
                return
            self._look_again(oldest)

    def _look_again(self, newcomer: Newcomer) -> None:
        """Drop one whose time is over, unless it has gone on meanwhile: when much goes on, what it
        sent may have been here for long."""
        since = newcomer.since
        newcomer.ready(READ)
        if not newcomer.done and newcomer.since == since:
            self.dropped += 1
            newcomer.drop()


class Newcomer:
    """One of them (``wire.poller.Polled``)."""

    __slots__ = (
        "_data",
        "_leaving",
        "_newcomers",
        "_tls",
        "connected",
        "done",
        "peer",
        "since",
        "steps",
    )

    def __init__(
        self,
        newcomers: Newcomers,
        connected: socket.socket,
        peer: Peer,
        tls: TlsSession | None = None,
    ) -> None:
        self._newcomers = newcomers
        self._tls = tls
        self._data = b""
        self._leaving = False
        self.connected = connected
        self.peer = peer
        self.since = newcomers.loop.time()
        self.steps = 0
        """1: our part of a TLS handshake was said; 2: the handshake is done."""
        self.done = False
        """Whether it is no newcomer any more."""

    def watch(self) -> None:
        """Begin to read. Raises ``OSError``."""
        descriptor = self.connected.fileno()
        self._newcomers.poller.watch(descriptor, 0, READ)
        self._newcomers.poller.add(descriptor, self)

    def ready(self, events: int) -> None:
        """See ``Polled.ready``."""
        newcomers = self._newcomers
        try:
            count = self.connected.recv_into(newcomers.buffer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            count = 0
        if not count:
            self.drop()
        elif not self._leaving:
            self._take(newcomers.view[:count])

    def say(self, data: bytes) -> bool:
        """Send; whether all of it was taken. So little is, unless the other side is not there."""
        try:
            if self._tls is not None:
                data = self._tls.seal(data)
            return self.connected.send(data) == len(data)
        except (OSError, TlsError):
            return False

    def leave(self) -> None:
        """Say that nothing more comes; what still comes is thrown away until they hang up, since a
        reset for unread bytes could overtake the answer (RFC 9112, section 9.6)."""
        self._leaving = True
        try:
            if self._tls is not None:
                self.connected.send(self._tls.close())
            self.connected.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # reading will show it

    def drop(self) -> None:
        """Hang up without a word."""
        self._unwatch()
        self.connected.close()

    def _take(self, come: memoryview) -> None:
        if not self._data and self._tls is None and come[0] == HANDSHAKE:
            self._tls = self._newcomers.tls.session()
            if self._tls is None:
                self.drop()
                return
        data = bytes(come) if self._tls is None else self._open(self._tls, come)
        if data is None:
            self.drop()
            return
        if not data:
            return
        if self._data:
            data = self._data + data
        found = END_OF_HEAD.search(data, max(0, len(self._data) - 3))
        self._data = data
        if (found.end() if found is not None else len(data)) > HEAD_BYTES:
            if self.say(TOO_LARGE):
                self.leave()
            else:
                self.drop()
        elif found is not None:
            self._unwatch()
            self._newcomers.arrived(
                Arrival(self.connected, self.peer, self._tls, data, found.end())
            )

    def _open(self, tls: TlsSession, come: memoryview) -> bytes | None:
        """What has come inside the session; None when that is over."""
        opened: bytes | None
        try:
            opened = tls.receive(come)
            quiet = tls.may_wait
        except TlsError as error:
            log.debug("%s: TLS: %s", self.peer, error)
            opened, quiet = None, False
        self._step(2 if tls.established else 1 if tls.unsent else 0)
        if tls.unsent and not quiet:
            said, tls.unsent = tls.unsent, b""
            try:
                if self.connected.send(said) < len(said):
                    return None
            except OSError:
                return None
        return None if tls.ended and not opened else opened

    def _step(self, step: int) -> None:
        """It has come so far, and has time for the next step. There are two at most, so nobody is
        kept by a byte now and then."""
        if step > self.steps:
            self.steps = step
            self.since = self._newcomers.loop.time()
            self._newcomers.poller.move_to_end(self.connected.fileno())

    def _unwatch(self) -> None:
        poller, descriptor = self._newcomers.poller, self.connected.fileno()
        poller.watch(descriptor, READ, 0)
        poller.discard(descriptor)
        self.done = True
