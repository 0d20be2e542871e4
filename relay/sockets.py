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
MTU_HEADROOM_IPV6: Final = 68
"""Bytes of a packet that are not ours: IPv4 20 or IPv6 40, UDP 8, and 20 for a tunnel's label or an
option."""
GROUP_IPV6: Final = "ff12::4d:1"
"""The group where there is only IPv6: on this link (scope 2), not assigned for good (RFC 4291)."""
MAX_MTU: Final = 1500
"""Larger packets aren't used: loopback would allow them, but they fill a receive buffer badly."""

_IP_MTU_DISCOVER: Final = 10  # linux/in.h, not in the socket module
_IP_PMTUDISC_DO: Final = 2
_IP_MULTICAST_ALL: Final = 49
_IPV6_MTU_DISCOVER: Final = 23
_IPV6_MULTICAST_ALL: Final = 29
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


def show_address(address: Address) -> str:
    """``ip:port`` or ``[ip]:port``, as a list of peers takes it."""
    if len(address) == 2:
        return f"{address[0]}:{address[1]}"
    host, port, _, scope = address
    zone = f"%{socket.if_indextoname(scope)}" if scope and "%" not in host else ""
    return f"[{host}{zone}]:{port}"


def datagram_size(interface: Interface) -> int:
    """Bytes of UDP payload that go through the interface without IP fragments."""
    ipv6 = interface.family == socket.AF_INET6
    return min(interface.mtu, MAX_MTU) - (MTU_HEADROOM_IPV6 if ipv6 else MTU_HEADROOM)


def open_endpoint(mode: Mode, group: str, port: int, interface: Interface) -> Endpoint:
    """Open the sockets on ``interface``. Raises ``BusError``."""
    ipv6 = interface.family == socket.AF_INET6
    target = None if mode == "peers" else _target(mode, group, interface)
    unicast = _open_unicast(interface, port)
    try:
        _ask_for_buffer(unicast)
        if not ipv6:
            unicast.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if sys.platform == "linux":
            level = socket.IPPROTO_IPV6 if ipv6 else socket.IPPROTO_IP
            name = _IPV6_MTU_DISCOVER if ipv6 else _IP_MTU_DISCOVER
            unicast.setsockopt(level, name, _IP_PMTUDISC_DO)
        if mode == "multicast":
            _send_to_group(unicast, interface)
        listening = None if target is None else _open_group(mode, target, port, interface)
    except OSError as error:
        unicast.close()
        raise BusError(f"can't use {target}:{port} on {interface.address}: {error}") from error
    return Endpoint(
        unicast,
        listening,
        None if target is None else _address(target, port, interface),
        unicast.getsockname(),
        unicast.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF),
    )


def _target(mode: Mode, group: str, interface: Interface) -> str:
    """Where to send what goes to all."""
    if mode == "broadcast":
        if interface.broadcast is None:
            raise BusError(f"interface {interface.name or interface.address!r} has no broadcast")
        return interface.broadcast
    try:
        parsed = ipaddress.ip_address(group)
    except ValueError:
        parsed = None
    if parsed is None or not parsed.is_multicast:
        raise BusError(f"{group!r} is not a multicast group (224.0.0.0/4 or ff00::/8)")
    if interface.family == socket.AF_INET6 and parsed.version == 4:
        return GROUP_IPV6
    return group


def _address(host: str, port: int, interface: Interface) -> Address:
    """What the socket module wants; what means something on one link only needs the interface."""
    if interface.family == socket.AF_INET:
        return host, port
    parsed = ipaddress.IPv6Address(host)
    near = parsed.is_link_local or (parsed.is_multicast and host[3:4] in "12")
    return host, port, 0, interface.number if near else 0


def _send_to_group(unicast: socket.socket, interface: Interface) -> None:
    if interface.family == socket.AF_INET:
        own = socket.inet_aton(interface.address)
        unicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
        unicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        unicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    else:
        unicast.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, interface.number)
        unicast.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
        unicast.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)


def _open_unicast(interface: Interface, port: int) -> socket.socket:
    for candidate in range(port + 1, min(port + UNICAST_PORTS, 65535) + 1):
        unicast = socket.socket(interface.family, socket.SOCK_DGRAM)
        try:
            unicast.bind(_address(interface.address, candidate, interface))
        except OSError:
            unicast.close()
            continue
        unicast.setblocking(False)
        return unicast
    raise BusError(
        f"no free UDP port from {port + 1} to {port + UNICAST_PORTS} on {interface.address}"
    )


def _open_group(mode: Mode, target: str, port: int, interface: Interface) -> socket.socket:
    listening = socket.socket(interface.family, socket.SOCK_DGRAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "darwin":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _ask_for_buffer(listening)
        # Bound to the group, the socket hears nothing that is meant for another one.
        host = "" if sys.platform == "win32" else target
        listening.bind(_address(host, port, interface) if host else (host, port))
        if mode == "multicast":
            _join(listening, target, interface)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _join(listening: socket.socket, group: str, interface: Interface) -> None:
    if interface.family == socket.AF_INET:
        if sys.platform == "linux":
            listening.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        joining = socket.inet_aton(group) + socket.inet_aton(interface.address)
        listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joining)
    else:
        if sys.platform == "linux":
            listening.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
        joining = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", interface.number)
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, joining)


def _ask_for_buffer(opened: socket.socket) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _kernel_drops(opened: socket.socket) -> int:
    # SO_RXQ_OVFL would need recvmsg for each datagram, at half the rate.
    if sys.platform != "linux":
        return 0
    words = opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    dropped: int = _MEMINFO.unpack(words)[-1]
    return dropped
