"""Several nodes behind one port: starts them, starts again whichever ends, ends them together.

The listening sockets are the supervisor's and stay open, so nobody who comes is turned away while
a worker is started again.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Sequence
from contextlib import suppress

from im.ports import Place, Ports

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 30.0
"""A worker that ran this long before it died is started again at once."""
READY_SECONDS = 60.0
"""Time for a worker to be ready before it takes the place of another."""
GRACE_SECONDS = 3.0
PR_SET_PDEATHSIG = 1

log = logging.getLogger("im.supervisor")


class Supervisor:
    """Keeps one process for each of ``ports`` running.

    SIGTERM or SIGINT ends all. SIGUSR2 renews all, one after the other: a new process is ready
    before the old one is told to end. SIGHUP is passed on.

    Args:
        command: what to run; the worker's place is appended.
        ports: what each worker listens on.
        drain_seconds: how long a worker may take to end.
    """

    def __init__(
        self, command: Sequence[str], ports: Sequence[Ports], drain_seconds: float
    ) -> None:
        self._ports = list(ports)
        self._stopping = asyncio.Event()
        self._slots = [
            _Slot(command, number, ports, drain_seconds, self._stopping)
            for number in range(len(ports))
        ]
        self._renewing: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """Run until told to end; the exit status for this program.

        When a worker refuses its very first start it would refuse the next ones as well: then all
        end, with its status.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGUSR2, self._renew)
        loop.add_signal_handler(signal.SIGHUP, self._read_again)
        closing = loop.create_task(self._close_ports())
        statuses = await asyncio.gather(*(slot.keep() for slot in self._slots))
        await closing
        return max(statuses)

    async def _close_ports(self) -> None:
        """At the end let nobody come who would find no worker."""
        await self._stopping.wait()
        for ports in self._ports:
            ports.close()

    def _read_again(self) -> None:
        for slot in self._slots:
            slot.signal(signal.SIGHUP)

    def _renew(self) -> None:
        if self._renewing is not None and not self._renewing.done():
            log.warning("told to renew the workers, while they are being renewed")
            return
        self._renewing = asyncio.get_running_loop().create_task(self._renew_all())

    async def _renew_all(self) -> None:
        log.info("renewing %d workers", len(self._slots))
        for slot in self._slots:
            if not await slot.renew():
                log.error("the other workers stay as they are")
                return
        log.info("all workers are renewed")


class _Worker:
    """A running process."""

    def __init__(self, process: asyncio.subprocess.Process, number: int, pipe: int) -> None:
        self.process = process
        self.number = number
        self.started = asyncio.get_running_loop().time()
        self.gone = asyncio.get_running_loop().create_task(process.wait())
        self._pipe = pipe

    async def ready(self) -> bool:
        """Whether people can come to it; False when it ends before."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._pipe, readable.set)
        try:
            await readable.wait()
            return bool(os.read(self._pipe, 1))
        finally:
            loop.remove_reader(self._pipe)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def end(self, seconds: float) -> None:
        """Let it drain, and kill it when that takes too long."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self.gone)
        except TimeoutError:
            log.error("process %d does not end: killed", self.process.pid)
            self.process.kill()
            await self.gone

    def close(self) -> None:
        """Forget it once it is gone."""
        os.close(self._pipe)


class _Slot:
    """The place of one worker, and whoever is there."""

    def __init__(
        self,
        command: Sequence[str],
        number: int,
        ports: Sequence[Ports],
        drain_seconds: float,
        stopping: asyncio.Event,
    ) -> None:
        self._command = list(command)
        self._numbers = (number, number + len(ports))
        """The worker's number, and that of the one that takes its place while it is still there:
        two nodes of one name are refused."""
        self._ports = ports[number]
        self._seconds = drain_seconds + GRACE_SECONDS
        self._stopping = stopping
        self._wanted: asyncio.Future[bool] | None = None
        self._called = asyncio.Event()
        self._workers: set[_Worker] = set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to whoever is here."""
        for worker in self._workers:
            worker.signal(number)

    async def renew(self) -> bool:
        """Put a new process in this place; whether there is one."""
        if self._stopping.is_set():
            return False
        self._wanted = asyncio.get_running_loop().create_future()
        self._called.set()
        return await self._wanted

    async def keep(self) -> int:
        """Keep a worker here until all end; the status with which it refused to start, or 0."""
        worker = await self._start(self._numbers[0])
        pause = 0.0
        first = True
        while True:
            await _first_of(worker.gone, self._called.wait(), self._stopping.wait())
            if self._stopping.is_set():
                await self._end(worker)
                self._answer(False)
                return 0
            if not worker.gone.done():
                worker = await self._replace(worker)
                continue
            status = worker.gone.result()
            log.error("worker %d ended with status %d", worker.number, status)
            self._forget(worker)
            steady = asyncio.get_running_loop().time() - worker.started > STEADY_SECONDS
            if first and status > 0 and not steady:
                self._stopping.set()
                self._answer(False)
                return status
            first = False
            pause = 0.0 if steady else pause
            await _first_of(self._stopping.wait(), asyncio.sleep(pause))
            if self._stopping.is_set():
                self._answer(False)
                return 0
            pause = min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            worker = await self._start(worker.number)

    async def _start(self, number: int) -> _Worker:
        pipe, ready = os.pipe()
        http, others, metrics = (
            [each.fileno() for each in sockets]
            for sockets in (self._ports.http, self._ports.others, self._ports.metrics)
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(Place(number=number, http=http, others=others, metrics=metrics, ready=ready)),
                preexec_fn=_begin,
                start_new_session=True,
                pass_fds=(*http, *others, *metrics, ready),
            )
        except BaseException:
            os.close(pipe)
            raise
        finally:
            os.close(ready)
        log.info("worker %d runs as process %d", number, process.pid)
        worker = _Worker(process, number, pipe)
        self._workers.add(worker)
        return worker

    async def _replace(self, worker: _Worker) -> _Worker:
        """A new process in place of a running one, or that one when the new one is not ready."""
        self._called.clear()
        one, other = self._numbers
        successor = await self._start(other if worker.number == one else one)
        ready = asyncio.create_task(successor.ready())
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                await _first_of(ready, self._stopping.wait())
        if ready.done() and ready.result():
            await self._end(worker)
            self._answer(True)
            return successor
        ready.cancel()
        log.error("worker %d is not ready: worker %d stays", successor.number, worker.number)
        await self._end(successor)
        self._answer(False)
        return worker

    async def _end(self, worker: _Worker) -> None:
        await worker.end(self._seconds)
        self._forget(worker)

    def _forget(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        worker.close()

    def _answer(self, renewed: bool) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            wanted.set_result(renewed)


def worker_command(arguments: Sequence[str]) -> list[str]:
    """The command that runs this program again as a worker, but for the worker's place."""
    return [sys.executable, os.path.abspath(sys.argv[0]), *arguments, "--worker"]


async def _first_of(*waits: Awaitable[object]) -> None:
    """Return when one of these is done; the others are cancelled, unless they are tasks."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task, wait in zip(tasks, waits, strict=True):
            if task is not wait:
                task.cancel()


def _begin() -> None:
    """In the worker's process, before it runs the program."""
    # Until it has a use for it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux":
        # Without its supervisor it would hold the port for nobody: prctl(2).
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
