"""Who may register: the file says it, and an administrator may say otherwise while nodes run.

What an administrator says lies in the database, where all nodes read it at each registration, and
it stays until it is taken back. So there is one answer for the cluster and nothing to spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from im.services.identity import Identity
from im.store import cluster
from im.store.cursor import Cursor
from im.store.database import Database

PolicyName = Literal["open", "invitation", "closed"]
NAME = "registration"
"""Under which it is kept in the table ``cluster``."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may come in: with an account, and without."""

    policy: PolicyName
    guests: bool


class Override(msgspec.Struct, omit_defaults=True):
    """What an administrator has said; None leaves it to the file."""

    policy: PolicyName | None = None
    guests: bool | None = None


class Registration:
    """Answers who may register, and lets administrators change it.

    Args:
        default: what the file says.
    """

    def __init__(self, database: Database, default: Policy) -> None:
        self._database = database
        self.default = default

    async def current(self) -> Policy:
        """What holds now. Raises ``Unavailable``."""
        return self._combined(await self.override())

    async def override(self) -> Override:
        """What an administrator has said."""
        return await self._database.read(_read)

    async def set(self, who: Identity, override: Override) -> Policy:
        """Say otherwise than the file. Raises ``Forbidden``."""
        who.check_admin()
        await self._database.write(cluster.put, NAME, msgspec.json.encode(override))
        return self._combined(override)

    def _combined(self, override: Override) -> Policy:
        return Policy(
            override.policy if override.policy is not None else self.default.policy,
            override.guests if override.guests is not None else self.default.guests,
        )


def _read(cursor: Cursor) -> Override:
    found = cluster.get(cursor, NAME)
    return Override() if found is None else msgspec.json.decode(found, type=Override)
