"""The bus that the settings ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from im.settings import Settings
from relay.bus import Bus
from relay.keyring import Keyring
from relay.none import NoneBus
from relay.udp import UdpBus, UdpSettings

if TYPE_CHECKING:
    from relay.redis import RedisBus


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
        from relay.redis import RedisBus

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


async def redis_server(url: str, channel: str) -> str:
    """See ``relay.redis_address.server_url``; where there is no Redis, its client isn't loaded."""
    from relay.redis_address import server_url

    return await server_url(url, channel)
