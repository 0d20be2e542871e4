"""Nodes of the messenger: real ``run.py`` processes."""

from __future__ import annotations

import http.client
import os
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.services.folder import ServiceFolder
from tests.services.netns import Namespace
from tests.services.ports import PortReservations
from tests.services.process import ServiceProcess
from tests.services.schema import SQLITE, Schema

RUN = Path(__file__).resolve().parents[2] / "run.py"
READY_TIMEOUT = 60.0
"""Seconds that a node may take until ``/readyz`` says 200."""
DRAIN_TIMEOUT = 30.0
"""Seconds that a node may take to end after SIGTERM."""

RELAY_SPAN = 65
"""The relay's port and those after it that its nodes send from."""


class Node:
    """One ``run.py`` with a port, a data folder and a log of its own; they outlive its restarts.

    Port, address and data folder are given by the environment (``IM_HTTP_PORT`` and so on), which
    else holds nothing of the messenger but what the test gives.
    """

    def __init__(
        self,
        ports: PortReservations,
        args: Sequence[str],
        env: Mapping[str, str],
        *,
        program: Path,
        namespace: Namespace | None = None,
        data: Path | None = None,
    ) -> None:
        self._ports = ports
        self._folder = ServiceFolder("node")
        self.host = namespace.address if namespace else "127.0.0.1"
        self.port = ports.reserve()
        self.data = data or self._folder.path / "data"
        self.data.mkdir(exist_ok=True)
        own = {
            "IM_HTTP_ADDRESS": self.host,
            "IM_HTTP_PORT": str(self.port),
            "IM_NODE_DATA_DIR": str(self.data),
            "PYTHONUNBUFFERED": "1",
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("IM_")}
        self.process = ServiceProcess(
            [
                sys.executable,
                str(program),
                *args,
            ],
            log=self._folder.path / "log",
            environment={**inherited, **own, **env, **self._folder.environment},
            cwd=self._folder.path,
            prefix=namespace.prefix if namespace else (),
        )

    @property
    def url(self) -> str:
        """``http://HOST:PORT``, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        """``ws://HOST:PORT``, without a slash at the end."""
        return f"ws://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        """What the node wrote since its first start."""
        return self.process.log

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process.running

    def start(self, *, wait: bool = True) -> None:
        """Start the process; with ``wait``, return when ``/readyz`` says 200."""
        self.process.start()
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout: float = READY_TIMEOUT) -> None:
        """Return when ``/readyz`` says 200; else raises ``ServiceFailed`` with the log."""
        self.process.wait_ready(self.ready, timeout)

    def ready(self) -> bool:
        """Whether ``/readyz`` says 200 now."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/readyz", timeout=10) as response:
                return bool(response.status == 200)
        except (OSError, http.client.HTTPException):
            return False

    def stop(self) -> None:
        """SIGSTOP to the node and its workers: sockets stay open, nothing answers."""
        self.process.stop()

    def cont(self) -> None:
        """SIGCONT: go on after ``stop``."""
        self.process.cont()

    def kill9(self) -> None:
        """SIGKILL to the node and its workers."""
        self.process.kill9()

    def terminate(self, timeout: float = DRAIN_TIMEOUT) -> int:
        """SIGTERM, wait for the drain to end; returns the exit code."""
        return self.process.terminate(timeout)

    def restart(self, *, kill: bool = False, wait: bool = True) -> None:
        """End it (``kill``: by SIGKILL) and start it again on the same port and data."""
        if kill:
            self.kill9()
        elif self.running:
            self.terminate()
        self.start(wait=wait)

    def close(self) -> None:
        """Kill it and remove its files."""
        self.process.kill9()
        self._folder.close()
        self._ports.release(self.port)


class NodeFactory:
    """Makes nodes for one test; the ``node`` fixture.

    They share a relay port that no other test has, so the nodes of two tests never hear each other.
    """

    def __init__(
        self, ports: PortReservations, program: Path = RUN, schema: Schema | None = None
    ) -> None:
        self._ports = ports
        self._program = program
        self._schema = schema
        self._relay_port: int | None = None
        self.nodes: list[Node] = []

    def __call__(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        namespace: Namespace | None = None,
        data: Path | None = None,
        start: bool = True,
        wait: bool = True,
    ) -> Node:
        """A node started with ``run.py *args`` on a port and with a data folder of its own.

        ``env`` adds to its environment; ``namespace`` places it there, on the namespace's address;
        ``data`` is a data folder that exists already (and isn't removed); ``start=False`` leaves
        the start to the test, ``wait=False`` returns before ``/readyz`` says 200.
        """
        if self._relay_port is None:
            self._relay_port = self._ports.reserve(RELAY_SPAN)
        env = {"IM_RELAY_PORT": str(self._relay_port), **(env or {})}
        node = Node(self._ports, args, env, program=self._program, namespace=namespace, data=data)
        self.nodes.append(node)
        url = env.get("IM_DATABASE_URL", f"{SQLITE}{node.data / 'im.db'}")
        if self._schema and url.startswith(SQLITE) and "--database" not in args:
            self._schema.copy(Path(url.removeprefix(SQLITE)))
        if start:
            node.start(wait=wait)
        return node

    def logs(self) -> list[tuple[str, str]]:
        """Heading and log of each node, for the report of a failure."""
        return [(f"log of node {n.url} (pid {_pid(n)})", n.log) for n in self.nodes]

    def close(self) -> None:
        """Kill every node and remove their files."""
        for node in self.nodes:
            node.close()
        self.nodes.clear()
        if self._relay_port is not None:
            for port in range(self._relay_port, self._relay_port + RELAY_SPAN):
                self._ports.release(port)
            self._relay_port = None


NODES = pytest.StashKey[NodeFactory]()
"""Where the report of a failed test finds its nodes' logs."""


def _pid(node: Node) -> str:
    return str(node.process.pid) if node.process.returncode is not None or node.running else "-"
