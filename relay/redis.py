"""The bus over Redis: a ``ChannelNode`` on one sharded publish/subscribe channel (Redis 7).

For where UDP can't go, and between sites. Redis keeps nothing of what is published: who isn't
subscribed at that moment loses it. That shows as a connection that breaks, as numbers that don't
follow, or as silence where at least one's own hello should come back each second; in every case the
program is told of a ``gap`` and reads its log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping
from typing import Final

from redis.asyncio.connection import Connection
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from relay.bus import BusError, BusListener
from relay.channel import ChannelNode
from relay.keyring import Keyring
from relay.redis_address import RedisAddress, call, connect, locate, parse_address
from relay.telling import Telling

log = logging.getLogger(__name__)

SILENCE: Final = 3.0
"""Seconds without anything on the channel, not even one's own hello, after which the subscription
counts as dead and is made anew."""
PUBLISH_TIME: Final = 3.0
"""Seconds in which Redis must take what is published."""
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
"""Seconds between two attempts to connect: from the one, doubling, to the other."""
LOOK_INTERVAL: Final = 5.0
"""Seconds between two looks at which server is the right one (Sentinel and Cluster)."""
CLOSE_TIME: Final = 1.7
"""Seconds that ``close`` waits for what is to be sent; with the goodbye it takes less than 2."""
BYE_TIME: Final = 0.2
TICK: Final = 0.01
"""Shortest time in seconds between two looks at the timers."""

_REFUSALS: Final = (AuthenticationError, AuthorizationError, NoPermissionError)
_AWAY: Final = (RedisError, OSError, TimeoutError)


class RedisBus:
    """A ``Bus`` over Redis. Make it in the process and the loop that use it, after any fork."""

    def __init__(
        self, url: str, keyring: Keyring, node_name: str, channel_prefix: str = "relay"
    ) -> None:
        """``url``: see ``relay.redis_address.parse_address``; the channel is the prefix, a colon
        and the cluster id, so several clusters may share a Redis.
        """
        self.on_unknown_key: Callable[[int], None] = lambda number: None
        """Called, at most once a second, when a key number is seen that isn't held: reread them."""
        self._url = url
        self._keyring = keyring
        self._name = node_name
        self._channel = f"{channel_prefix}:{keyring.cluster_id.hex()}"
        self._node: ChannelNode | None = None
        self._telling: Telling | None = None
        self._flying: list[bytes] = []
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._subscriptions = 0
        self._failures = 0

    # -- the bus -----------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Nowhere: nodes find each other on the channel."""
        return ""

    def publish(
        self, topic: str, payload: bytes, *, ordered: bool = False, ephemeral: bool = False
    ) -> None:
        """See ``Bus.publish``; what is published while the bus isn't open reaches nobody.

        All that is published within one turn of the loop, or while Redis takes what was before,
        travels together. Raises ``PayloadTooLarge``, and ``ValueError`` for a topic of more than
        255 bytes.
        """
        if self._node is None or self._closing:
            return
        self._node.publish(topic, payload, ordered=ordered, ephemeral=ephemeral)
        self._wake.set()

    def members(self) -> list[str]:
        """Names of the nodes that are up now, without this one, sorted."""
        return self._node.members() if self._node else []

    def keys_held(self) -> dict[str, frozenset[int]]:
        """Numbers of the keys that each member holds, to see who lacks a new one."""
        return self._node.keys_held() if self._node else {}

    def statistics(self) -> Mapping[str, float]:
        """The node's figures, how often it has subscribed and how often Redis failed."""
        if self._node is None:
            return {}
        figures = self._node.statistics()
        figures["subscriptions"] = self._subscriptions
        figures["failures"] = self._failures
        return figures

    async def start(self, listener: BusListener) -> None:
        """Begin to talk. A Redis that is away now is waited for, in the background.

        Raises ``BusError`` when the address or the password is wrong, or Redis is older than 7.
        """
        if self._node is not None:
            raise BusError("a bus starts once")
        address = parse_address(self._url)
        try:
            subscribed = await self._subscribe(address)
        except _AWAY as error:
            # Its subclasses, but for these, pass: a cluster that forms, a server that loads.
            if type(error) is ResponseError or isinstance(error, _REFUSALS):
                raise BusError(f"Redis refuses: {error}") from None
            log.warning("relay: Redis is away: %s", error or type(error).__name__)
            subscribed = None
        loop = asyncio.get_running_loop()
        try:
            self._node = ChannelNode(self._name, self._keyring, random.SystemRandom(), loop.time())
        except ValueError as error:
            if subscribed is not None:
                await subscribed.disconnect(nowait=True)
            raise BusError(str(error)) from error
        self._telling = Telling(listener, lambda number: self.on_unknown_key(number))
        self._tasks = [
            loop.create_task(self._listen_on(self._node, address, subscribed)),
            loop.create_task(self._send_on(self._node, address)),
        ]
        self._work()

    async def ready(self) -> None:
        """Return when the first round of finding others is over, after 0.2 to 1 s.

        Raises ``BusError``, and has closed the bus, when this node must not stay: another live node
        has its name, or the cluster is full.
        """
        if self._telling is not None:
            await self._telling.ready(self.close)

    async def close(self) -> None:
        """Wait until Redis has taken what was published, say goodbye; at most 2 s. Never raises."""
        if self._node is None or self._closing:
            return
        self._closing = True
        self._quiet.clear()
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), CLOSE_TIME)
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- the loop ----------------------------------------------------------------------------------

    def _work(self) -> None:
        """Do what is due: timers, telling the program; wake the sender; set the next alarm."""
        if self._node is None or self._telling is None:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._node.handle_timer(now)
        self._telling.tell(self._node.events())
        if not self._telling.is_over:
            found = bool(self._node.members()) and not self._node.has_candidates()
            self._telling.look_ready(now, found=found)
        deadline = self._node.next_deadline()
        if deadline <= now:
            self._wake.set()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(max(deadline, now + TICK), self._work)

    async def _send_on(self, node: ChannelNode, address: RedisAddress) -> None:
        """Publish for as long as the bus is open, in the order of publishing."""
        pause = FIRST_PAUSE
        while True:
            connection = None
            try:
                host = await locate(address, self._channel)
                connection = await connect(address.options, host)
                pause = FIRST_PAUSE
                await self._send_to(connection, node)
            except _AWAY as error:
                self._note_failure("publishing", error)
            finally:
                if connection is not None:
                    await connection.disconnect(nowait=True)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _send_to(self, connection: Connection, node: ChannelNode) -> None:
        """Publish on one connection until it breaks. What it had not taken stays ``_flying``."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                if not self._flying:
                    self._wake.clear()
                    self._flying = node.datagrams_to_send(loop.time())
                if self._flying:
                    await self._publish(connection, self._flying)
                    self._flying = []
                    continue
                if node.is_idle():
                    self._quiet.set()
                await self._wake.wait()
        except asyncio.CancelledError:
            if not self._flying:
                with contextlib.suppress(*_AWAY):
                    async with asyncio.timeout(BYE_TIME):
                        await self._publish(connection, [node.goodbye()])
            raise

    async def _publish(self, connection: Connection, datagrams: list[bytes]) -> None:
        if not connection.is_connected:
            raise ConnectionError("the connection is gone")
        async with asyncio.timeout(PUBLISH_TIME):
            packed = connection.pack_commands(
                [(b"SPUBLISH", self._channel, datagram) for datagram in datagrams]
            )
            await connection.send_packed_command(packed, check_health=False)
            for _ in datagrams:
                await connection.read_response()

    async def _listen_on(
        self, node: ChannelNode, address: RedisAddress, subscribed: Connection | None
    ) -> None:
        """Hear the channel for as long as the bus is open."""
        pause = FIRST_PAUSE
        while True:
            try:
                if subscribed is None:
                    subscribed = await self._subscribe(address)
                    node.interrupted()
                    self._work()
                pause = FIRST_PAUSE
                self._subscriptions += 1
                await self._hear(subscribed, node, address)
            except _AWAY as error:
                self._note_failure("subscribing", error)
            finally:
                if subscribed is not None:
                    await subscribed.disconnect(nowait=True)
                    subscribed = None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _subscribe(self, address: RedisAddress) -> Connection:
        """A connection that hears the channel."""
        host = await locate(address, self._channel)
        connection = await connect(address.options, host)
        try:
            await call(connection, "SSUBSCRIBE", self._channel)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _hear(self, subscribed: Connection, node: ChannelNode, address: RedisAddress) -> None:
        """Take what comes until the subscription breaks or falls silent."""
        loop = asyncio.get_running_loop()
        server = subscribed.host, subscribed.port
        look_at = loop.time() + LOOK_INTERVAL
        async with asyncio.timeout(SILENCE) as limit:
            while True:
                message = await subscribed.read_response()
                if message[0] != b"smessage":
                    raise ConnectionError("the channel is served elsewhere now")
                now = loop.time()
                limit.reschedule(now + SILENCE)
                node.receive_datagram(message[2], now)
                self._work()
                if now >= look_at and address.kind != "single":
                    look_at = now + LOOK_INTERVAL
                    if await locate(address, self._channel) != server:
                        raise ConnectionError("another server is the master now")

    def _note_failure(self, what: str, error: BaseException) -> None:
        self._failures += 1
        level = logging.WARNING if self._failures % 60 == 1 else logging.DEBUG
        log.log(level, "relay: %s over Redis failed: %s", what, error or type(error).__name__)
