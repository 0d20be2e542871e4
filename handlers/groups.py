"""Groups: make, join, lead, leave."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from im.protocol import bodies, own_lists
from im.protocol.server import GroupSummary
from im.services.identity import Identity


class GroupsHandler(ApiHandler):
    """``/api/groups``"""

    @operation(
        "My groups by name",
        query=own_lists.GroupsQuery,
        answer=bodies.GroupsAnswer,
        scope="read",
    )
    async def get(self, who: Identity, query: own_lists.GroupsQuery) -> bodies.GroupsAnswer:
        """Those that I am in; with ``member`` those that this person is in too."""
        groups = self.messenger.groups
        if query.member is None:
            return bodies.GroupsAnswer(groups=await groups.of(who))
        return bodies.GroupsAnswer(groups=await groups.in_common(who, query.member))

    @operation(
        "Make a group with its first members",
        body=bodies.NewGroup,
        answer=GroupSummary,
        scope="groups",
    )
    async def post(self, who: Identity, body: bodies.NewGroup) -> GroupSummary:
        """I become its owner."""
        return await self.messenger.groups.create(
            who,
            body.name,
            body.members,
            note=body.note,
            category=body.category,
            icon=body.icon,
        )


class JoinHandler(ApiHandler):
    """``/api/groups/join``"""

    @operation(
        "Join a group by its number or name",
        body=bodies.JoinGroup,
        answer=GroupSummary,
        scope="groups",
    )
    async def post(self, who: Identity, body: bodies.JoinGroup) -> GroupSummary:
        """A number is tried first. With the code of a link, the link's group.

        Where the group asks for approval: ``approval_needed``, and those who lead it are asked.
        """
        if body.code:
            return await self.messenger.joining.join_by_link(who, body.code)
        return await self.messenger.joining.join(who, str(body.group))


class GroupHandler(ApiHandler):
    """``/api/groups/{group}``"""

    @operation("A group that I am in", answer=GroupSummary, scope="read")
    async def get(self, who: Identity, group: int) -> GroupSummary:
        """To everyone else it does not exist."""
        return await self.messenger.groups.get(who, group)

    @operation(
        "Rename, describe or announce", body=bodies.GroupChange, answer=GroupSummary, scope="groups"
    )
    async def patch(self, who: Identity, body: bodies.GroupChange, group: int) -> GroupSummary:
        """For those who lead the group."""
        return await self.messenger.groups.change(
            who,
            group,
            name=body.name,
            note=body.note,
            category=body.category,
            announcement=body.announcement,
            approval=body.approval,
            shows_past=body.shows_past,
            leaders_invite=body.leaders_invite,
            icon=body.icon,
        )

    @operation("End a group of mine", scope="groups")
    async def delete(self, who: Identity, group: int) -> None:
        """For its owner."""
        await self.messenger.groups.dissolve(who, group)


class MembersHandler(ApiHandler):
    """``/api/groups/{group}/members``"""

    @operation(
        "Members of a group",
        query=bodies.MembersQuery,
        answer=bodies.MembersAnswer,
        scope="read",
    )
    async def get(
        self, who: Identity, query: bodies.MembersQuery, group: int
    ) -> bodies.MembersAnswer:
        """Who leads it first, then in the order in which they came; ``cursor`` leads on."""
        page = await self.messenger.groups.members(who, group, query.cursor, query.limit, query.q)
        presence, everyone = self.messenger.presence, page.everyone
        return bodies.MembersAnswer(
            online=None if everyone is None else presence.count_of(everyone),
            members=[
                bodies.MemberAnswer(
                    user=member.user,
                    role=member.role,
                    joined_seq=member.joined_seq,
                    silenced_until=member.silenced_until,
                    read_seq=member.read_seq,
                    delivered_seq=member.delivered_seq,
                )
                for member in page.members
            ],
            cursor=page.cursor,
        )

    @operation("Bring others in", body=bodies.NewMembers, scope="groups")
    async def post(self, who: Identity, body: bodies.NewMembers, group: int) -> None:
        """Every member may, unless the group leaves it to those who lead it."""
        await self.messenger.groups.add(who, group, body.users)


class MemberHandler(ApiHandler):
    """``/api/groups/{group}/members/{user}``"""

    @operation("Put someone out, or leave", scope="groups")
    async def delete(self, who: Identity, group: int, user: int) -> None:
        """Whoever leads the group may put out those of a lower role."""
        await self.messenger.groups.remove(who, group, user)


class RoleHandler(ApiHandler):
    """``/api/groups/{group}/members/{user}/role``"""

    @operation("Give a role, or hand the group over", body=bodies.Role, scope="groups")
    async def put(self, who: Identity, body: bodies.Role, group: int, user: int) -> None:
        """For its owner."""
        await self.messenger.groups.set_role(who, group, user, body.role)


class SilenceHandler(ApiHandler):
    """``/api/groups/{group}/members/{user}/silence``"""

    @operation("Keep a member from writing", body=bodies.Silence, scope="groups")
    async def put(self, who: Identity, body: bodies.Silence, group: int, user: int) -> None:
        """For those who lead the group; not against one who leads it too."""
        await self.messenger.groups.silence(who, group, user, body.minutes)

    @operation("Let a member write again", scope="groups")
    async def delete(self, who: Identity, group: int, user: int) -> None:
        """For those who lead the group."""
        await self.messenger.groups.unsilence(who, group, user)
