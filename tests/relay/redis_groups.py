"""Redis servers that belong together: a Cluster of three masters, a master with a sentinel."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator

import redis

from relay.redis_address import key_slot
from tests.services.folder import ServiceFolder
from tests.services.ports import PortReservations
from tests.services.process import ServiceProcess, wait_until

SLOTS = 16384
MASTERS = 3


class Server:
    """One server of a group, on 127.0.0.1, in a folder of its own."""

    def __init__(self, ports: PortReservations, *options: str) -> None:
        self.folder = ServiceFolder("redis")
        self.port = ports.reserve()
        self.process = ServiceProcess(
            [
                shutil.which("redis-server") or "valkey-server",
                *options,
                *("--bind", "127.0.0.1"),
                *("--port", str(self.port)),
                *("--dir", str(self.folder.path)),
                *("--save", ""),
            ],
            log=self.folder.path / "log",
            environment={**os.environ, **self.folder.environment},
        )

    def start(self) -> Server:
        self.process.start()
        self.process.wait_ready(self._answers, 20)
        return self

    def call(self, *words: str | int) -> object:
        with redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=5) as client:
            return client.execute_command(*words)

    def close(self) -> None:
        self.process.kill9()
        self.folder.close()

    def _answers(self) -> bool:
        try:
            return bool(self.call("PING"))
        except redis.RedisError:
            return False


class Cluster:
    """Three masters that share all slots, and perhaps a replica of each behind them."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{s.port}" for s in self.servers)

    def move(self, channel: str) -> None:
        """Let another master serve the channel's slot."""
        slot = key_slot(channel.encode())
        ids = [server.call("CLUSTER", "MYID") for server in self.servers]
        owner = slot * len(ids) // SLOTS
        new = ids[(owner + 1) % len(ids)]
        assert isinstance(new, bytes)
        # The new master first, as when a slot is moved by hand.
        for step in range(len(ids)):
            server = self.servers[(owner + 1 + step) % len(ids)]
            server.call("CLUSTER", "SETSLOT", slot, "NODE", new.decode())


@contextlib.contextmanager
def redis_cluster(
    ports: PortReservations, *configuration: str, replicas: bool = False
) -> Iterator[Cluster]:
    """``configuration``: the servers' words before those that make it a cluster."""
    servers: list[Server] = []
    meeting = 0
    try:
        for number in range(2 * MASTERS if replicas else MASTERS):
            bus = ports.reserve()
            meeting = meeting or bus
            options = (*configuration, "--cluster-enabled", "yes", "--cluster-port", str(bus))
            servers.append(Server(ports, *options).start())
            if number < MASTERS:
                first, last = (SLOTS * n // MASTERS for n in (number, number + 1))
                servers[-1].call("CLUSTER", "ADDSLOTSRANGE", first, last - 1)
            servers[-1].call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number:
                servers[-1].call("CLUSTER", "MEET", "127.0.0.1", servers[0].port, meeting)
        wait_until(lambda: all(map(_is_whole, servers)), timeout=20, what="the whole cluster")
        for master, replica in zip(servers, servers[MASTERS:], strict=False):
            replica.call("CLUSTER", "REPLICATE", str(master.call("CLUSTER", "MYID"), "ascii"))  # type: ignore[call-overload]
        for replica in servers[MASTERS:]:
            wait_until(lambda r=replica: _follows(r), timeout=30, what="a replica")  # type: ignore[misc]
        yield Cluster(servers)
    finally:
        for server in servers:
            server.close()


def _is_whole(server: Server) -> bool:
    slots = server.call("CLUSTER", "SLOTS")
    return "cluster_state:ok" in str(server.call("CLUSTER", "INFO")) and len(slots) == MASTERS  # type: ignore[arg-type]


def _follows(replica: Server) -> bool:
    return b"connected" in replica.call("ROLE")  # type: ignore[operator]


class Sentinel:
    """A master, its replica, and one sentinel that decides alone."""

    def __init__(self, master: Server, replica: Server, sentinel: Server) -> None:
        self.master, self.replica, self.sentinel = master, replica, sentinel

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self.sentinel.port}/relay-test"


@contextlib.contextmanager
def redis_sentinel(ports: PortReservations) -> Iterator[Sentinel]:
    with contextlib.ExitStack() as stack:
        master = Server(ports).start()
        stack.callback(master.close)
        quick = ("--repl-diskless-sync-delay", "0")
        replica = Server(ports, *quick, "--replicaof", f"127.0.0.1 {master.port}").start()
        stack.callback(replica.close)
        configuration = ServiceFolder("sentinel")
        stack.callback(configuration.close)
        file = configuration.path / "sentinel.conf"
        file.write_text(
            f"sentinel monitor relay-test 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds relay-test 500\n"
            "sentinel failover-timeout relay-test 5000\n"
        )
        sentinel = Server(ports, str(file), "--sentinel")
        stack.callback(sentinel.close)
        sentinel.start()
        deadline = time.monotonic() + 20
        while not sentinel.call("SENTINEL", "REPLICAS", "relay-test"):
            assert time.monotonic() < deadline, "the sentinel does not see the replica"
            time.sleep(0.1)
        yield Sentinel(master, replica, sentinel)
