"""Invitations: a code that lets so many people register, and may lead them into a group."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from im.durations import DAY_MS
from im.errors import Forbidden, Invalid, LimitReached, NotFound, invalid
from im.services.groups import Groups
from im.services.identity import Identity
from im.services.sessions import token_hash
from im.store import invitations
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.invitations import InvitationRow

CODE_BYTES = 15
"""120 bits: 20 characters that fit into a QR code that a phone reads from a wall."""
MAX_CODE = 64
MAX_NOTE = 200
KEEP_MS = 90 * DAY_MS
"""An invitation that is over is kept this long, for whoever looks into who came by it."""


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation that was just made; ``code`` is told only now."""

    code: str
    row: InvitationRow


class Invitations:
    """Makes, lists, revokes and uses invitations.

    Args:
        most: invitations that are good at the same time.
        most_uses, most_days: what one is good for at most.
    """

    def __init__(
        self, database: Database, groups: Groups, *, most: int, most_uses: int, most_days: int
    ) -> None:
        self._database = database
        self._groups = groups
        self._most = most
        self._most_uses = most_uses
        self._most_days = most_days

    async def of(self, who: Identity) -> list[InvitationRow]:
        """Those that are good, the newest first, for administrators. Raises ``Forbidden``."""
        who.check_admin()
        return await self._database.read(invitations.listed)

    async def create(
        self, who: Identity, note: str, uses: int, days: int, group: int | None
    ) -> NewInvitation:
        """A new invitation, by an administrator; into a group by someone who leads it.

        Raises ``Forbidden``, ``Invalid``, ``NotFound`` (the group) or ``LimitReached``.
        """
        who.check_admin()
        for field, value, most in (
            ("uses", uses, self._most_uses),
            ("days", days, self._most_days),
        ):
            if not 1 <= value <= most:
                raise invalid(field, "at_most", limit=most)
        if len(note) > MAX_NOTE:
            raise invalid("note", "too_long", limit=MAX_NOTE)
        if group is not None and (await self._groups.get(who, group)).role == "member":
            raise Forbidden("of a group that one leads")
        code = secrets.token_urlsafe(CODE_BYTES)

        def write(cursor: Cursor) -> InvitationRow:
            if len(invitations.listed(cursor)) >= self._most:
                raise LimitReached("invitations", values={"limit": self._most})
            invitations.create(cursor, token_hash(code), who.user, note, uses, days * DAY_MS, group)
            return invitations.listed(cursor)[0]

        return NewInvitation(code, await self._database.write(write))

    async def revoke(self, who: Identity, invitation: int) -> None:
        """End an invitation; who came by it stays. Raises ``Forbidden`` or ``NotFound``."""
        who.check_admin()
        if not await self._database.write(invitations.revoke, invitation):
            raise NotFound("no such invitation")

    def use(self, cursor: Cursor, code: str) -> InvitationRow:
        """Use a code once, in the transaction that makes the account. Raises ``Invalid``."""
        row = invitations.use(cursor, token_hash(code)) if len(code) <= MAX_CODE else None
        if row is None:
            values = {"reason": "invitation", "field": "invitation"}
            raise Invalid("not a good code", field="invitation", values=values)
        return row

    async def forget_old(self) -> None:
        """Delete what has been over for long. Raises ``Unavailable``."""
        await self._database.write(invitations.forget_old, KEEP_MS)
