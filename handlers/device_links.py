"""A further device logs in: the link that a logged-in one shows, and the page that it opens."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from handlers.pages import PageHandler
from handlers.qr import qr_picture
from im.errors import ImError
from im.protocol import access_bodies as bodies
from im.services.identity import Identity
from im.store.device_links import LinkRow


class DeviceLinkHandler(ApiHandler):
    """``/api/sessions/link``"""

    @operation("What became of my link for a further device", answer=bodies.DeviceLinkAnswer)
    async def get(self, who: Identity) -> bodies.DeviceLinkAnswer:
        """That of this session. The link itself is told only when it is made."""
        state = await self.messenger.people.device_links.state(who)
        if state is None:
            return bodies.DeviceLinkAnswer()
        return bodies.DeviceLinkAnswer(expires_at=state.expires_at, opened=state.opened)

    @operation(
        "A link that logs a further device in",
        body=bodies.DeviceLinkBody,
        answer=bodies.MadeDeviceLink,
    )
    async def post(self, who: Identity, body: bodies.DeviceLinkBody) -> bodies.MadeDeviceLink:
        """Good once and for two minutes, while this session lasts; the one before is good no more.

        The password is asked for, and ``code_needed`` asks for a code. Not for guests, who have
        neither.
        """
        made = await self.messenger.people.device_links.make(who, body.password, body.code)
        await self.note("sessions.link_made", who, f"u:{who.user}")
        # Behind #, so that it is in no log, and in no Referer.
        url = self.address_to_share(f"/link#{made.code}")
        return bodies.MadeDeviceLink(
            code=made.code, url=url, qr=qr_picture(url), expires_at=made.expires_at
        )

    @operation("Let my link for a further device be good no more")
    async def delete(self, who: Identity) -> None:
        """Whoever came in by it stays logged in."""
        await self.messenger.people.device_links.take_back(who)


class DeviceLinkPage(PageHandler):
    """``/link``: the code stands behind #, where only a script sees it, or is typed."""

    def get(self) -> None:
        """Ask for the code."""
        self.show()

    async def post(self) -> None:
        """Say whom the code would log in, and once that was confirmed, log them in."""
        code = self.get_body_argument("code", "")
        try:
            found = await self.messenger.people.device_links.look(code, self.client_address)
            if self._confirmed(found):
                await self._log_in(code)
                return
        except ImError as error:
            self.set_status(error.status)
            self.show(error=error)
            return
        self.show(code, found)

    def _confirmed(self, found: LinkRow) -> bool:
        """Whether the question was answered that would be asked now."""
        asked = self.get_body_argument("confirmed", "")
        return not self._is_here(found) and asked == self._question(found)

    async def _log_in(self, code: str) -> None:
        begun = await self.messenger.people.device_links.open(
            code, self.device, self.client_address
        )
        await self.note("sessions.linked", begun.user, f"u:{begun.user}", session=begun.session)
        await self.keep_session(begun.token)
        self.redirect("/toChat", status=303)

    def _is_here(self, found: LinkRow) -> bool:
        return self._identity is not None and self._identity.user == found.user

    def _question(self, found: LinkRow) -> str:
        """Whom to log in, and who is logged in here now, as one word."""
        return f"{found.user}.{self._identity.user if self._identity is not None else 0}"

    def show(
        self, code: str = "", found: LinkRow | None = None, error: ImError | None = None
    ) -> None:
        """Render the page: for a code, or for whom it was found to be."""
        self.xsrf_token  # noqa: B018 - reading it sets the cookie
        self.render(
            "link.html",
            code=code,
            found=found,
            here=self._identity,
            is_here=found is not None and self._is_here(found),
            question=self._question(found) if found is not None else "",
            error=self.messenger.catalogue.explain(self.language, error) if error else None,
            field="code" if error else None,
        )
