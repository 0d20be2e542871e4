"""Tells the LAN where the pages are (multicast DNS, RFC 6762 and 6763), so that people find them.

It is a help, never a need: what goes wrong here is a warning, and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from zeroconf import AddressResolver, Error, IPVersion, ServiceInfo  # type: ignore[attr-defined]
from zeroconf.asyncio import AsyncZeroconf

from im.services.background import Background

TYPES = {False: ("_http._tcp.local.",), True: ("_http._tcp.local.", "_https._tcp.local.")}
"""Service types by whether the port speaks TLS; it speaks plain HTTP in any case."""
LOOK_SECONDS = 30.0
"""How often this machine's addresses are looked at: cables and Wi-Fi come and go."""
ASK_MS = 1000
"""Time for others to say that they have a name already (RFC 6762, section 8.1, asks for 750)."""
CLOSE_SECONDS = 3.0
MOST_NAMES = 9
LABEL_BYTES = 63

log = logging.getLogger("im.announcement")


class Announcement:
    """A port's entry in the lists that phones and computers make of what is on their network.

    Args:
        name: under which it is listed; a number is added where another has it.
        host: the first part of the host's name, ``host.local``; likewise.
        addresses: this machine's addresses towards others, as they are now.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        addresses: Callable[[], Sequence[str]],
        *,
        tls: bool,
        version: str,
    ) -> None:
        self._name = name.replace(".", "-").encode()[:LABEL_BYTES].decode(errors="ignore")
        self._host = host
        self._port = port
        self._addresses = addresses
        self._types = TYPES[tls]
        self._version = version
        self._background = Background()
        self._zeroconf: AsyncZeroconf | None = None
        self._failing = False

    def start(self) -> None:
        """Begin to announce, and follow the machine's addresses."""
        self._background.start(self._run())

    async def close(self) -> None:
        """Say that it is gone."""
        await self._background.close()
        await self._withdraw()

    async def _run(self) -> None:
        announced: list[str] = []
        while True:
            found = sorted(await asyncio.to_thread(self._addresses))
            if found != announced:
                await self._withdraw()
                announced = found if not found or await self._announce(found) else []
            await asyncio.sleep(LOOK_SECONDS)

    async def _announce(self, addresses: list[str]) -> bool:
        try:
            own = [address for address in addresses if ":" not in address]
            version = IPVersion.V4Only if own else IPVersion.V6Only
            self._zeroconf = AsyncZeroconf(interfaces=own or addresses, ip_version=version)
            host = await self._free_host(self._zeroconf, addresses)
            for type_ in self._types:
                service = ServiceInfo(
                    type_,
                    f"{self._name}.{type_}",
                    port=self._port,
                    properties={"path": "/", "version": self._version},
                    server=host,
                    parsed_addresses=addresses,
                )
                await (await self._zeroconf.async_register_service(service, allow_name_change=True))
        except (OSError, Error, ValueError, TimeoutError) as error:
            if not self._failing:
                log.warning("the LAN is not told of this server (mDNS): %s", error or repr(error))
            self._failing = True
            await self._withdraw()
            return False
        self._failing = False
        log.info("announced on the LAN as %s:%d", host.rstrip("."), self._port)
        return True

    async def _free_host(self, zeroconf: AsyncZeroconf, own: list[str]) -> str:
        """A host name that no other machine has. Raises ``Error`` if all are taken."""
        for number in range(1, MOST_NAMES + 1):
            host = f"{self._host}{f'-{number}' if number > 1 else ''}.local."
            found = AddressResolver(host)
            await found.async_request(zeroconf.zeroconf, ASK_MS)
            theirs = set(found.parsed_addresses())
            # Another responder of this machine may well have told its name.
            if not theirs or theirs & set(own):
                return host
            log.warning("%s is another machine's name (%s)", host.rstrip("."), min(theirs))
        raise Error("no host name is free")

    async def _withdraw(self) -> None:
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await zeroconf.async_unregister_all_services()
                await zeroconf.async_close()
        except (OSError, Error, TimeoutError) as error:
            log.info("the LAN was not told of the end: %s", error or repr(error))
