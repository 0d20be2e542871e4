"""The two sockets of a node: one that hears the group, one that sends and takes repairs."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from relay.bus import BusError
from relay.interfaces import Interface
from relay.peer import Address

Mode: TypeAlias = Literal["multicast", "broadcast", "peers"]

RECEIVE_BUFFER: Final = 4 * 1024 * 1024
"""Bytes of receive buffer that we ask the kernel for."""
DATAGRAM_COST: Final = 2304
"""Bytes of receive buffer that a datagram of up to 1,452 bytes takes on Linux, overhead and all."""
UNICAST_PORTS: Final = 64
"""The unicast socket takes the first free of so many ports after the relay's."""
MTU_HEADROOM: Final = 48
"""Bytes of a packet that are not ours: IPv4 20, UDP 8, and 20 for a tunnel's label or an option."""
MAX_MTU: Final = 1500
"""Larger packets aren't used: loopback would allow them, but they fill a receive buffer badly."""

_IP_MTU_DISCOVER: Final = 10  # linux/in.h, not in the socket module
_IP_PMTUDISC_DO: Final = 2
_IP_MULTICAST_ALL: Final = 49
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("9I")  # the last one counts dropped datagrams


@dataclass
class Endpoint:
    """Open sockets.

    Attributes:
        unicast: sends everything; bound to a port of this node alone.
        group: only receives; None where there is no group.
        destination: where to send what goes to the group; None where there is no group.
        address: the node's own address: what others see as the source.
        receive_buffer: bytes that the kernel gave.
    """

    unicast: socket.socket
    group: socket.socket | None
    destination: Address | None
    address: Address
    receive_buffer: int

    def kernel_drops(self) -> int:
        """Datagrams that the kernel has dropped so far, because a receive buffer was full."""
        return sum(_kernel_drops(opened) for opened in (self.unicast, self.group) if opened)

    def close(self) -> None:
        """Close the sockets."""
        self.unicast.close()
        if self.group is not None:
            self.group.close()


def datagram_size(interface: Interface) -> int:
    """Bytes of UDP payload that go through the interface without IP fragments."""
    return min(interface.mtu, MAX_MTU) - MTU_HEADROOM


def open_endpoint(mode: Mode, group: str, port: int, interface: Interface) -> Endpoint:
    """Open the sockets on ``interface``. Raises ``BusError``."""
    if mode == "peers":
        target = None
    elif mode == "multicast":
        try:
            multicast = ipaddress.IPv4Address(group).is_multicast
        except ValueError:
            multicast = False
        if not multicast:
            raise BusError(f"{group!r} is not an IPv4 multicast group (224.0.0.0/4)")
        target = group
    elif interface.broadcast is None:
        raise BusError(f"interface {interface.name or interface.address!r} has no broadcast")
    else:
        target = interface.broadcast
    unicast = _open_unicast(interface.address, port)
    try:
        unicast.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        _ask_for_buffer(unicast)
        if sys.platform == "linux":
            unicast.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO)
        if mode == "multicast":
            own = socket.inet_aton(interface.address)
            unicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
            unicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            unicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        listening = None if target is None else _open_group(mode, target, port, interface)
    except OSError as error:
        unicast.close()
        raise BusError(f"can't use {target}:{port} on {interface.address}: {error}") from error
    return Endpoint(
        unicast,
        listening,
        None if target is None else (target, port),
        unicast.getsockname(),
        unicast.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF),
    )


def _open_unicast(address: str, port: int) -> socket.socket:
    for candidate in range(port + 1, min(port + UNICAST_PORTS, 65535) + 1):
        unicast = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            unicast.bind((address, candidate))
        except OSError:
            unicast.close()
            continue
        unicast.setblocking(False)
        return unicast
    raise BusError(f"no free UDP port from {port + 1} to {port + UNICAST_PORTS} on {address}")


def _open_group(mode: Mode, target: str, port: int, interface: Interface) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "darwin":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _ask_for_buffer(listening)
        # Bound to the group, the socket hears nothing that is meant for another one.
        listening.bind(("" if sys.platform == "win32" else target, port))
        if mode == "multicast":
            if sys.platform == "linux":
                listening.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            joining = socket.inet_aton(target) + socket.inet_aton(interface.address)
            listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joining)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _ask_for_buffer(opened: socket.socket) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _kernel_drops(opened: socket.socket) -> int:
    # SO_RXQ_OVFL would need recvmsg for each datagram, at half the rate.
    if sys.platform != "linux":
        return 0
    words = opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    dropped: int = _MEMINFO.unpack(words)[-1]
    return dropped
