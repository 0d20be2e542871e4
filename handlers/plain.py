"""Connections without TLS: to whom they are allowed, who is asked, and where the secure address is.

Whoever is asked is asked once for each device. What was chosen is kept in a cookie that both
schemes see; coming by the secure address is a choice too, and from then on plain pages lead there.
Programs are never asked: only ``refuse`` concerns the API and sockets.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Literal

Rule = Literal["ask", "allow", "refuse"]

CHOICE_COOKIE = "im_plain"
WITHOUT, SECURE = "without", "secure"
CHOICE_DAYS = 365
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?")
_OTHER_DEFAULT_PORT = {"http": 443, "https": 80}


def plain_rule(setting: Rule, *, secure: bool, address: str) -> Rule:
    """What holds for a connection from ``address``; on this machine nobody can read along."""
    return "allow" if secure or is_loopback(address) else setting


def is_loopback(address: str) -> bool:
    """Whether this is an address of the machine itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def address_of(scheme: Literal["http", "https"], host: str, port: int, path: str) -> str | None:
    """The same place by another scheme; None if ``host`` is none.

    Args:
        host: of the request, with its port or without.
        port: that the node listens on, for both schemes.
        path: a local one, with its query.
    """
    match = _HOST.fullmatch(host)
    if match is None:
        return None
    # http://host stands for port 80, where https://host does not lead.
    missing = match[2] is None and port == _OTHER_DEFAULT_PORT[scheme]
    return f"{scheme}://{host}{f':{port}' if missing else ''}{path}"


def is_local_path(path: str) -> bool:
    """Whether a browser that is sent there stays on this site."""
    return (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and all(character.isprintable() for character in path)
    )
