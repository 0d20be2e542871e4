"""Which network interface to use: its address, subnet broadcast address and MTU."""

from __future__ import annotations

import socket
import struct
import sys
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


class Interface(NamedTuple):
    """A network interface.

    Attributes:
        name: empty if the system doesn't tell.
        number: the system's number for it, another one when it was removed and made again.
        address: its IPv4 address.
        broadcast: its subnet's broadcast address; None where there is none.
        mtu: bytes of the largest IP packet.
    """

    name: str
    number: int
    address: str
    broadcast: str | None
    mtu: int


def choose_interface(name: str, destination: str) -> Interface:
    """The interface called ``name``, or the one that leads to ``destination``, or loopback.

    Raises ``BusError`` if there is no such interface or it has no IPv4 address.
    """
    if name:
        found = _by_name(name)
        if found is None:
            raise BusError(f"interface {name!r} is down, has no IPv4 address or doesn't exist")
        return found
    address = _route_source(destination)
    if address is None or address.startswith("127."):
        return _by_address("127.0.0.1")
    return _by_address(address)


def _route_source(destination: str) -> str | None:
    """The source address of the route to ``destination``; None without a route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
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
            flags = struct.unpack_from("H", _ask(probe, _SIOCGIFFLAGS, name), 16)[0]
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
