"""The bus that the settings ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from im.settings import Settings
from relay.bus import Bus
from relay.keyring import Keyring
from relay.none import NoneBus
from relay.redis import RedisBus
from relay.udp import UdpBus, UdpSettings


def make_bus(
    settings: Settings,
    keyring: Keyring,
    node: str,
    peers: Callable[[], Awaitable[list[str]]],
    unknown_key: Callable[[], None],
) -> Bus:
    """The bus, not started yet.

    ``peers`` gives the relay addresses of the other nodes; ``unknown_key`` is called when something
    came under a key that this node has not got.
    """
    relay = settings.relay
    bus: RedisBus | UdpBus
    if relay.bus == "none":
        return NoneBus()
    if relay.bus == "redis":
        bus = RedisBus(settings.redis.url.get_secret_value(), keyring, node)
    else:
        address = UdpSettings(
            mode=relay.mode,
            group=relay.group,
            port=relay.port,
            interface=relay.interface,
            peers=relay.peers,
        )
        bus = UdpBus(address, keyring, node, peers)
    bus.on_unknown_key = lambda number: unknown_key()
    return bus
