"""How many connections there may be, in all and from one address."""

from __future__ import annotations

from im.addresses import source
from im.errors import Overloaded, RateLimited

RETRY_MS = 5000


class Capacity:
    """Counts connections, sockets from before their handshake, until they are gone."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._addresses: dict[str, tuple[str, int]] = {}
        self.open = 0
        """Connections now."""
        self.refused = 0
        """Connections refused so far."""

    @property
    def spare(self) -> int:
        """How many more there may be."""
        return max(0, self._most - self.open)

    def limit(self, most: int) -> None:
        """From now on no more than so many."""
        self._most = most

    def admit(self, address: str) -> str:
        """One more; what its address counts for (``source``), as one string for all from there.

        Raises ``Overloaded`` (the node is full) or ``RateLimited`` (the address).
        """
        if self.open >= self._most:
            self.refused += 1
            raise Overloaded("too many connections", retry_after=RETRY_MS)
        address = source(address)
        address, count = self._addresses.get(address, (address, 0))
        if count >= self._most_per_address:
            self.refused += 1
            raise RateLimited(
                "too many connections from one address",
                retry_after=RETRY_MS,
                values={"seconds": RETRY_MS // 1000},
            )
        self._addresses[address] = (address, count + 1)
        self.open += 1
        return address

    def release(self, address: str) -> None:
        """One that was admitted is gone."""
        count = self._addresses[address][1] - 1
        if count:
            self._addresses[address] = (address, count)
        else:
            del self._addresses[address]
        self.open -= 1
