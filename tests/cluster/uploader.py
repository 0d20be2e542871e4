"""Somebody who uploads one file after the other and remembers what each was."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from im.client import Client, Refused
from im.file_client import Broken
from tests.cluster.crew import PASSWORD

PAUSE = 0.1
"""Seconds between two files."""
MOST_BYTES = 200_000


class Uploader:
    """Uploads through the first of its nodes that is there.

    Attributes:
        files: what was uploaded by the number that the node gave it.
    """

    def __init__(self, client: Client, rng: random.Random) -> None:
        self.files: dict[int, bytes] = {}
        self._client = client
        self._rng = rng

    @classmethod
    async def join(cls, urls: list[str], rng: random.Random) -> Uploader:
        """Register."""
        return cls(await Client.register(urls, "uploader", PASSWORD), rng)

    async def work(self, enough: Callable[[], bool]) -> None:
        """Upload until there is enough."""
        while not enough():
            data = self._rng.randbytes(self._rng.randrange(1, MOST_BYTES))
            stored = await self._client.files.upload_at_last(data, name="plan.bin")
            self.files[stored.id] = data
            await asyncio.sleep(PAUSE)

    async def lost(self, folder: Path) -> list[int]:
        """The files that cannot be had any more as they were."""
        lost = []
        for number, data in self.files.items():
            target = folder / str(number)
            try:
                await self._client.files.download(number, target)
            except (Refused, Broken):
                lost.append(number)
            else:
                if target.read_bytes() != data:
                    lost.append(number)
        return lost
