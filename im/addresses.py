"""The addresses at which people on this machine and on the LAN open the pages."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence

import ifaddr

ELSEWHERE = ("239.192.77.1", "192.0.2.1", "2001:db8::1")
"""Addresses that are asked for the way only; nothing is sent there (RFC 5737, RFC 3849)."""
UNIQUE_LOCAL = ipaddress.ip_network("fc00::/7")
"""Addresses of a LAN's own (RFC 4193)."""
WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104
HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")


def page_addresses(address: str, port: int) -> list[str]:
    """URLs, the one for this machine first; one only when the node listens on one address."""
    if address not in WILDCARDS:
        return [page_url(address, port)]
    return [page_url("localhost", port), *(page_url(found, port) for found in lan_addresses())]


def lan_addresses() -> list[str]:
    """This machine's addresses towards other machines."""
    found: list[str] = []
    for destination in ELSEWHERE:
        family = socket.AF_INET6 if ":" in destination else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((destination, 9))
                address = probe.getsockname()[0]
        except OSError:
            continue
        if address not in found and not address.startswith(("127.", "0.", "::1", "fe80:")):
            found.append(address)
    return found


def reachable_addresses(address: str) -> list[str]:
    """The addresses at which other machines reach what listens on ``address``; none on loopback."""
    if address in WILDCARDS:
        return lan_addresses()
    try:
        return [] if ipaddress.ip_address(address).is_loopback else [address]
    except ValueError:
        return []


def friendly_host(names: Sequence[str]) -> str:
    """The first part of the ``.local`` name under which this machine is to be found.

    The first such among ``names``, else its host name: both are in the certificate.
    """
    for name in names:
        first, dot, rest = name.lower().partition(".")
        if dot and rest == "local":
            return first
    host = socket.gethostname().lower().partition(".")[0]
    return host if HOST_NAME.fullmatch(host) else "im"


def source(address: str) -> str:
    """Whom an address counts for where something is limited for each address.

    Of IPv6 the network of 64 bits: whoever has one address in it can take any of them (RFC 8981),
    and then a limit for each would be none. Addresses of a LAN's own (link-local, and RFC 4193)
    count one by one, as IPv4's do: their network is the whole LAN. IPv4 is the same inside IPv6.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    if found.is_link_local or found in UNIQUE_LOCAL:
        return str(found)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))


def own_names() -> list[str]:
    """Names and addresses by which pages of this machine can be opened, from anywhere.

    Host name (whole and its first part), as multicast DNS has it (RFC 6762), then loopback, then
    all addresses of all interfaces but link-local IPv6, which browsers can't open.
    """
    host = socket.gethostname().lower().rstrip(".")
    first = host.partition(".")[0]
    names = [host, first, f"{first}.local"] if HOST_NAME.fullmatch(host) else []
    found = dict.fromkeys([*names, "localhost", "127.0.0.1", "::1"])
    try:
        adapters = list(ifaddr.get_adapters())
    except OSError:  # a sandbox that lets nobody ask
        return [*found, *lan_addresses()]
    for adapter in adapters:
        for entry in adapter.ips:
            address = ipaddress.ip_address(entry.ip if isinstance(entry.ip, str) else entry.ip[0])
            linked = address.version == 6 and address.is_link_local
            if not linked and not address.is_unspecified:
                found[str(address)] = None
    return list(found)


def page_url(host: str, port: int) -> str:
    """The pages' URL at a host or address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
