"""Breaks what a plan says, under people at work, and mends it again."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress

from tests.cluster.crew import Crew
from tests.cluster.rolling import bring_up, roll
from tests.cluster.soak_plan import Fault
from tests.cluster.sockets import open_bare
from tests.services.mariadb import MariaDB
from tests.services.node import Node
from tests.services.redis_server import RedisServer

HALF_OPEN = 200
FLOODERS = 5
FRAMES = b"\x81\x8d\x00\x00\x00\x00" + b'{"op":"ping"}'
"""A masked frame of text; the mask is nothing."""
CUT_PAUSE = 0.1


class Soak:
    """Nodes over one database and one Redis, of which anything may break.

    Attributes:
        had: how often each kind of fault was had.
    """

    def __init__(
        self, nodes: Sequence[Node], database: MariaDB, redis: RedisServer, crew: Crew
    ) -> None:
        self.had: Counter[str] = Counter()
        self._nodes = list(nodes)
        self._database = database
        self._redis = redis
        self._crew = crew
        self._acts: dict[str, Callable[[Fault], Awaitable[None]]] = {
            "node killed": self._kill_node,
            "node halted": self._halt_node,
            "rolling restart": self._roll,
            "database killed": self._kill_database,
            "database restarted": self._restart_database,
            "database hung": self._hang_database,
            "redis killed": self._kill_redis,
            "redis hung": self._hang_redis,
            "flood": self._flood,
            "half-open": self._half_open,
            "cut connections": self._cut,
        }

    async def rage(self, plan: Mapping[str, Sequence[Fault]]) -> None:
        """Have all faults, and mend all."""
        begun = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for faults in plan.values():
                group.create_task(self._suffer(begun, faults))
        for node in self._nodes:
            await bring_up(node)

    # Inside

    async def _suffer(self, begun: float, faults: Sequence[Fault]) -> None:
        for fault in faults:
            await asyncio.sleep(begun + fault.at - asyncio.get_running_loop().time())
            await self._acts[fault.kind](fault)
            self.had[fault.kind] += 1

    async def _kill_node(self, fault: Fault) -> None:
        node = self._nodes[fault.node]
        node.kill9()
        await asyncio.sleep(fault.seconds)
        await bring_up(node)

    async def _halt_node(self, fault: Fault) -> None:
        await _halt(self._nodes[fault.node], fault.seconds)

    async def _roll(self, fault: Fault) -> None:
        turned = [*self._nodes[fault.node :], *self._nodes[: fault.node]]
        await roll(turned)

    async def _kill_database(self, fault: Fault) -> None:
        self._database.kill9()
        await asyncio.sleep(fault.seconds)
        await self._start_database()

    async def _restart_database(self, fault: Fault) -> None:
        await asyncio.to_thread(self._database.process.terminate, 60.0)
        await self._start_database()

    async def _start_database(self) -> None:
        self._database.process.start()  # not in a thread: it would end with it
        await asyncio.to_thread(self._database.wait_ready)

    async def _hang_database(self, fault: Fault) -> None:
        await _halt(self._database, fault.seconds)

    async def _kill_redis(self, fault: Fault) -> None:
        self._redis.kill9()
        await asyncio.sleep(fault.seconds)
        self._redis.start()

    async def _hang_redis(self, fault: Fault) -> None:
        await _halt(self._redis, fault.seconds)

    async def _flood(self, fault: Fault) -> None:
        """Some ask as fast as they can and read no answer."""
        node, token = self._nodes[fault.node], self._crew.clients[0].token
        loop = asyncio.get_running_loop()
        end = loop.time() + fault.seconds  # a wait may swallow that it was cancelled

        async def pour() -> None:
            bare = await open_bare(node.url, token)
            with bare:
                while loop.time() < end:
                    await loop.sock_sendall(bare, FRAMES * 500)
                    await asyncio.sleep(0.01)

        async def again() -> None:
            while loop.time() < end:
                with suppress(OSError, TimeoutError):
                    await pour()
                await asyncio.sleep(0.1)

        with suppress(TimeoutError):
            async with asyncio.timeout(fault.seconds), asyncio.TaskGroup() as group:
                for _ in range(FLOODERS):
                    group.create_task(again())

    async def _half_open(self, fault: Fault) -> None:
        """Many come and never end their first request."""
        node = self._nodes[fault.node]
        with ExitStack() as stack:
            for _ in range(HALF_OPEN):
                with suppress(OSError):
                    opened = stack.enter_context(socket.socket())
                    opened.setblocking(False)
                    await asyncio.get_running_loop().sock_connect(opened, (node.host, node.port))
                    opened.send(b"GET /ws HTTP/1.1\r\nX: ")
            await asyncio.sleep(fault.seconds)

    async def _cut(self, fault: Fault) -> None:
        """Connections break, one after the other."""
        end = asyncio.get_running_loop().time() + fault.seconds
        while asyncio.get_running_loop().time() < end:
            self._crew.cut()
            await asyncio.sleep(CUT_PAUSE)


async def _halt(service: Node | MariaDB | RedisServer, seconds: float) -> None:
    """It answers nothing for so long."""
    await asyncio.to_thread(service.stop)
    try:
        await asyncio.sleep(seconds)
    finally:
        service.cont()
