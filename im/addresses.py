"""The addresses at which people on this machine and on the LAN open the pages."""

from __future__ import annotations

import socket

ELSEWHERE = ("239.192.77.1", "192.0.2.1", "2001:db8::1")
"""Addresses that are asked for the way only; nothing is sent there (RFC 5737, RFC 3849)."""


def page_addresses(address: str, port: int) -> list[str]:
    """URLs, the one for this machine first; one only when the node listens on one address."""
    if address not in ("", "0.0.0.0", "::"):  # noqa: S104
        return [_url(address, port)]
    return [_url("localhost", port), *(_url(found, port) for found in lan_addresses())]


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


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
