"""The tutorial's Redis channel: what any program publishes on it reaches those who listen here.

Best effort by nature: what is published while nobody listens, or while Redis is away, is gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from im.services.background import Background

if TYPE_CHECKING:
    from redis.asyncio import Redis

RETRY_SECONDS = 2.0
MAX_TEXT = 64 * 1024
"""Bytes of a published text; a longer one is not passed on."""

log = logging.getLogger("im.redis")

Receiver = Callable[[str], None]
Find = Callable[[str, str], Awaitable[str]]
"""From the address of a Redis and a channel to the ``redis://`` of the server to talk to."""


class RedisChannel:
    """Subscribes to one channel, for as long as the node runs, and tells all receivers."""

    def __init__(self, url: str, channel: str, find: Find) -> None:
        """``find`` is asked at each connection, since after a failover it is another server."""
        self._url = url
        self._channel = channel
        self._find = find
        self._receivers: set[Receiver] = set()
        self._background = Background()
        self.connected = False
        """Whether Redis is subscribed to now."""

    @property
    def available(self) -> bool:
        """Whether there is a Redis to listen to."""
        return bool(self._url)

    def start(self) -> None:
        """Begin to listen; without a Redis nothing happens."""
        if self._url:
            self._background.start(self._run())

    def add(self, receiver: Receiver) -> None:
        """Call ``receiver(text)`` for each text from now on."""
        self._receivers.add(receiver)

    def remove(self, receiver: Receiver) -> None:
        """Call it no more."""
        self._receivers.discard(receiver)

    async def publish(self, text: str) -> None:
        """Publish a text on the channel. Raises ``RedisError``."""
        async with await self._redis() as redis:
            await redis.publish(self._channel, text)

    async def close(self) -> None:
        """Stop listening."""
        await self._background.close()

    async def _redis(self, **options: Any) -> Redis:
        """A client of the server that serves the channel now."""
        from redis.asyncio import Redis

        return Redis.from_url(await self._find(self._url, self._channel), **options)

    async def _run(self) -> None:
        from redis.exceptions import RedisError

        warned = False
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                if not warned:
                    log.warning("Redis is away: %s", error)
                warned = True
            finally:
                warned = warned and not self.connected
                self.connected = False
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        # Without a time-out: silence is normal. TCP keep-alive notices a dead server.
        async with (
            await self._redis(socket_timeout=None, socket_keepalive=True, retry=None) as redis,
            redis.pubsub() as subscription,
        ):
            await subscription.subscribe(self._channel)
            async for message in subscription.listen():
                self.connected = True
                if message["type"] == "message":
                    self._tell(message["data"])

    def _tell(self, data: bytes) -> None:
        if len(data) > MAX_TEXT:
            log.warning("a text of %d bytes on the channel is too long", len(data))
            return
        text = data.decode(errors="replace")
        for receiver in list(self._receivers):
            receiver(text)
