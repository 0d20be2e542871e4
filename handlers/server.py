"""One node: its sockets, from ready to drained."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from collections.abc import Callable
from contextlib import suppress

from tornado.httpserver import HTTPServer

from handlers.application import HOME, make_application, make_metrics_application
from handlers.assets import Assets
from handlers.port import Port, http_server
from handlers.sentences import sentence_files
from im.app import Listening, Messenger, open_messenger
from im.interpreter import settle_in
from im.ports import Ports
from im.settings import Settings
from im.store.errors import UnusableDatabase
from im.wire.descriptors import FOR_NEWCOMERS, raise_limit, room
from im.wire.neighbours import Neighbours

LAST_FRAMES_SECONDS = 0.1
"""Time for frames that have arrived already to be read."""
CLOSE_SLICE = 500
"""Sockets that are closed at once while draining."""

log = logging.getLogger("im.server")


class Server:
    """A node that listens. ``serve`` runs until the process is told to end.

    Args:
        ports: what it listens on.
        worker: its number under a supervisor.
    """

    def __init__(self, settings: Settings, ports: Ports, worker: int = 0) -> None:
        self._settings = settings
        self._ports = ports
        self._worker = worker
        self._stop = asyncio.Event()
        self.messenger: Messenger | None = None

    async def serve(self, ready: Callable[[], None]) -> None:
        """Open, be ready, and drain at SIGTERM or SIGINT; a second one ends at once.

        It drains as well when a newer program has migrated the database. ``ready()`` is called when
        people can come. Raises ``BusError``, ``UnusableDatabase``, ``ValueError`` or
        ``Unavailable``.
        """
        settings = self._settings
        listening = Listening(
            address=settings.http.address,
            port=self._ports.number,
            metrics_port=self._ports.metrics_number,
            worker=self._worker,
        )
        messenger = await open_messenger(settings, listening)
        self.messenger = messenger
        self._limit_sockets(messenger)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop)
        if settings.tls.cert is not None:
            # Without files it ends a node that runs alone, as when its terminal is closed.
            loop.add_signal_handler(signal.SIGHUP, messenger.certificates.reload_soon)
        try:
            await messenger.start()
            assets = Assets(HOME / "static", sentence_files(messenger.catalogue))
            application = make_application(messenger, assets)
            port = Port(messenger, application, self._ports.http)
            port.start()
            neighbours = Neighbours(self._ports.others, port.take, port.has_room)
            neighbours.start()
            metrics = http_server(make_metrics_application(messenger))
            metrics.add_sockets(self._ports.metrics)
            settle_in()
            log.info(
                "node %s is ready on port %d%s",
                messenger.node,
                listening.port,
                f", figures on port {listening.metrics_port}" if listening.metrics_port else "",
            )
            ready()
            unusable = await self._until_told(messenger)
            await self._drain(messenger, port, neighbours, metrics)
            if unusable is not None:
                raise unusable
        finally:
            await messenger.close()
            log.info("node %s has ended", messenger.node)

    def _limit_sockets(self, messenger: Messenger) -> None:
        """Take no more sockets than there are descriptors: without one nobody can come."""
        http = self._settings.http
        wanted, descriptors = http.max_connections, raise_limit()
        others = FOR_NEWCOMERS + http.max_http_connections
        most = room(wanted, descriptors - min(others, descriptors // 4))
        messenger.capacity.limit(most)
        if most < wanted:
            log.warning(
                "at most %d sockets instead of %d: the system allows %d open files (ulimit -n)",
                *(most, wanted, descriptors),
            )

    async def _until_told(self, messenger: Messenger) -> UnusableDatabase | None:
        """Return when the node is to end, and why if not because it was told to.

        Raises ``BusError`` if the others don't take it in.
        """
        finding = asyncio.create_task(messenger.bus.ready())
        told = asyncio.create_task(self._stop.wait())
        unusable = asyncio.create_task(messenger.register.unusable())
        ends = [told, unusable]
        try:
            # People can come while the nodes find each other: healing brings what the bus cannot.
            await asyncio.wait([finding, *ends], return_when=asyncio.FIRST_COMPLETED)
            if finding.done():
                finding.result()
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            return unusable.result() if unusable.done() else None
        finally:
            for task in (finding, *ends):
                task.cancel()

    def _told_to_stop(self) -> None:
        if self._stop.is_set():
            log.warning("told twice to end: ending at once")
            raise SystemExit(1)
        self._stop.set()

    async def _drain(
        self, messenger: Messenger, port: Port, neighbours: Neighbours, metrics: HTTPServer
    ) -> None:
        """Accept nothing new, tell everyone to come back, close, and wait until they are gone."""
        seconds = self._settings.node.drain_seconds
        log.info("draining: %d sockets, at most %.1f s", len(messenger.connections), seconds)
        messenger.draining = True
        port.stop()
        neighbours.close()
        metrics.stop()
        self._ports.close()
        end = asyncio.get_running_loop().time() + seconds
        # What was sent before is answered first, and nothing is taken that could not be answered.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds / 2):
                await asyncio.sleep(LAST_FRAMES_SECONDS)
                messenger.sockets.listening = False
                await messenger.sockets.idle()
                await messenger.messages.close()
        messenger.sockets.listening = False
        connections = list(messenger.connections)
        for number, connection in enumerate(connections, 1):
            wait = random.randrange(500, 500 + 2 * max(len(connections), 250))  # noqa: S311
            connection.farewell(wait)
            if number % CLOSE_SLICE == 0:
                await asyncio.sleep(0)
        try:
            async with asyncio.timeout_at(end):
                await messenger.connections.empty()
        except TimeoutError:
            log.warning("%d sockets did not close in time", len(messenger.connections))
        for connection in list(messenger.connections):
            connection.abort()
        await port.close()
        await metrics.close_all_connections()
