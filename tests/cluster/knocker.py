"""Somebody who hears each refusal, where the crew's programs just try again."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Self

from im.client import Client, Disconnected, Refused
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
        client: the program that it is.
        longest: seconds that an answer took at most, refusals included.
        heard: how often each refusal was heard, and a lost connection as ``disconnected``.
    """

    def __init__(self, client: Client, crew: Crew) -> None:
        self.longest = 0.0
        self.heard: Counter[str] = Counter()
        self.client = client
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

    async def keep_on(self, enough: Callable[[], bool], pace: float = 0.05) -> None:
        """Write, each message until it is stored, until there is enough."""
        while not enough() or self._refused:
            await self._try()
            await asyncio.sleep(pace)

    async def go_on(self, timeout: float = 20.0) -> None:
        """Have the refused one sent under its key until it is stored. Raises ``TimeoutError``."""
        text, key = self._next()
        async with asyncio.timeout(timeout):
            self._told(await self.client.send(self._to, text, key=key))

    async def close(self) -> None:
        """Go home."""
        await self.client.close()

    # Inside

    async def _try(self, padding: int = 0) -> bool:
        """Send what is next, or once more what was refused; whether it is stored."""
        text, key = self._next(padding)
        begun = time.monotonic()
        try:
            self._told(await self.client.request("send", to=self._to, text=text, key=key))
        except Refused as error:
            assert error.code == "unavailable", error
            self.heard[error.code] += 1
            return False
        except Disconnected:
            self.heard["disconnected"] += 1
            return False
        finally:
            self.longest = max(self.longest, time.monotonic() - begun)
        return True

    @property
    def _refused(self) -> bool:
        """Whether the last message is not stored."""
        return bool(self._log) and isinstance(self._log[-1], Attempt)

    def _next(self, padding: int = 0) -> tuple[str, str]:
        """Text and key of what is to be sent; what was refused stays as it was."""
        if self._refused:
            return self._log[-1].text or "", self._key
        self._key = f"knock {len(self._log)}"
        text = f"{self._key} {'·' * padding}"
        stored = client_key(self._key).hex()
        self._log.append(Attempt(self.client.user.id, self._conversation, stored, text))
        return text, self._key

    def _told(self, answer: Ok) -> None:
        stored = client_key(self._key).hex()
        place = answer.conv or "", answer.seq or 0
        self._log.append(Acknowledged(self.client.user.id, place[0], stored, place[1]))
