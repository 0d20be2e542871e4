"""Groups: made, joined, left, led. Each change is a numbered entry of the group's log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from im.durations import MINUTE_MS
from im.errors import Forbidden, Invalid, LimitReached, NotFound, Taken
from im.protocol import names
from im.protocol.server import GroupSummary
from im.services import member_list, views
from im.services.group_rules import (
    MAX_ANNOUNCEMENT,
    MAX_CATEGORY,
    MAX_NOTE,
    check_length,
)
from im.services.identity import Identity
from im.services.invited import check_invited
from im.services.leading import RANK, Change, Leading, Seat, seat_of
from im.services.limits import SharedLimits
from im.services.media import change_shown, own_picture
from im.services.member_list import MAX_PAGE, Member, MembersPage
from im.services.name_rules import readable_name
from im.services.states import States
from im.store import (
    conversations,
    effects,
    groups,
    join_requests,
    members,
    nodes,
)
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.entries import EntryKind
from im.store.errors import DuplicateKey
from im.store.references import Reference
from im.store.users import fold

MAX_INVITED = 500
FOREVER = names.MAX_ID
"""Until when someone is silenced whom only another lets write again."""


class Groups:
    """What can be done with groups.

    Args:
        most_members: members of one group.
        most_groups: groups that one person may be in.
        marked_members: the largest group in which everyone is told of each one's marks.
        made: how often one person makes a group.
    """

    def __init__(
        self,
        database: Database,
        leading: Leading,
        states: States,
        limits: SharedLimits,
        *,
        most_members: int,
        most_groups: int,
        marked_members: int,
        made: str,
    ) -> None:
        self._database = database
        self._leading = leading
        self._states = states
        self._most_members = most_members
        self._most_groups = most_groups
        self._marked_members = marked_members
        self._limits = limits
        self._made = made

    async def of(self, who: Identity) -> list[GroupSummary]:
        """A person's groups by name."""
        return [views.group(row) for row in await self._database.read(groups.of_user, who.user)]

    async def in_common(self, who: Identity, other: int) -> list[GroupSummary]:
        """Those of a person's groups that another one is in too, by name."""
        rows = await self._database.read(groups.in_common, who.user, other)
        return [views.group(row) for row in rows]

    async def get(self, who: Identity, group: int) -> GroupSummary:
        """A group that a person is in. Raises ``NotFound``."""
        row = await self._database.read(groups.seen_by, group, who.user)
        if row is None:
            raise NotFound("no such group")
        return views.group(row)

    async def members(
        self,
        who: Identity,
        group: int,
        cursor: str | None = None,
        limit: int = MAX_PAGE,
        q: str = "",
    ) -> MembersPage:
        """A page of who is in a group: who leads it first, then in the order in which they came.

        ``q``: only those whose name has it. Raises ``NotFound`` or ``Invalid`` (the cursor).
        """
        after = member_list.decode(cursor)

        def read(cursor: Cursor) -> MembersPage:
            place = seat_of(cursor, group, who.user)
            return member_list.read(
                cursor,
                place.conversation,
                who.user,
                after,
                limit,
                q,
                marked_members=self._marked_members,
                most_members=self._most_members,
            )

        return await self._database.read(read)

    async def everyone(self, who: Identity, group: int) -> list[Member]:
        """All members, read page by page. Raises ``NotFound``."""
        found: list[Member] = []
        cursor: str | None = None
        while True:
            page = await self.members(who, group, cursor, MAX_PAGE)
            found += page.members
            if page.cursor is None:
                return found
            cursor = page.cursor

    async def create(
        self,
        who: Identity,
        name: str,
        invited: Iterable[int] = (),
        *,
        note: str = "",
        category: str = "",
        icon: int | None = None,
    ) -> GroupSummary:
        """A new group with its first members; its icon is a picture that they have uploaded.

        Raises ``Invalid``, ``Taken``, ``NotFound`` (someone invited, the icon), ``Forbidden`` (a
        guest), ``LimitReached`` or ``RateLimited``; then there is no group.
        """
        if who.kind == "guest":
            raise Forbidden("guests cannot make groups")
        cleaned = readable_name(name)
        check_length("note", note, MAX_NOTE)
        check_length("category", category, MAX_CATEGORY)
        first = tuple(sorted(set(invited) - {who.user}))
        if len(first) + 1 > self._most_members or len(first) > MAX_INVITED:
            raise LimitReached("members", values={"limit": min(self._most_members, MAX_INVITED)})
        await self._limits.hit(self._made, "groups", str(who.user))

        def write(cursor: Cursor) -> tuple[int, int]:
            check_invited(cursor, who, first)
            if groups.count_of_user(cursor, who.user) >= self._most_groups:
                raise LimitReached("groups", values={"limit": self._most_groups})
            group = groups.create(cursor, cleaned, who.user, category, note, icon)
            change_shown(cursor, who.user, Reference("icon", group), None, icon)
            return group, conversations.group(cursor, group, who.user).id

        try:
            group, conversation = await self._database.write(write)
        except DuplicateKey:
            raise Taken("group name", field="name", values={"reason": "group"}) from None
        extra = {"users": [who.user]}
        await self._leading.event(who.user, EntryKind.CREATED, conversation, None, extra, cleaned)
        self._states.changed([who.user], "groups")
        if first:
            await self.add(who, group, first)
        return await self.get(who, group)

    async def admit(self, user: int, group: int) -> None:
        """Make someone a member of a group that they may join.

        Raises ``NotFound``, ``AlreadyExists`` or ``LimitReached``.
        """

        def read(cursor: Cursor) -> int:
            door = join_requests.door(cursor, group)
            if door is None:
                raise NotFound("no such group", field="group")
            if groups.count_of_user(cursor, user) >= self._most_groups:
                raise LimitReached("groups", values={"limit": self._most_groups})
            return door.conversation

        conversation = await self._database.read(read)
        joined = effects.Join((user,), most=self._most_members)
        extra = {"users": [user]}
        await self._leading.event(user, EntryKind.JOINED, conversation, joined, extra)
        self._states.changed([user], "groups")

    async def add(
        self, who: Identity, group: int, invited: Iterable[int], *, hook: bool = False
    ) -> None:
        """A member brings others in, or where the group wants that, someone who leads it.

        With ``hook`` it is the bot of the group's own webhook.

        Raises ``NotFound``, ``AlreadyExists``, ``Forbidden`` or ``LimitReached``.
        """
        people = tuple(sorted(set(invited)))
        if not people or len(people) > MAX_INVITED:
            raise Invalid("users", field="users", values={"field": "users"})
        await self._database.read(check_invited, who, people, hook)
        joined = effects.Join(people, most=self._most_members)

        def bring(seat: Seat) -> Change:
            if seat.leaders_invite and seat.role == "member":
                raise Forbidden("for those who lead the group", values={"reason": "invite"})
            return EntryKind.JOINED, joined, {"users": list(people)}, None

        await self._leading.act(who, group, "member", bring)
        self._states.changed(people, "groups")

    async def remove(self, who: Identity, group: int, user: int) -> None:
        """Leave, or put someone of a lower role out. The owner hands over before leaving.

        Raises ``NotFound`` or ``Forbidden``.
        """
        if user == who.user:

            def leave(seat: Seat) -> Change:
                if seat.role == "owner":
                    raise Forbidden("the owner hands over first", values={"reason": "owner"})
                return EntryKind.LEFT, effects.Leave((user,)), {"users": [user]}, None

            await self._leading.act(who, group, "member", leave)
        else:
            removed = EntryKind.REMOVED, effects.Leave((user,)), {"users": [user]}, None
            await self._leading.act(who, group, "admin", lambda seat: removed, over=user)
        self._states.changed([user], "groups")

    async def set_role(self, who: Identity, group: int, user: int, role: str) -> None:
        """The owner makes someone administrator or member again, or hands over to them.

        Raises ``NotFound``, ``Forbidden`` or ``Invalid``.
        """
        if role not in RANK or user == who.user:
            raise Invalid("role", field="role", values={"field": "role"})
        await self._database.read(seat_of, group, user)
        extra = {"users": [user], "role": role}
        if role == "owner":
            await self._leading.act(
                who,
                group,
                "owner",
                lambda seat: (EntryKind.OWNER, effects.SetOwner(user), extra, None),
            )
        else:
            await self._leading.act(
                who,
                group,
                "owner",
                lambda seat: (EntryKind.ROLE, effects.SetRole(user, role), extra, None),
            )
        self._states.changed([user, who.user], "groups")

    async def silence(self, who: Identity, group: int, user: int, minutes: int | None) -> None:
        """Whoever leads the group keeps a member from writing so long; None: until ``unsilence``.

        Only a plain member. Raises ``NotFound`` or ``Forbidden``.
        """
        now = await self._database.read(nodes.now_ms)
        until = FOREVER if minutes is None else now + minutes * MINUTE_MS
        await self._mute(who, group, EntryKind.SILENCED, effects.Mute(user, until))

    async def unsilence(self, who: Identity, group: int, user: int) -> None:
        """Whoever leads the group lets a member write again.

        Raises ``NotFound`` or ``Forbidden``.
        """
        await self._mute(who, group, EntryKind.UNSILENCED, effects.Mute(user, None))

    async def change(
        self,
        who: Identity,
        group: int,
        *,
        name: str | None = None,
        note: str | None = None,
        category: str | None = None,
        announcement: str | None = None,
        approval: bool | None = None,
        shows_past: bool | None = None,
        leaders_invite: bool | None = None,
        icon: int | None = None,
    ) -> GroupSummary:
        """Whoever leads the group changes its name, note, category, announcement or icon.

        With ``approval`` those who want in are let in by someone who leads it; with
        ``leaders_invite`` only they bring others in; with ``shows_past`` those who join from then
        on see what was said before. An icon is a picture that they have
        uploaded; 0 takes it away. Raises ``NotFound``, ``Forbidden``, ``Invalid`` or ``Taken``.
        """
        if name is not None:
            cleaned = readable_name(name)
            await self._change(
                who,
                group,
                EntryKind.RENAMED,
                {"name": cleaned, "name_folded": fold(cleaned)},
                cleaned,
            )
        fields: dict[str, Any] = {}
        if approval is not None:
            fields["approval"] = int(approval)
        if leaders_invite is not None:
            fields["leaders_invite"] = int(leaders_invite)
        if icon is not None:
            if icon:
                await self._database.read(own_picture, who.user, icon, "icon")
            fields["icon_id"] = icon or None
        if note is not None:
            fields["note"] = check_length("note", note, MAX_NOTE)
        if category is not None:
            fields["category"] = check_length("category", category, MAX_CATEGORY)
        if fields:
            await self._change(who, group, EntryKind.SETTINGS, fields, None)
        if shows_past is not None:
            kind = EntryKind.PAST_SHOWN if shows_past else EntryKind.PAST_HIDDEN
            await self._change(who, group, kind, {"shows_past": int(shows_past)}, None)
        if announcement is not None:
            text = check_length("announcement", announcement, MAX_ANNOUNCEMENT)
            await self._change(who, group, EntryKind.ANNOUNCEMENT, {"announcement": text}, text)
        return await self.get(who, group)

    async def set_fields(self, who: Identity, group: int, fields: dict[str, Any]) -> None:
        """Whoever leads the group changes columns of it (``effects.CHANGEABLE``) that nobody reads.

        Raises ``NotFound`` or ``Forbidden``.
        """
        await self._change(who, group, EntryKind.SETTINGS, fields, None)

    async def dissolve(self, who: Identity, group: int) -> None:
        """The owner ends the group. Raises ``NotFound`` or ``Forbidden``."""

        def read(cursor: Cursor) -> list[int]:
            conversation = seat_of(cursor, group, who.user).conversation
            latest = members.latest(cursor, conversation, self._most_members)
            return [user for user, _ in latest]

        people = await self._database.read(read)
        await self._leading.act(
            who,
            group,
            "owner",
            lambda seat: (EntryKind.DISSOLVED, effects.Dissolve(), {}, None),
        )
        self._states.changed(people, "groups")

    # Inside

    async def _mute(self, who: Identity, group: int, kind: EntryKind, effect: effects.Mute) -> None:
        user = effect.user
        change = kind, effect, {"users": [user]}, None
        await self._leading.act(who, group, "admin", lambda seat: change, over=user)
        self._states.changed([user], "groups")

    async def _change(
        self, who: Identity, group: int, kind: EntryKind, fields: dict[str, Any], text: str | None
    ) -> None:
        await self._leading.act(
            who, group, "admin", lambda seat: (kind, effects.GroupChange(fields), {}, text)
        )
