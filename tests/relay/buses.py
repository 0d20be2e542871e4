"""Every kind of bus from a few words, also for tests that run it in a process of its own."""

from __future__ import annotations

from typing import Any, cast

from relay.bus import Bus
from relay.keyring import Keyring
from relay.none import NoneBus
from relay.redis import RedisBus
from relay.sockets import Mode
from relay.udp import UdpBus, UdpSettings
from tests.relay.nodes import keyring

Words = dict[str, Any]
"""``kind`` and what that kind needs; JSON."""


def make_bus(words: Words, name: str, ring: Keyring | None = None) -> Bus:
    """A bus that isn't started."""
    kind = words["kind"]
    if kind == "none":
        return NoneBus()
    if kind == "redis":
        return RedisBus(words["url"], ring or keyring(), name)
    mode = cast(Mode, kind)
    settings = UdpSettings(
        mode=mode,
        port=words["port"],
        interface=words.get("interface", "lo"),
        group=words.get("group", UdpSettings.group),
        peers=tuple(words.get("peers", ["127.0.0.1"] if mode == "peers" else [])),
    )
    return UdpBus(settings, ring or keyring(), name)
