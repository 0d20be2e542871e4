"""People who come all the time, each on a new connection, and note how they were received."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.im.wire.secure_client import client_context

ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Failure:
    """A connection that broke before its answer; times are monotonic seconds."""

    what: str
    begun: float
    broken: float


@dataclass
class Callers:
    """Come and go until they are told to stop, with TLS and without.

    Attributes:
        answers: how many were received how: by the status, ``welcome`` for a whole log-in, each
            with ``inside TLS`` behind it for those who came so.
        failures: those who were not.
        worst: the longest wait for an answer in seconds.
    """

    url: str
    tokens: Sequence[str]
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    worst: float = 0.0

    async def come(self, stop: asyncio.Event) -> None:
        """For each token one asks for ``/healthz`` and another logs in, again and again.

        Each of the two comes once with TLS and once without.
        """
        await asyncio.gather(
            *(
                self._again(request, tls, stop)
                for tls in (None, client_context())
                for token in self.tokens
                for request in (self._ask(), self._shake_hands(token))
            )
        )

    def broken(self, kills: Sequence[float] = ()) -> list[Failure]:
        """Failures of connections that no killed worker can have had when it died."""
        return [
            failure
            for failure in self.failures
            if failure.what == "refused"
            or not any(failure.begun <= kill <= failure.broken for kill in kills)
        ]

    async def _again(self, request: bytes, tls: ssl.SSLContext | None, stop: asyncio.Event) -> None:
        way = "" if tls is None else " inside TLS"
        while not stop.is_set():
            begun = time.monotonic()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await self._call(request, tls)
            except ConnectionRefusedError:
                answer = "refused"
            except (OSError, EOFError) as error:
                answer = type(error).__name__ + way
            else:
                self.answers[answer + way] += 1
                self.worst = max(self.worst, time.monotonic() - begun)
                await asyncio.sleep(0.005)
                continue
            self.failures.append(Failure(answer, begun, time.monotonic()))
            await asyncio.sleep(0.01)

    async def _call(self, request: bytes, tls: ssl.SSLContext | None) -> str:
        place = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port, ssl=tls)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            status = head.split(b" ", 2)[1].decode()
            if status == "101":
                await reader.readuntil(b'"op":"welcome"')
                return "welcome"
            return status
        finally:
            writer.transport.abort()

    def _ask(self) -> bytes:
        return b"GET /healthz HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"

    def _shake_hands(self, token: str) -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        return (
            "GET /ws HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()
