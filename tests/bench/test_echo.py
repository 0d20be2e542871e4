"""The echo server that is held against the Autobahn test suite."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.services.node import RUN
from tests.services.ports import PortReservations
from tests.services.process import ServiceProcess


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_it_gives_back_texts_and_bytes(
    ports: PortReservations, tmp_path: Path, scheme: str
) -> None:
    port = ports.reserve()
    command = [sys.executable, "-m", "bench.echo", "--port", str(port)]
    command += ["--tls"] if scheme == "wss" else []
    log = tmp_path / "echo.log"
    server = ServiceProcess(command, log=log, environment=os.environ, cwd=RUN.parent)
    context = ssl._create_unverified_context() if scheme == "wss" else None  # noqa: S323

    async def echo() -> None:
        async with connect(f"{scheme}://127.0.0.1:{port}", ssl=context, max_size=None) as client:
            for message in ("héllo", b"\x00\xff" * 100_000, ""):
                await client.send(message)
                assert await asyncio.wait_for(client.recv(), 10) == message

    server.start()
    try:
        server.wait_ready(lambda: "ready on" in log.read_text(), 30)
        asyncio.run(echo())
    finally:
        server.stop()
