"""The ways into a group: its link with a page of its own, and requests."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from handlers.pages import PageHandler
from handlers.qr import qr_picture
from im.errors import AlreadyExists, ApprovalNeeded
from im.protocol import access_bodies as bodies
from im.services.identity import Identity


class LinkHandler(ApiHandler):
    """``/api/groups/{group}/link``"""

    @operation("Until when the group's link is good", scope="read", answer=bodies.LinkAnswer)
    async def get(self, who: Identity, group: int) -> bodies.LinkAnswer:
        """For those who lead the group. The link itself is told only when it is made."""
        ends = await self.messenger.joining.link_expires_at(who, group)
        return bodies.LinkAnswer(expires_at=ends)

    @operation(
        "A new link into the group", scope="groups", body=bodies.LinkBody, answer=bodies.MadeLink
    )
    async def post(self, who: Identity, body: bodies.LinkBody, group: int) -> bodies.MadeLink:
        """For those who lead the group. The link before it is good no more."""
        link = await self.messenger.joining.make_link(who, group, body.days)
        await self.note("link.made", who, f"g:{group}")
        url = self.address_to_share(f"/join/{link.code}")
        return bodies.MadeLink(
            code=link.code, url=url, qr=qr_picture(url), expires_at=link.expires_at
        )

    @operation("Let the group's link be good no more", scope="groups")
    async def delete(self, who: Identity, group: int) -> None:
        """For those who lead the group."""
        await self.messenger.joining.revoke_link(who, group)
        await self.note("link.revoked", who, f"g:{group}")


class AskedHandler(ApiHandler):
    """``/api/groups/requests``"""

    @operation("Where I asked to be let in", scope="read", answer=bodies.AskedGroups)
    async def get(self, who: Identity) -> bodies.AskedGroups:
        """Those that wait, and those that were refused in the last week."""
        found = await self.messenger.joining.asked(who)
        return bodies.AskedGroups(
            requests=[
                bodies.AskedGroup(group=one.group, name=one.name, state=one.state, since=one.since)
                for one in found
            ]
        )


class RequestsHandler(ApiHandler):
    """``/api/groups/{group}/requests``"""

    @operation("Who asks to be let in", scope="read", answer=bodies.JoinRequests)
    async def get(self, who: Identity, group: int) -> bodies.JoinRequests:
        """For those who lead the group; the first first."""
        found = await self.messenger.joining.requests(who, group)
        return bodies.JoinRequests(
            requests=[
                bodies.JoinRequestAnswer(user=one.user, created_at=one.created_at) for one in found
            ]
        )


class RequestHandler(ApiHandler):
    """``/api/groups/{group}/requests/{user}``"""

    @operation("Let someone in who asks", scope="groups")
    async def put(self, who: Identity, group: int, user: int) -> None:
        """For those who lead the group."""
        await self.messenger.joining.accept(who, group, user)

    @operation("Don't let someone in who asks", scope="groups")
    async def delete(self, who: Identity, group: int, user: int) -> None:
        """For those who lead the group; or, for oneself, take back one's own request.

        Whoever is refused sees it, and may ask again after a while (`limits.ask_again_hours`).
        """
        await self.messenger.joining.refuse(who, group, user)


class JoinPage(PageHandler):
    """``/join/CODE``: whoever has the link, also on paper, comes into the group."""

    async def get(self, code: str) -> None:
        """Ask whether to join; who is unknown logs in or registers first and comes back."""
        if self._identity is None:
            self.redirect(f"/?next=/join/{code}")
            return
        door = await self.messenger.joining.look(code)
        self.xsrf_token  # noqa: B018 - reading it sets the cookie
        self.render("join.html", door=door, asked=False)

    async def post(self, code: str) -> None:
        """Join, or ask to be let in."""
        who = await self.require()
        door = await self.messenger.joining.look(code)
        try:
            await self.messenger.joining.join_by_link(who, code)
        except AlreadyExists:
            pass
        except ApprovalNeeded:
            self.render("join.html", door=door, asked=True)
            return
        self.redirect(f"/toChat#/chats/g:{door.group}", status=303)
