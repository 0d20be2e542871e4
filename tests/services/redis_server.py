"""A private Redis server."""

from __future__ import annotations

import os
import shutil

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.services.folder import ServiceFolder
from tests.services.ports import PortReservations
from tests.services.process import ServiceFailed, ServiceProcess

START_TIMEOUT = 20.0


class RedisServer:
    """One ``redis-server`` on a free port of 127.0.0.1, in memory only."""

    def __init__(self, ports: PortReservations) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if not program:
            raise ServiceFailed("redis-server is not installed: Debian and Ubuntu have it")
        self._ports = ports
        self._folder = ServiceFolder("redis")
        self.host = "127.0.0.1"
        self.port = ports.reserve()
        self.process = ServiceProcess(
            [
                program,
                *("--bind", self.host),
                *("--port", str(self.port)),
                *("--dir", str(self._folder.path)),
                *("--save", ""),
                *("--appendonly", "no"),
                *("--daemonize", "no"),
            ],
            log=self._folder.path / "log",
            environment={**os.environ, **self._folder.environment},
        )

    @property
    def url(self) -> str:
        """``redis://127.0.0.1:PORT/0``."""
        return f"redis://{self.host}:{self.port}/0"

    def start(self) -> None:
        """Start it and return when it answers."""
        self.process.start()
        self.process.wait_ready(self._answers, START_TIMEOUT)

    def client(self) -> redis.Redis:
        """A blocking client without retries; the caller closes it."""
        return redis.Redis(
            host=self.host,
            port=self.port,
            socket_timeout=5,
            socket_connect_timeout=5,
            retry=Retry(NoBackoff(), 0),
        )

    def flush(self) -> None:
        """Forget every key."""
        with self.client() as client:
            client.flushall()

    def stop(self) -> None:
        """SIGSTOP: connections stay open, nothing answers. ``cont`` goes on."""
        self.process.stop()

    def cont(self) -> None:
        """SIGCONT: go on after ``stop``."""
        self.process.cont()

    def kill9(self) -> None:
        """SIGKILL; its keys are lost."""
        self.process.kill9()

    def restart(self) -> None:
        """End it if it runs and start it empty on the same port; returns when it answers."""
        if self.process.running:
            self.process.terminate()
        self.start()

    def ensure_running(self) -> None:
        """Bring it back to life whatever a test did to it."""
        self.cont()
        if not self.process.running:
            self.start()

    def close(self) -> None:
        """Kill it and remove its files."""
        self.process.kill9()
        self._folder.close()
        self._ports.release(self.port)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
