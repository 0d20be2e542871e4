"""NORM (RFC 5740) by Debian's ``libnorm1``, as a rival of the relay.

A stream of bytes from one sender to the group, with messages of fixed size in it. Congestion
control is off, since it takes random loss for congestion; the rate is what the caller gives, and
positive acknowledgements of the receiver hold the sender back, so that it overwrites nothing. 64
data segments a block, a quarter as many parity segments sent with it, and more on demand. Not
encrypted.
"""

from __future__ import annotations

import asyncio
import ctypes
import ctypes.util
import select
from collections.abc import Callable
from typing import Any

GROUP = b"239.192.77.9"
PORT = 3300
SEGMENT = 1400
BLOCK = 64
PARITY = 32
PROACTIVE = 16
BUFFER = 16 * 1024 * 1024
MARK = BUFFER // 8
"""An acknowledgement is asked for each time so many bytes are written; at most four times as many
are not acknowledged."""
MESSAGE = 150
PATTERN = bytes(range(32))
PATTERN_AT = 16
"""How a message's filling begins, and where: the way back into step after a break."""
SOCKET_BUFFER = 4 * 1024 * 1024
_TX_WATERMARK_COMPLETED = 4
_RX_OBJECT_UPDATED = 19
_ACK_SUCCESS = 3
_RECEIVER = 2
_FLUSH_PASSIVE = 1


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("session", ctypes.c_void_p),
        ("sender", ctypes.c_void_p),
        ("object", ctypes.c_void_p),
    )


def load_norm() -> ctypes.CDLL | None:
    """The library, or None where it isn't installed."""
    name = ctypes.util.find_library("norm")
    if name is None:
        return None
    norm = ctypes.CDLL(name)
    handle, text, number, real = (
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_uint32,
        ctypes.c_double,
    )
    short, flag = ctypes.c_uint16, ctypes.c_bool
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "NormCreateInstance": (handle, [flag]),
        "NormCreateSession": (handle, [handle, text, short, number]),
        "NormDestroySession": (None, [handle]),
        "NormDestroyInstance": (None, [handle]),
        "NormGetDescriptor": (ctypes.c_int, [handle]),
        "NormGetNextEvent": (flag, [handle, ctypes.POINTER(_Event), flag]),
        "NormSetMulticastInterface": (flag, [handle, text]),
        "NormSetCongestionControl": (None, [handle, flag, flag]),
        "NormSetTxRate": (None, [handle, real]),
        "NormSetGrttEstimate": (None, [handle, real]),
        "NormSetTxSocketBuffer": (flag, [handle, number]),
        "NormSetRxSocketBuffer": (flag, [handle, number]),
        "NormStartSender": (flag, [handle, number, number, short, short, short, ctypes.c_uint8]),
        "NormStartReceiver": (flag, [handle, number]),
        "NormStreamOpen": (handle, [handle, number, text, number]),
        "NormStreamWrite": (number, [handle, text, number]),
        "NormStreamFlush": (None, [handle, flag, ctypes.c_int]),
        "NormStreamMarkEom": (None, [handle]),
        "NormStreamSeekMsgStart": (flag, [handle]),
        "NormSetAutoParity": (None, [handle, ctypes.c_uint8]),
        "NormAddAckingNode": (flag, [handle, number]),
        "NormSetWatermark": (flag, [handle, handle, flag]),
        "NormGetAckingStatus": (ctypes.c_int, [handle, number]),
        "NormStreamRead": (flag, [handle, text, ctypes.POINTER(number)]),
    }
    for called, (result, arguments) in signatures.items():
        function = getattr(norm, called)
        function.restype, function.argtypes = result, arguments
    return norm


class NormCarrier:
    """One end of a NORM session."""

    def __init__(self, words: dict[str, Any], take: Callable[[bytes], None]) -> None:
        norm = load_norm()
        if norm is None:
            raise OSError("libnorm is not installed")
        self._norm = norm
        self._take = take
        self._words = words
        self._kept = bytearray()
        self._buffer = ctypes.create_string_buffer(65536)
        self._rest = b""
        self._lost_step = False
        self._stream: int | None = None
        self._since_mark = self._marked = 0
        self._marking = False

    async def start(self) -> None:
        norm, words = self._norm, self._words
        sends = words["role"] == "send"
        self._instance = norm.NormCreateInstance(False)
        self._session = norm.NormCreateSession(self._instance, GROUP, PORT, 1 if sends else 2)
        norm.NormSetMulticastInterface(self._session, words["interface"].encode())
        if sends:
            norm.NormSetCongestionControl(self._session, False, False)
            norm.NormSetTxRate(self._session, float(words["norm_bits"]))
            norm.NormSetGrttEstimate(self._session, 0.001)
            norm.NormStartSender(self._session, 1, BUFFER, SEGMENT, BLOCK, PARITY, 0)
            norm.NormSetTxSocketBuffer(self._session, SOCKET_BUFFER)
            norm.NormSetAutoParity(self._session, PROACTIVE if words.get("loss") else 0)
            norm.NormAddAckingNode(self._session, _RECEIVER)
            self._stream = norm.NormStreamOpen(self._session, BUFFER, None, 0)
        else:
            norm.NormStartReceiver(self._session, BUFFER)
            norm.NormSetRxSocketBuffer(self._session, SOCKET_BUFFER)
        self._poll = select.poll()
        self._poll.register(norm.NormGetDescriptor(self._instance), select.POLLIN)

    def publish(self, message: bytes) -> None:
        self._kept += message

    def has_room(self) -> bool:
        return len(self._kept) < 65536

    def flush(self) -> None:
        if self._stream is None:
            return
        written = 1
        while self._kept and written and self._since_mark + self._marked < 4 * MARK:
            self._norm.NormStreamMarkEom(self._stream)  # what follows begins with a message
            chunk = bytes(self._kept[: 65536 - 65536 % MESSAGE])
            written = self._norm.NormStreamWrite(self._stream, chunk, len(chunk))
            self._since_mark += written
            del self._kept[:written]
        if self._since_mark >= MARK and not self._marking:
            self._marking = True
            self._marked, self._since_mark = self._since_mark, 0
            self._norm.NormSetWatermark(self._session, self._stream, True)
        if self._words.get("rate") or not self._kept:
            self._norm.NormStreamFlush(self._stream, False, _FLUSH_PASSIVE)

    async def turn(self, seconds: float) -> None:
        await asyncio.sleep(0 if seconds > 0.001 else seconds)
        event = _Event()
        wait = seconds * 1000 if self._stream is None else 0
        while self._poll.poll(wait):
            wait = 0
            if not self._norm.NormGetNextEvent(self._instance, ctypes.byref(event), False):
                break
            if event.type == _RX_OBJECT_UPDATED:
                self._read(event.object)
            elif event.type == _TX_WATERMARK_COMPLETED:
                if self._norm.NormGetAckingStatus(self._session, _RECEIVER) == _ACK_SUCCESS:
                    self._marking, self._marked = False, 0
                else:
                    self._norm.NormSetWatermark(self._session, self._stream, True)
        self.flush()

    def statistics(self) -> dict[str, float]:
        return {}

    async def close(self) -> None:
        self._norm.NormDestroySession(self._session)
        self._norm.NormDestroyInstance(self._instance)

    def _read(self, stream: int) -> None:
        size = ctypes.c_uint32(len(self._buffer))
        while True:
            size.value = len(self._buffer)
            if not self._norm.NormStreamRead(stream, self._buffer, ctypes.byref(size)):
                # The stream is broken: what is lost is lost, go on with the next message.
                self._rest, self._lost_step = b"", True
                if not self._norm.NormStreamSeekMsgStart(stream):
                    return
                continue
            if not size.value:
                return
            data = self._rest + self._buffer.raw[: size.value]
            if self._lost_step:
                found = data.find(PATTERN)
                if found < 0:
                    self._rest = data[-MESSAGE:]
                    continue
                data = data[(found - PATTERN_AT) % MESSAGE :]
                self._lost_step = False
            whole = len(data) - len(data) % MESSAGE
            for start in range(0, whole, MESSAGE):
                self._take(data[start : start + MESSAGE])
            self._rest = data[whole:]
