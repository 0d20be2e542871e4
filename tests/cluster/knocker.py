"""Somebody who hears each refusal, where the crew's programs just try again."""

from __future__ import annotations

import asyncio
import time
from typing import Self

from im.client import Client, Refused
from im.protocol.server import Ok
from im.services.keys import client_key
from tests.checker import Acknowledged, Attempt
from tests.cluster.crew import PASSWORD, Crew

REFUSED_SECONDS = 9.0
"""In which one message is answered: three times what is promised, for a busy machine."""


class Knocker:
    """Sends one message after the other to one of a crew, through one node, each only once.

    What is sent and told goes into the crew's history, so the crew's proof holds for it too.

    Attributes:
        longest: seconds that an answer took at most, refusals included.
    """

    def __init__(self, client: Client, crew: Crew) -> None:
        self.longest = 0.0
        self._client = client
        self._log = crew.history.writers.setdefault(client.user.id, [])
        reader = crew.clients[0].user.id
        self._to = f"u:{reader}"
        low, high = sorted((client.user.id, reader))
        self._conversation = f"p:{low}:{high}"
        self._key = ""

    @classmethod
    async def join(cls, crew: Crew, url: str, name: str) -> Self:
        """Register at a node and write the first message, so that the conversation is there."""
        client = await Client.register([url], name, PASSWORD)
        await client.start()
        knocker = cls(client, crew)
        assert await knocker._try(), "refused before anything broke"
        return knocker

    async def until_refused(self, padding: int = 0, timeout: float = 20.0) -> None:
        """Write until a message is refused as unavailable. Raises ``TimeoutError``.

        ``padding``: so many characters make each message longer.
        """
        async with asyncio.timeout(timeout):
            while await self._try(padding):
                pass

    async def go_on(self, timeout: float = 20.0) -> None:
        """Have the refused one sent under its key until it is stored. Raises ``TimeoutError``."""
        text, key = self._next()
        async with asyncio.timeout(timeout):
            self._told(await self._client.send(self._to, text, key=key))

    async def close(self) -> None:
        """Go home."""
        await self._client.close()

    # Inside

    async def _try(self, padding: int = 0) -> bool:
        """Send what is next, or once more what was refused; whether it is stored."""
        text, key = self._next(padding)
        begun = time.monotonic()
        try:
            self._told(await self._client.request("send", to=self._to, text=text, key=key))
        except Refused as error:
            assert error.code == "unavailable", error
            return False
        finally:
            self.longest = max(self.longest, time.monotonic() - begun)
        return True

    def _next(self, padding: int = 0) -> tuple[str, str]:
        """Text and key of what is to be sent; what was refused stays as it was."""
        last = self._log[-1] if self._log else None
        if isinstance(last, Attempt):
            return last.text or "", self._key
        self._key = f"knock {len(self._log)}"
        text = f"{self._key} {'·' * padding}"
        stored = client_key(self._key).hex()
        self._log.append(Attempt(self._client.user.id, self._conversation, stored, text))
        return text, self._key

    def _told(self, answer: Ok) -> None:
        stored = client_key(self._key).hex()
        place = answer.conv or "", answer.seq or 0
        self._log.append(Acknowledged(self._client.user.id, place[0], stored, place[1]))
