"""Passwords: argon2id, in threads of its own so that log-ins never hold up messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from im.errors import RateLimited

P = ParamSpec("P")
T = TypeVar("T")

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
"""The OWASP password storage cheat sheet's parameters for argon2id: 16–20 ms on one core."""
THREADS = 2
MAX_WAITING = 200
"""Log-ins that may wait; about 2 s of work. More are asked to come back."""
RETRY_MS = 2000


class Passwords:
    """Hashes and checks passwords, at most ``THREADS`` at once."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """A salted hash to store. Raises ``RateLimited`` when too many wait."""
        return await self.run(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one hashed.

        Without a stored hash (no such person) the same work is done in vain, so that the time
        taken tells nothing. Raises ``RateLimited`` when too many wait.
        """
        if stored is None:
            if self._nobody is None:
                self._nobody = await self.hash("nobody has this password")
            await self.run(self._matches, self._nobody, password)
            return False
        return await self.run(self._matches, stored, password)

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    async def run(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What a function about passwords returns, called in one of the threads.

        Raises ``RateLimited`` when too many wait.
        """
        if self._waiting >= MAX_WAITING:
            raise RateLimited(
                "too many passwords to check",
                retry_after=RETRY_MS,
                values={"seconds": RETRY_MS // 1000},
            )
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._executor, partial(function, *arguments, **named)
            )
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let go of the threads; what is waiting is dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
