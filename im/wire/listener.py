"""Accepts connections, as many as there is room and as there are descriptors for."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence

from im.wire.descriptors import are_short
from im.wire.newcomers import Newcomers, Peer

TURN_SECONDS = 0.001
"""Time to accept in one turn of the loop, and to read what the accepted have sent already: half a
TLS handshake, perhaps. Then those who are connected have their turn."""
FULL_SECONDS = 0.02
"""After so long it is looked again whether a newcomer has left."""
SHORT_SECONDS = 0.25
"""After so long it is tried again whether the system has a descriptor."""
WARN_SECONDS = 60.0
"""What goes on is said again after so long."""

log = logging.getLogger("im.http")


class Listener:
    """Accepts from listening sockets, which stay their owner's."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listening: Sequence[socket.socket],
        newcomers: Newcomers,
    ) -> None:
        self._loop = loop
        self._listening = list(listening)
        self._newcomers = newcomers
        self._timer: asyncio.TimerHandle | None = None
        self._warned = -WARN_SECONDS

    def start(self) -> None:
        """Begin to accept, or go on."""
        self._timer = None
        for listening in self._listening:
            listening.setblocking(False)
            self._loop.add_reader(listening.fileno(), self._accept, listening)

    def stop(self) -> None:
        """Accept nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._stop_watching()

    def take(self, connected: socket.socket, peer: Peer) -> None:
        """A connection was accepted, here or elsewhere."""
        connected.setblocking(False)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connected.close()  # reset already
        else:
            self._newcomers.add(connected, peer)

    def _accept(self, listening: socket.socket) -> None:
        end = self._loop.time() + TURN_SECONDS
        while self._loop.time() < end:
            short = are_short(listening.fileno())
            if not self._newcomers.make_room(none_left=short):
                if short:
                    self._rest("too few descriptors are left")
                else:
                    self._pause(FULL_SECONDS)
                return
            try:
                connected, peer = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue  # gone before it was taken
            except OSError as error:
                self._rest(str(error))
                return
            self.take(connected, peer)

    def _rest(self, reason: str) -> None:
        """No descriptor (EMFILE, ENFILE) or no memory: whoever waits stays in the kernel's queue.
        Asking again at once would do nothing else all the time."""
        now = self._loop.time()
        if now - self._warned >= WARN_SECONDS:
            self._warned = now
            log.warning("no connection can be accepted now: %s", reason)
        self._pause(SHORT_SECONDS)

    def _pause(self, seconds: float) -> None:
        if self._timer is None:
            self._stop_watching()
            self._timer = self._loop.call_later(seconds, self.start)

    def _stop_watching(self) -> None:
        for listening in self._listening:
            self._loop.remove_reader(listening.fileno())
