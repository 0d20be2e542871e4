"""Which network interface to use: its address, subnet broadcast address and MTU.

IPv4 comes first. Where an interface, or the whole host, has none, it is IPv6: then ``address`` is
the link-local address, which needs no router, or a global one where peers are not on the link.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from pathlib import Path
from typing import Final, NamedTuple

from relay.bus import BusError

DEFAULT_MTU: Final = 1500
"""Assumed where the system doesn't tell."""

# Requests of Linux's netdevice(7); they read the first IPv4 address of an interface.
_SIOCGIFFLAGS: Final = 0x8913
_SIOCGIFADDR: Final = 0x8915
_SIOCGIFBRDADDR: Final = 0x8919
_SIOCGIFNETMASK: Final = 0x891B
_SIOCGIFMTU: Final = 0x8921
_IFF_UP: Final = 1
_IFF_BROADCAST: Final = 2

_IPV6_ADDRESSES: Final = Path("/proc/net/if_inet6")  # Linux: address, index, prefix, scope, flags
_UNUSABLE: Final = 0x08 | 0x40  # a duplicate, or not checked yet: linux/if_addr.h


class Interface(NamedTuple):
    """A network interface.

    Attributes:
        name: empty if the system doesn't tell.
        number: the system's number for it, another one when it was removed and made again.
        address: its IPv4 address, or an IPv6 one where it has none.
        broadcast: its subnet's broadcast address; None where there is none.
        mtu: bytes of the largest IP packet.
    """

    name: str
    number: int
    address: str
    broadcast: str | None
    mtu: int

    @property
    def family(self) -> socket.AddressFamily:
        """``AF_INET`` or ``AF_INET6``."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


def choose_interface(name: str, destination: str) -> Interface:
    """The interface called ``name``, or the one that leads to ``destination``, or loopback.

    IPv6 is taken where ``destination`` is an IPv6 address, or where there is no IPv4. Raises
    ``BusError`` if there is no such interface or it has no address.
    """
    wants_ipv6 = is_ipv6(destination)
    if name:
        found = (None if wants_ipv6 else _by_name(name)) or _ipv6_by_name(name, destination)
        if found is None:
            raise BusError(f"interface {name!r} is down, has no IP address or doesn't exist")
        return found
    if not wants_ipv6:
        address = _route_source(socket.AF_INET, destination)
        if address is not None and not address.startswith("127."):
            return _by_address(address)
        if _has_ipv4():
            return _by_address("127.0.0.1")
    return _ipv6_route(destination) or _by_address("127.0.0.1")


def is_ipv6(address: str) -> bool:
    """Whether this is an IPv6 address, with a zone or without."""
    try:
        return ipaddress.ip_address(address).version == 6
    except ValueError:
        return False


def _has_ipv4() -> bool:
    """Whether any interface but loopback has an IPv4 address."""
    found = [_by_name(name) for _, name in socket.if_nameindex()]
    return any(one is not None and not one.address.startswith("127.") for one in found)


def _ipv6_route(destination: str) -> Interface | None:
    """An interface that is up and no loopback, and has IPv6: the one on the route, if any."""
    if is_ipv6(destination):
        address = _route_source(socket.AF_INET6, destination)
        for _, name in socket.if_nameindex():
            found = _ipv6_by_name(name, destination)
            if found is not None and address is not None and found.address == address:
                return found
    for _, name in socket.if_nameindex():
        found = _ipv6_by_name(name, destination)
        if found is not None and not ipaddress.ip_address(found.address).is_loopback:
            return found
    return None


def _ipv6_by_name(name: str, destination: str) -> Interface | None:
    """The interface with its best IPv6 address: link-local, for a peer elsewhere a global one."""
    if not _IPV6_ADDRESSES.exists():
        return None
    far = is_ipv6(destination) and not _is_near(destination)
    candidates: list[tuple[bool, str]] = []
    for line in _IPV6_ADDRESSES.read_text("ascii").splitlines():
        packed, _, _, _, flags, owner = line.split()
        if owner == name and not int(flags, 16) & _UNUSABLE:
            address = str(ipaddress.IPv6Address(bytes.fromhex(packed)))
            candidates.append((_is_near(address) == far, address))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            if not candidates or not _flags(probe, name) & _IFF_UP:
                return None
            mtu = struct.unpack_from("i", _ask(probe, _SIOCGIFMTU, name), 16)[0]
            return Interface(name, socket.if_nametoindex(name), min(candidates)[1], None, mtu)
        except OSError:
            return None


def _is_near(address: str) -> bool:
    """Whether it means something on one link or host alone; so do multicast groups."""
    parsed = ipaddress.IPv6Address(address)
    return parsed.is_link_local or parsed.is_multicast or parsed.is_loopback


def _flags(probe: socket.socket, name: str) -> int:
    flags: int = struct.unpack_from("H", _ask(probe, _SIOCGIFFLAGS, name), 16)[0]
    return flags


def _route_source(family: socket.AddressFamily, destination: str) -> str | None:
    """The source address of the route to ``destination``; None without a route."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((destination, 9))  # sends nothing
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return address


def _by_address(address: str) -> Interface:
    for _, name in socket.if_nameindex():
        found = _by_name(name)
        if found is not None and found.address == address:
            return found
    # A second address of an interface, or a system whose interfaces we can't ask.
    return Interface("", 0, address, None, DEFAULT_MTU)


def _by_name(name: str) -> Interface | None:
    if sys.platform != "linux":
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            number = socket.if_nametoindex(name)
            flags = _flags(probe, name)
            if not flags & _IFF_UP:
                return None
            address = socket.inet_ntoa(_ask(probe, _SIOCGIFADDR, name)[20:24])
            broadcast = None
            if flags & _IFF_BROADCAST:
                broadcast = socket.inet_ntoa(_ask(probe, _SIOCGIFBRDADDR, name)[20:24])
            if broadcast in (None, "0.0.0.0"):  # noqa: S104 (compared, not bound)
                mask = int.from_bytes(_ask(probe, _SIOCGIFNETMASK, name)[20:24], "big")
                broadcast = _subnet_broadcast(address, mask)
            mtu = struct.unpack_from("i", _ask(probe, _SIOCGIFMTU, name), 16)[0]
        except OSError:
            return None
    return Interface(name, number, address, broadcast, mtu)


def _subnet_broadcast(address: str, mask: int) -> str | None:
    if mask >= 0xFFFFFFFE:  # a link between two: RFC 3021
        return None
    host = int.from_bytes(socket.inet_aton(address), "big") | ~mask & 0xFFFFFFFF
    return socket.inet_ntoa(host.to_bytes(4, "big"))


def _ask(probe: socket.socket, request: int, name: str) -> bytes:
    import fcntl  # not on Windows

    return fcntl.ioctl(probe, request, struct.pack("256s", name.encode()[:15]))
