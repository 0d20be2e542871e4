"""How people come into a group: by number or name, by a link, and where it asks, by approval."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from im.durations import DAY_MS, HOUR_MS
from im.errors import ApprovalNeeded, Forbidden, NotFound, invalid
from im.protocol.server import GroupSummary, User
from im.services import views
from im.services.contacts import check_again
from im.services.groups import Groups
from im.services.identity import Identity
from im.services.invitations import CODE_BYTES, MAX_CODE
from im.services.limits import SharedLimits
from im.services.sessions import token_hash
from im.services.states import States
from im.store import groups as group_rows
from im.store import join_requests, nodes, users
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.join_requests import Asked, Door

MAX_LINK_DAYS = 365
REFUSED_SHOWN_MS = 7 * DAY_MS
"""So long a refusal stands in the list of the one who asked."""


@dataclass(frozen=True, slots=True)
class Link:
    """A group's link that was just made; ``code`` is told only now. UTC ms."""

    code: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Request:
    """Someone who asks to be let in; UTC ms."""

    user: User
    created_at: int


class Joining:
    """The ways into groups.

    Args:
        requests: how often one person may ask to be let in, or try a link.
        again_hours: how long after a refusal one may not ask the same group again.
    """

    def __init__(
        self,
        database: Database,
        groups: Groups,
        states: States,
        limits: SharedLimits,
        requests: str,
        again_hours: int,
    ) -> None:
        self._database = database
        self._groups = groups
        self._states = states
        self._limits = limits
        self._requests = requests
        self._again_ms = again_hours * HOUR_MS

    async def join(self, who: Identity, number_or_name: str) -> GroupSummary:
        """Join a group by its number or name.

        Raises ``NotFound``, ``AlreadyExists``, ``LimitReached``, ``Forbidden`` (refused a short
        while ago) or ``ApprovalNeeded``: those who lead the group were asked.
        """

        def read(cursor: Cursor) -> Door | None:
            group = group_rows.find(cursor, number_or_name.strip())
            return join_requests.door(cursor, group) if group is not None else None

        return await self._enter(who, await self._database.read(read))

    async def join_by_link(self, who: Identity, code: str) -> GroupSummary:
        """Join the group of a link. Raises as ``join``, or ``RateLimited``."""
        await self._limits.hit(self._requests, "link", str(who.user))
        return await self._enter(who, await self._door(code))

    async def look(self, code: str) -> Door:
        """The group of a link, for someone who has it. Raises ``NotFound``."""
        found = await self._door(code)
        if found is None:
            raise NotFound("no such link", field="group", values={"reason": "link"})
        return found

    async def make_link(self, who: Identity, group: int, days: int) -> Link:
        """A new link into a group, by someone who leads it; the one before is good no more.

        Raises ``NotFound``, ``Forbidden`` or ``Invalid``.
        """
        if not 1 <= days <= MAX_LINK_DAYS:
            raise invalid("days", "at_most", limit=MAX_LINK_DAYS)
        code = secrets.token_urlsafe(CODE_BYTES)
        ends = await self._database.read(nodes.now_ms) + days * DAY_MS
        fields = {"invite_hash": token_hash(code), "invite_expires_at": ends}
        await self._groups.set_fields(who, group, fields)
        return Link(code, ends)

    async def link_expires_at(self, who: Identity, group: int) -> int | None:
        """Until when the group's link is good, for those who lead it; None without one.

        Raises ``NotFound`` or ``Forbidden``.
        """
        await self._check_leads(who, group)
        return await self._database.read(join_requests.link_expires_at, group)

    async def revoke_link(self, who: Identity, group: int) -> None:
        """The group's link is good no more. Raises ``NotFound`` or ``Forbidden``."""
        await self._groups.set_fields(who, group, {"invite_hash": None, "invite_expires_at": None})

    async def requests(self, who: Identity, group: int) -> list[Request]:
        """Who asks to be let in, the first first. Raises ``NotFound`` or ``Forbidden``."""
        await self._check_leads(who, group)

        def read(cursor: Cursor) -> list[Request]:
            rows = join_requests.waiting(cursor, group)
            people = {row.id: row for row in users.by_ids(cursor, [row.user for row in rows])}
            return [
                Request(views.user(people[row.user]), row.created_at)
                for row in rows
                if row.user in people and people[row.user].active
            ]

        return await self._database.read(read)

    async def asked(self, who: Identity) -> list[Asked]:
        """Where a person waits to be let in, and where they were refused lately."""
        return await self._database.read(join_requests.of_user, who.user, REFUSED_SHOWN_MS)

    async def accept(self, who: Identity, group: int, user: int) -> None:
        """Let someone in. Raises ``NotFound``, ``Forbidden`` or what ``Groups.add`` raises."""
        await self._check_leads(who, group)
        waiting = await self._database.read(join_requests.waiting, group)
        if user not in [row.user for row in waiting]:
            raise NotFound("nobody asks")
        await self._groups.add(who, group, [user])
        await self._database.write(join_requests.decide, group, user, who.user, "accepted")
        await self._tell(group, user)

    async def refuse(self, who: Identity, group: int, user: int) -> None:
        """Don't let someone in, who hears of it, or take back one's own request.

        Raises ``NotFound`` or ``Forbidden``.
        """
        if user == who.user:
            if not await self._database.write(join_requests.take_back, group, user):
                raise NotFound("nobody asks")
            await self._tell(group, user)
            return
        await self._check_leads(who, group)
        if not await self._database.write(join_requests.decide, group, user, who.user, "refused"):
            raise NotFound("nobody asks")
        await self._tell(group, user)

    async def _door(self, code: str) -> Door | None:
        if not code or len(code) > MAX_CODE:
            return None
        return await self._database.read(join_requests.door_by_link, token_hash(code))

    async def _enter(self, who: Identity, door: Door | None) -> GroupSummary:
        if door is None:
            raise NotFound("no such group", field="group")
        if not door.approval:
            await self._groups.admit(who.user, door.group)
            return await self._groups.get(who, door.group)
        try:
            return await self._groups.get(who, door.group)
        except NotFound:
            await self._ask(who, door)
            raise ApprovalNeeded("asked") from None

    async def _ask(self, who: Identity, door: Door) -> None:
        await self._limits.hit(self._requests, "join", str(who.user))

        def write(cursor: Cursor) -> bool:
            refused = join_requests.refused_at(cursor, door.group, who.user)
            if refused is not None:
                check_again(nodes.now_ms(cursor) - refused, self._again_ms)
            return join_requests.ask(cursor, door.group, who.user)

        if await self._database.write(write):
            await self._tell(door.group, who.user)

    async def _tell(self, group: int, user: int) -> None:
        """Who asks has changed: tell them, and those who lead the group."""
        door = await self._database.read(join_requests.door, group)
        if door is not None:
            leaders = await self._database.read(join_requests.leaders, door.conversation)
            self._states.changed([*leaders, user], "groups")

    async def _check_leads(self, who: Identity, group: int) -> None:
        if (await self._groups.get(who, group)).role == "member":
            raise Forbidden("for those who lead the group")
