"""What this machine says of its own network: interfaces, and datagrams that it dropped."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Final

from relay.bus import BusError
from relay.interfaces import Interface, choose_interface
from relay.sockets import UNICAST_PORTS

_TABLES: Final = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
"""Linux's UDP sockets (proc(5)): second column address:port in hex, last column drops."""


def all_interfaces(group: str) -> tuple[Interface, ...]:
    """All interfaces that are up and have an address; those that a relay could use."""
    found: list[Interface] = []
    for _, name in socket.if_nameindex():
        with contextlib.suppress(BusError):
            found.append(choose_interface(name, group))
    return tuple(found)


def kernel_drops(port: int) -> int:
    """Datagrams dropped so far at all open sockets of the relay's ports, of any program.

    0 where the system doesn't tell.
    """
    return sum(_drops(path, port) for path in _TABLES)


def _drops(path: Path, port: int) -> int:
    try:
        lines = path.read_text("ascii").splitlines()[1:]
    except OSError:
        return 0
    total = 0
    for line in lines:
        columns = line.split()
        if port <= int(columns[1].rpartition(":")[2], 16) <= port + UNICAST_PORTS:
            total += int(columns[-1])
    return total
