"""A client's socket after the handshake, straight on the node's poller.

A connection at rest is one small object. What it needs only now and then is there only then: the
list of what is to be sent, the task that works on a frame, the timer of a close. What all share
(``sockets.Sockets``) they share.

It goes through these states and never back:

    OPEN ──close()──▶ CLOSING ──their close frame──▶ ENDING ──they hang up, or time──▶ CLOSED
      └──── their close frame, or a breach ───────────▲

In ENDING our close frame goes out, then the end of our side (``SHUT_WR``); what still comes is read
and thrown away, since a reset for unread bytes could overtake the close frame (RFC 6455, section
7.1.1). ``abort`` and a dead socket lead to CLOSED from everywhere.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from im.wire.connection import CloseCode, Owner, Work
from im.wire.frames import (
    PING,
    PONG,
    TEXT,
    Decoder,
    Event,
    Ping,
    Pong,
    ProtocolError,
    encode_close,
    encode_frame,
)
from im.wire.held import Held
from im.wire.portable_poll import READ, WRITE

if TYPE_CHECKING:
    from im.wire.sockets import Sockets

CLOSE_SECONDS = 5.0
"""Time for what is queued to go out and for the other side to close, once a close has begun."""
SEND_BYTES = 256 * 1024
"""What is joined for one call of ``send``, about."""
EVENTS_IN_TURN = 16
"""Messages and control frames of one connection that are passed on; then others have their turn."""

MESSAGE = (str, bytes)

OPEN, CLOSING, ENDING, CLOSED = range(4)

log = logging.getLogger("im.socket")


class WebSocketConnection:
    """Implements ``im.wire.connection.Connection``."""

    __slots__ = (
        *("_decoder", "_held", "_hung_up", "_in_turn", "_out", "_owner", "_queued", "_socket"),
        *("_sockets", "_state", "_timer", "_watched", "_work", "address", "came", "heard"),
    )

    def __init__(self, sockets: Sockets, connected: socket.socket, address: str) -> None:
        self._sockets = sockets
        self._socket = connected
        self._owner: Owner | None = None
        self._decoder: Decoder | None = None
        self._state = OPEN
        self._hung_up = False
        self._in_turn = 0
        self._out: list[bytes | memoryview] | None = None
        self._queued = 0
        self._watched = 0
        self._work: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._held: Held | None = None
        self.address = address
        self.heard = self.came = sockets.loop.time()

    @property
    def closed(self) -> bool:
        """Whether it is gone."""
        return self._state == CLOSED

    def belong_to(self, owner: Owner) -> None:
        """From now on ``owner`` is called; at once, when the connection is gone already."""
        if self._state == CLOSED:
            owner.gone()
        else:
            self._owner = owner

    def begin_with(self, answer: bytes) -> None:
        """Send this first, in one packet with what else there is to say by the ``start``."""
        self._out = [answer]
        self._queued = len(answer)

    def start(self, data: bytes) -> None:
        """Begin to read, after ``data`` that was read before; what waits goes out."""
        if self._state == CLOSED:
            return
        self._read_on()
        if self._out is not None:
            self._sockets.flush_soon(self)
        self._take_in(data)

    def ready(self, events: int) -> None:
        """See ``Polled.ready``. A failed socket is read, or written, to learn what it has."""
        if events & ~WRITE and self._watched & READ:
            self._readable()
        if events & ~READ and self._watched & WRITE:
            self.flush()

    # Reading

    def _readable(self) -> None:
        sockets = self._sockets
        try:
            data = self._receive()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop()
            return
        if not data:
            self._hang_up()
            return
        self.heard = sockets.loop.time()
        if self._state == ENDING:
            return
        if self._work is None:
            self.came = self.heard
            sockets.reading = self
            try:
                self._take_in(data)
            finally:
                sockets.reading = None
            if not self._watched & WRITE:
                self.flush()
        else:
            held = self._held = self._held or Held()
            held.put(data, self.heard)
            if held.full(len(sockets.buffer) - (self._decoder.kept if self._decoder else 0)):
                self._pause()

    def _receive(self) -> bytes:
        """What has come; nothing: no more will. Raises ``OSError``."""
        return bytes(self._sockets.view[: self._socket.recv_into(self._sockets.buffer)])

    def _take_in(self, data: bytes) -> None:
        """Pass on what has come; leave to a task what has to be waited for."""
        sockets = self._sockets
        if self._decoder is None:
            self._decoder = sockets.lend_decoder()
        self._decoder.feed(data)
        self._in_turn = 0
        work = self._pass_on(self._decoder)
        if work is not None:
            sockets.work_begins()
            self._work = sockets.loop.create_task(self._wait_for(work))
        else:
            self._rest()

    def _rest(self) -> None:
        """Between messages there is nothing that a decoder of one's own would have to know."""
        if self._decoder is not None and self._decoder.at_rest:
            self._sockets.take_back(self._decoder)
            self._decoder = None

    def _pass_on(self, decoder: Decoder) -> Work | None:
        """Pass on events, up to one that has to be waited for."""
        while self._state < ENDING:
            if self._in_turn == EVENTS_IN_TURN:
                self._in_turn = 0
                return self._sockets.connections.turn()
            self._in_turn += 1
            try:
                event = decoder.next_event()
                if event is None and self._held:
                    data, self.came = self._held.take()
                    decoder.feed(data)
                    continue
                if event is None:
                    self._held = None
                    if self._hung_up:
                        self._drop()
                    return None
                work = self._take(event)
            except ProtocolError as error:
                log.info("%s: %s", self.address, error)
                self._end(error.code, error.reason)
                return None
            except Exception:
                self._failed()
                return None
            if work is not None:
                return work
        return None

    def _take(self, event: Event) -> Work | None:
        if isinstance(event, MESSAGE):
            if self._state == OPEN and self._owner is not None and self._sockets.listening:
                return self._owner.received(event)
        elif isinstance(event, Ping):
            if self._state == OPEN:
                self.write(encode_frame(PONG, event.data))
        elif isinstance(event, Pong):
            if self._owner is not None:
                self._owner.pong(event.data)
        else:
            # Section 5.5.1: a close is answered by one with the same code, once.
            self._end(event.code, "")
        return None

    async def _wait_for(self, work: Work | None) -> None:
        try:
            while work is not None:
                await work
                work = None if self._decoder is None else self._pass_on(self._decoder)
        except Exception:
            self._failed()
        finally:
            self._work = None
            self._sockets.work_ends()
            self._rest()
        if self._state != CLOSED and not self._hung_up:
            self._read_on()

    def _failed(self) -> None:
        """The owner did what it never does."""
        log.exception("a message from %s failed", self.address)
        self.close(CloseCode.INTERNAL, "internal")

    def _read_on(self) -> None:
        self._watch(self._watched | READ)

    def _pause(self) -> None:
        self._watch(self._watched & ~READ)

    def _watch(self, events: int) -> None:
        if events == self._watched:
            return
        try:
            self._sockets.connections.watch(self._socket.fileno(), self._watched, events)
        except OSError as error:
            # The kernel has no room for it (epoll_ctl: ENOSPC, ENOMEM).
            log.warning("%s cannot be watched: %s", self.address, error)
            self._drop()
        else:
            self._watched = events

    def _hang_up(self) -> None:
        """Nothing more comes. What came before is still passed on."""
        if self._work is None or self._state == ENDING:
            self._drop()
        else:
            self._hung_up = True
            self._pause()

    # Sending

    def send(self, encoded: bytes) -> None:
        """See ``Connection.send``."""
        self.write(encode_frame(TEXT, encoded))

    def write(self, frames: bytes) -> None:
        """See ``Connection.write``."""
        if self._state != OPEN:
            return
        if self._out is not None and self._behind(frames) > self._sockets.queue_bytes:
            if not self._watched & WRITE:
                self.flush()
                if self._state != OPEN:
                    return
            if self._behind(frames) > self._sockets.queue_bytes:
                self._sockets.count_slow_reader()
                log.info("%s: too slow", self.address)
                self.close(CloseCode.TRY_AGAIN_LATER, "too slow")
                return
        self._put(frames)

    def _behind(self, frames: bytes) -> int:
        """Bytes that would wait with these, behind what is going out now.

        That is not counted: a page of the log that is larger than the queue would be asked for,
        and refused, again and again.
        """
        return self._queued - len(self._out[0]) + len(frames) if self._out else 0

    def flush(self) -> None:
        """Send what is to be sent, as far as the socket takes it."""
        if self._out is None:
            return
        while (out := self._out) is not None:
            taken, size = 1, len(out[0])
            while taken < len(out) and size < SEND_BYTES:
                size += len(out[taken])
                taken += 1
            data = out[0] if taken == 1 else b"".join(out[:taken])
            try:
                sent = self._send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self._drop()
                return
            self._queued -= sent
            if sent < len(data):
                # What is left of the joined frames stays joined.
                out[:taken] = [memoryview(data)[sent:]]
                self._watch(self._watched | WRITE)
                return
            if taken < len(out):
                del out[:taken]
                continue
            self._out = None
        if self._watched & WRITE:
            self._watch(self._watched & ~WRITE)
        if self._state == ENDING:
            self._shut_down()

    def _send(self, data: bytes | memoryview) -> int:
        """How much of it is on its way. Raises ``OSError``."""
        return self._socket.send(data)

    def _put(self, frames: bytes) -> None:
        self._queued += len(frames)
        if self._out is None:
            self._out = [frames]
            if self._sockets.reading is not self:
                self._sockets.flush_soon(self)
        else:
            self._out.append(frames)

    # Heartbeat and closing

    def ping(self, data: bytes = b"") -> None:
        """See ``Connection.ping``."""
        self.write(encode_frame(PING, data))

    def close(self, code: CloseCode, reason: str = "") -> None:
        """See ``Connection.close``."""
        if self._state == OPEN:
            self._say_close(code, reason)
            self._state = CLOSING

    def farewell(self, retry_after: int) -> None:
        """See ``Connection.farewell``."""
        message = None if self._owner is None else self._owner.goodbye(retry_after)
        if message is not None:
            self.send(message)
        self.close(CloseCode.GOING_AWAY, "going down")

    def abort(self) -> None:
        """See ``Connection.abort``."""
        self._drop()

    def _end(self, code: int | None, reason: str) -> None:
        """Nothing that comes counts any more."""
        if self._state == OPEN:
            self._say_close(code, reason)
        self._state = ENDING
        if self._out is None:
            self._shut_down()

    def _say_close(self, code: int | None, reason: str) -> None:
        self._put(encode_close(code, reason))
        self._timer = self._sockets.loop.call_later(CLOSE_SECONDS, self._drop)

    def _shut_down(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop()
            return
        # It may have been paused; now nobody would resume it.
        self._read_on()

    def _drop(self) -> None:
        if self._state == CLOSED:
            return
        self._state = CLOSED
        descriptor = self._socket.fileno()
        self._watch(0)
        self._socket.close()
        # Others may keep the connection for a while; what had come of a message goes now.
        if self._decoder is not None:
            self._decoder.end()
        self._out = self._held = None
        if self._timer is not None:
            self._timer.cancel()
        self._sockets.gone(self, descriptor)
        owner, self._owner = self._owner, None
        if owner is not None:
            # Whoever is in the middle of telling many is not disturbed.
            self._sockets.loop.call_soon(owner.gone)
