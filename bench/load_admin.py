"""An administrator who looks at a node again and again, in a process of their own.

    echo TOKEN | python -m bench.load_admin PORT SECONDS

What is measured is the node then, and not how busy the process is in which everyone else writes. It
says ``ready`` when its socket is there, begins with the next line, and ends with what it has seen.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from bench.load_socket import Frame, Socket, call

ROOT = Path(__file__).resolve().parent.parent
LOOK_SECONDS = 0.25
"""Between two looks."""
GIVE_UP_SECONDS = 10.0
READY = b"ready\n"


class Seen(msgspec.Struct):
    """What an administrator saw.

    Attributes:
        pages, frames: ms until each was answered.
        unanswered: how many were not, or with something else.
    """

    pages: list[float]
    frames: list[float]
    unanswered: int = 0


@asynccontextmanager
async def looking_on(
    port: int, token: str, seconds: float
) -> AsyncIterator[Callable[[], Awaitable[Seen]]]:
    """An administrator who looks at a node for so long from now on; ended at the end.

    Gives a call that waits until that time is over, for what they saw.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load_admin", str(port), str(seconds)),
        stdin=pipe,
        stdout=pipe,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    async def seen() -> Seen:
        output, _ = await process.communicate()
        return msgspec.json.decode(output, type=Seen)

    try:
        process.stdin.write(token.encode() + b"\n")
        if await process.stdout.readline() != READY:
            raise RuntimeError("the administrator was not let in")
        process.stdin.write(b"\n")
        yield seen
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Admin:
    """Asks for a page, and for a frame on a socket; ``seen`` is filled."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._answer: asyncio.Future[Frame] | None = None
        self.seen = Seen([], [])

    async def look(self, seconds: float) -> None:
        """For so long; the socket is there before the first line of input after the token."""
        socket = await Socket.connect(self._port, self._token, self._hear, self._gone)
        try:
            sys.stdout.buffer.write(READY)
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.readline)
            end = time.monotonic() + seconds
            await asyncio.gather(self._ask(socket, end), self._read(end))
        finally:
            socket.close()

    async def _ask(self, socket: Socket, end: float) -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            self._answer = asyncio.get_running_loop().create_future()
            socket.send({"op": "conversations", "id": 1, "limit": 20})
            try:
                async with asyncio.timeout(GIVE_UP_SECONDS):
                    answered = (await self._answer).op == "ok"
            except TimeoutError:
                answered = False
            self._note(self.seen.frames, began, answered)
            await asyncio.sleep(LOOK_SECONDS)

    async def _read(self, end: float) -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                async with asyncio.timeout(GIVE_UP_SECONDS):
                    status, _ = await call(self._port, "GET", "/api/admin/nodes", token=self._token)
            except (TimeoutError, OSError):
                status = 0
            self._note(self.seen.pages, began, status == 200)
            await asyncio.sleep(LOOK_SECONDS)

    def _note(self, times: list[float], began: float, answered: bool) -> None:
        if answered:
            times.append((time.monotonic() - began) * 1000)
        else:
            self.seen.unanswered += 1

    def _hear(self, frame: Frame) -> None:
        if frame.id == 1 and self._answer is not None and not self._answer.done():
            self._answer.set_result(frame)

    def _gone(self) -> None:
        self.seen.unanswered += 1


def main() -> None:
    """Look on."""
    port, seconds = sys.argv[1:]
    admin = Admin(int(port), sys.stdin.readline().strip())
    asyncio.run(admin.look(float(seconds)))
    sys.stdout.buffer.write(msgspec.json.encode(admin.seen))


if __name__ == "__main__":
    main()
