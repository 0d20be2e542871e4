"""Machines of a small LAN: network namespaces joined by a bridge (Linux, root)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from tests.services.folder import ServiceFolder
from tests.services.interfaces import interfaces_change
from tests.services.process import ServiceProcess, wait_until

PREFIX = "imt"
"""Namespaces and links of tests are named imtNNN…, NNN the number of their network."""
NETWORKS = 200
"""Networks that may exist at once on this machine: 10.213.0.0/24 and up."""
HOST_NUMBER = 254
"""Last byte of the address by which the test process itself is on a network."""


class Namespace:
    """One machine of a ``Network``: its own interfaces, addresses and packet filter.

    ``eth0`` has ``address``; there is a default route by the test process's address.
    """

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    @property
    def prefix(self) -> list[str]:
        """Words before a command that make it run here."""
        return ["ip", "netns", "exec", self.name]

    def run(self, *command: str) -> str:
        """Run a short command here; its output. Raises ``CalledProcessError`` if it fails."""
        return _run(*self.prefix, *command)

    def drop(self, percent: int) -> None:
        """Lose this share of all UDP datagrams that arrive here, at random; 0 ends it."""
        self.run("nft", "flush", "chain", "ip", "im", "loss")
        if percent:
            share = f"numgen random mod 100 < {percent}" if percent < 100 else ""
            words = f"ip protocol udp {share} counter drop"
            self.run("nft", "add", "rule", "ip", "im", "loss", *words.split())

    @property
    def dropped(self) -> int:
        """Datagrams lost since ``drop`` was called."""
        rules = self.run("nft", "list", "chain", "ip", "im", "loss")
        return sum(int(count) for count in re.findall(r"counter packets (\d+)", rules))

    def block(self, others: Iterable[Namespace | str]) -> None:
        """Hear nothing more from these machines or addresses. The way to them stays open."""
        for other in others:
            address = other if isinstance(other, str) else other.address
            words = f"ip saddr {address} drop"
            self.run("nft", "add", "rule", "ip", "im", "blocks", *words.split())

    def unblock(self) -> None:
        """Hear everybody again."""
        self.run("nft", "flush", "chain", "ip", "im", "blocks")

    def filter(self, rule: str) -> None:
        """Add a rule of nft to what arrives here, such as ``ip daddr 224.0.0.0/4 drop``."""
        self.run("nft", "add", "rule", "ip", "im", "blocks", *rule.split())

    def unplug(self) -> None:
        """Take the cable out."""
        self.run("ip", "link", "set", "eth0", "down")

    def plug(self) -> None:
        """Put the cable in again; the default route, which went with it, too."""
        self.run("ip", "link", "set", "eth0", "up")
        gateway = self.address.rpartition(".")[0] + f".{HOST_NUMBER}"
        self.run("ip", "route", "replace", "default", "via", gateway)


class Forwarder:
    """Carries TCP from an address of a network to a server that only listens on 127.0.0.1.

    A machine of the network reaches the tests' MariaDB or Redis by it. ``stop`` and ``kill9`` cut
    that server off for the whole network, and only for it. With a pattern it is a firewall before
    MariaDB, see ``refuse.py``.
    """

    def __init__(self, listen: str, port: int, pattern: str = "") -> None:
        self._folder = ServiceFolder("forward")
        self.address = listen
        self.port = port
        program = "refuse.py" if pattern else "forward.py"
        words = [listen, str(port), *([pattern] if pattern else [])]
        self.process = ServiceProcess(
            [sys.executable, str(Path(__file__).with_name(program)), *words],
            log=self._folder.path / "log",
            environment={**os.environ, **self._folder.environment},
        )

    def start(self) -> None:
        """Start it; returns when it listens."""
        seen = len(self.process.log)
        self.process.start()
        self.process.wait_ready(lambda: "listening" in self.process.log[seen:], timeout=10)

    def refuse(self) -> None:
        """Refuse the statements that match the pattern; returns when it does."""
        self._tell(signal.SIGUSR1, "refusing")

    def admit(self) -> None:
        """Let all statements through again; returns when it does."""
        self._tell(signal.SIGUSR2, "admitting")

    @property
    def refused(self) -> int:
        """Statements that were refused so far."""
        return self.process.log.count("refused")

    def stop(self) -> None:
        """Carry nothing, connections stay open. ``cont`` goes on."""
        self.process.stop()

    def cont(self) -> None:
        """Go on after ``stop``."""
        self.process.cont()

    def kill9(self) -> None:
        """Break every connection and refuse new ones, until ``start``."""
        self.process.kill9()

    def close(self) -> None:
        """End it and remove its files."""
        self.process.kill9()
        self._folder.close()

    def _tell(self, number: signal.Signals, answer: str) -> None:
        seen = len(self.process.log)
        self.process.signal(number)
        self.process.wait_ready(lambda: answer in self.process.log[seen:], timeout=10)


class Network:
    """Machines on one LAN, 10.213.N.1 and up; the test process is 10.213.N.254.

    A context manager. The bridge lies in a namespace of its own, so no packet filter of this
    machine stands between the machines.
    """

    def __init__(self, machines: int) -> None:
        if not 1 <= machines < HOST_NUMBER:
            raise ValueError(f"a network has 1 to {HOST_NUMBER - 1} machines")
        self.number, self._lock = _take_number()
        self._id = f"{PREFIX}{self.number:03d}"
        self.host_address = f"10.213.{self.number}.{HOST_NUMBER}"
        self.machines: list[Namespace] = []
        self._forwarders: list[Forwarder] = []
        try:
            with interfaces_change():
                _remove(self._id)
                self._build(machines)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Network:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def forward(self, port: int, pattern: str = "") -> Forwarder:
        """Let the machines reach 127.0.0.1:``port`` of the test process at ``host_address``.

        ``pattern``: it can refuse the SQL statements that match it.
        """
        forwarder = Forwarder(self.host_address, port, pattern)
        self._forwarders.append(forwarder)
        forwarder.start()
        return forwarder

    def partition(self, *groups: Sequence[Namespace]) -> None:
        """Each group hears itself alone (and the test process); ``heal`` ends it."""
        for group in groups:
            for machine in group:
                machine.block(other for o in groups if o is not group for other in o)

    def heal(self) -> None:
        """End every block, loss and unplugged cable."""
        for machine in self.machines:
            machine.unblock()
            machine.drop(0)
            machine.plug()

    def close(self) -> None:
        """Kill what still runs in the namespaces, remove them. Safe to call twice."""
        if self._lock is None:
            return
        for forwarder in self._forwarders:
            forwarder.close()
        self._forwarders.clear()
        with interfaces_change():
            _remove(self._id)
        os.close(self._lock)
        self._lock = None

    def _build(self, machines: int) -> None:
        switch = f"{self._id}sw"
        _run("ip", "netns", "add", switch)
        _run("ip", "-n", switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        _run("ip", "-n", switch, "link", "set", "br0", "up")
        host = f"{self._id}h"
        self._join(switch, host, "host")
        ipv6 = Path(f"/proc/sys/net/ipv6/conf/{host}/disable_ipv6")
        if ipv6.exists():
            # An address of its own would come 1 to 2 s later, when browsers may be loading again.
            ipv6.write_text("1")
        _run("ip", "addr", "add", f"{self.host_address}/24", "brd", "+", "dev", host)
        _run("ip", "link", "set", host, "up")
        for number in range(1, machines + 1):
            machine = Namespace(f"{self._id}m{number}", f"10.213.{self.number}.{number}")
            _run("ip", "netns", "add", machine.name)
            self.machines.append(machine)
            self._join(switch, f"{self._id}p{number}", f"port{number}")
            _run("ip", "link", "set", f"{self._id}p{number}", "netns", machine.name)
            machine.run("ip", "link", "set", "lo", "up")
            machine.run("ip", "link", "set", f"{self._id}p{number}", "name", "eth0")
            machine.run("ip", "addr", "add", f"{machine.address}/24", "brd", "+", "dev", "eth0")
            machine.plug()
            machine.run("nft", "add", "table", "ip", "im")
            for chain in ("loss", "blocks"):
                hook = "{ type filter hook input priority 0 ; }"
                machine.run("nft", "add", "chain", "ip", "im", chain, hook)
        wait_until(self._carries, what="the bridge of the test network")

    def _join(self, switch: str, end: str, port: str) -> None:
        """A cable from ``end``, here, to the bridge."""
        _run(*f"ip link add {end} type veth peer name {port} netns {switch}".split())
        _run("ip", "-n", switch, "link", "set", port, "master", "br0", "up")

    def _carries(self) -> bool:
        states = _run("ip", "-n", f"{self._id}sw", "-o", "link", "show", "master", "br0")
        lines = states.splitlines()
        return len(lines) == len(self.machines) + 1 and all("LOWER_UP" in line for line in lines)


def available() -> bool:
    """Whether this process may make networks: root, on Linux."""
    return sys.platform == "linux" and os.geteuid() == 0


def sweep_networks() -> None:
    """Remove the networks that dead test runs left."""
    left = {name[: len(PREFIX) + 3] for name in _namespaces()}
    for network in sorted(left):
        number = network[len(PREFIX) :]
        lock = _lock(int(number)) if number.isdigit() else None
        if lock is not None:
            with interfaces_change():
                _remove(network)
            os.close(lock)


def _take_number() -> tuple[int, int | None]:
    for number in range(NETWORKS):
        lock = _lock(number)
        if lock is not None:
            return number, lock
    raise RuntimeError(f"{NETWORKS} test networks exist already")


def _lock(number: int) -> int | None:
    """The descriptor of a network number's lock; None while another process holds it."""
    path = Path(tempfile.gettempdir()) / f"im-test-network-{number}.lock"
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _namespaces() -> list[str]:
    lines = _run("ip", "netns", "list").splitlines()
    return [line.split()[0] for line in lines if line.startswith(PREFIX)]


def _remove(network: str) -> None:
    """Remove a network's namespaces, with their processes and links, as far as they exist."""
    for name in _namespaces():
        if not name.startswith(network):
            continue
        with contextlib.suppress(subprocess.CalledProcessError):
            for pid in _run("ip", "netns", "pids", name).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), 9)
        with contextlib.suppress(subprocess.CalledProcessError):
            _run("ip", "netns", "delete", name)
    for link in Path("/sys/class/net").glob(f"{network}*"):
        with contextlib.suppress(subprocess.CalledProcessError):
            _run("ip", "link", "delete", link.name)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
