"""Queues of other workers are looked after when nobody serves them, and only then."""

from __future__ import annotations

import asyncio
import socket

from im.wire.neighbours import MOST, Neighbours
from tests.cluster.wait import until


def has_room() -> bool:
    """There is room."""
    return True


def test_all_who_wait_in_a_queue_that_nobody_serves_are_taken_in() -> None:
    async def run() -> None:
        taken: list[socket.socket] = []
        with socket.create_server(("127.0.0.1", 0), backlog=3 * MOST) as left:
            left.setblocking(False)
            neighbours = Neighbours(
                [left], lambda connected, address: taken.append(connected), has_room
            )
            neighbours.start()
            calling = [socket.create_connection(left.getsockname()) for _ in range(2 * MOST + 1)]
            await until(lambda: len(taken) == len(calling), 10, "everyone")
            assert neighbours.taken == len(calling)
            for each in (*calling, *taken):
                each.close()
            neighbours.close()

    asyncio.run(run())


def test_a_queue_that_is_served_is_left_alone() -> None:
    async def run() -> None:
        neighbours_took: list[socket.socket] = []
        served = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal served
            served += 1
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        listening = server.sockets[0]
        with socket.socket(fileno=socket.dup(listening.fileno())) as shared:
            neighbours = Neighbours(
                [shared], lambda found, address: neighbours_took.append(found), has_room
            )
            neighbours.start()
            ends = asyncio.get_running_loop().time() + 1.0
            while asyncio.get_running_loop().time() < ends:
                reader, writer = await asyncio.open_connection(*listening.getsockname())
                await reader.read()
                writer.close()
            neighbours.close()
        server.close()
        assert served and not neighbours_took

    asyncio.run(run())


def test_nobody_is_taken_in_where_there_is_no_room() -> None:
    async def run() -> None:
        taken: list[socket.socket] = []
        with socket.create_server(("127.0.0.1", 0), backlog=MOST) as left:
            left.setblocking(False)
            neighbours = Neighbours(
                [left],
                lambda connected, address: taken.append(connected),
                lambda: len(taken) < 3,
            )
            neighbours.start()
            calling = [socket.create_connection(left.getsockname()) for _ in range(5)]
            await until(lambda: len(taken) == 3, 10, "three")
            await asyncio.sleep(0.1)
            assert len(taken) == 3
            for each in (*calling, *taken):
                each.close()
            neighbours.close()

    asyncio.run(run())
