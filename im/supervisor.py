"""Several nodes behind one port: starts them, starts again whichever dies, ends them together."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 30.0
"""A worker that ran this long before it died is started again without a longer pause."""
GRACE_SECONDS = 3.0
PR_SET_PDEATHSIG = 1

log = logging.getLogger("im.supervisor")


class Supervisor:
    """Keeps ``count`` processes running.

    Args:
        command: what to run; the worker's number is appended.
        drain_seconds: how long a worker may take to end.
    """

    def __init__(self, command: Sequence[str], count: int, drain_seconds: float) -> None:
        self._command = list(command)
        self._count = count
        self._drain_seconds = drain_seconds
        self._stopping = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT, then end all workers; the exit status for this program.

        When a worker refuses its very first start it would refuse the next ones as well: then all
        end, with its status.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        await asyncio.gather(*(self._keep(worker) for worker in range(self._count)))
        return self._status

    async def _keep(self, worker: int) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        first = True
        while not self._stopping.is_set():
            started = loop.time()
            process = await asyncio.create_subprocess_exec(
                *self._command, str(worker), preexec_fn=_die_with_parent, start_new_session=True
            )
            log.info("worker %d runs as process %d", worker, process.pid)
            gone = loop.create_task(process.wait())
            stopping = loop.create_task(self._stopping.wait())
            await asyncio.wait([gone, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not gone.done():
                await self._end(process)
                return
            status = gone.result()
            log.error("worker %d ended with status %d", worker, status)
            steady = loop.time() - started > STEADY_SECONDS
            if first and status > 0 and not steady and not self._stopping.is_set():
                self._status = status
                self._stopping.set()
            first = False
            pause = FIRST_PAUSE if steady else pause
            try:
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            except TimeoutError:
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        process.terminate()
        try:
            async with asyncio.timeout(self._drain_seconds + GRACE_SECONDS):
                await process.wait()
        except TimeoutError:
            log.error("process %d does not end: killed", process.pid)
            process.kill()
            await process.wait()


def worker_command(arguments: Sequence[str]) -> list[str]:
    """The command that runs this program again as a worker, but for the worker's number."""
    return [sys.executable, os.path.abspath(sys.argv[0]), *arguments, "--worker"]


def hold_port(address: str) -> socket.socket:
    """A free port that workers can share, not listened on; nobody else gets it while it is open.

    Raises ``OSError``.
    """
    family, kind, protocol, _, place = socket.getaddrinfo(
        address or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    held = socket.socket(family, kind, protocol)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(place)
    except OSError:
        held.close()
        raise
    return held


def _die_with_parent() -> None:
    """A worker without its supervisor would hold the port for nobody (Linux: prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
