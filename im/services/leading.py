"""Entries of a group by someone with a role in it, whose right is judged once more at commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from im.errors import Forbidden, NotFound, Unavailable
from im.protocol import names
from im.services.identity import Identity
from im.services.keys import node_key
from im.services.messages import Messages
from im.store import conversations, groups, members
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.effects import Effect
from im.store.entries import EntryKind, NewEntry
from im.store.errors import StaleEpoch

MAX_STALE = 5

RANK = {"member": 0, "admin": 1, "owner": 2}


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a person stands in a group, as of an epoch of its conversation.

    ``leaders_invite``: members of no higher role bring nobody in.
    """

    conversation: int
    epoch: int
    role: str
    leaders_invite: bool


Change = tuple[EntryKind, Effect, dict[str, Any], str | None]
"""What an entry is, does, names besides, and says."""


def seat_of(cursor: Cursor, group: int, user: int) -> Seat:
    """Where a person stands in a group. Raises ``NotFound``."""
    # The epoch is read first: a change that comes between makes it stale, never wrong.
    row = conversations.by_name(cursor, names.group(group))
    member = members.get(cursor, row.id, user) if row is not None else None
    if row is None or member is None or member.left_seq is not None:
        raise NotFound("no such group or member")
    return Seat(row.id, row.epoch, member.role, groups.leaders_invite(cursor, group))


class Leading:
    """Appends such entries."""

    def __init__(self, database: Database, messages: Messages) -> None:
        self._database = database
        self._messages = messages

    async def act(
        self,
        who: Identity,
        group: int,
        role: str,
        decide: Callable[[Seat], Change],
        *,
        over: int | None = None,
    ) -> None:
        """Append what ``decide`` says for someone who has at least this role, at commit too.

        And who has a higher one than the member ``over``.

        Raises ``NotFound``, ``Forbidden``, ``Unavailable``, or what ``decide`` or the effect
        raises.
        """

        def read(cursor: Cursor) -> Seat:
            seat = seat_of(cursor, group, who.user)
            if RANK[seat.role] < RANK[role]:
                raise Forbidden(f"needs to be {role}")
            if over is not None and RANK[seat_of(cursor, group, over).role] >= RANK[seat.role]:
                raise Forbidden("of no lower role")
            return seat

        for _ in range(MAX_STALE):
            seat = await self._database.read(read)
            kind, effect, extra, text = decide(seat)
            try:
                await self.event(
                    who.user, kind, seat.conversation, effect, extra, text, epoch=seat.epoch
                )
            except StaleEpoch:
                continue
            return
        raise Unavailable("the rights change all the time")

    async def event(
        self,
        sender: int,
        kind: EntryKind,
        conversation: int,
        effect: Effect | None,
        extra: dict[str, Any],
        text: str | None = None,
        epoch: int | None = None,
    ) -> None:
        """Append an entry whose right is as of ``epoch``, or needs none.

        Raises ``StaleEpoch``, ``Unavailable``, or what the effect raises.
        """
        await self._messages.event(
            NewEntry(
                conversation=conversation,
                sender=sender,
                key=node_key(),
                kind=kind,
                content=text,
                extra=extra or None,
                epoch=epoch,
                effect=effect,
            )
        )
