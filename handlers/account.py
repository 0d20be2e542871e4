"""Register, log in, be a guest, log out; oneself and one's sessions."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from im.protocol import bodies
from im.services import views
from im.services.identity import Identity
from im.store.users import UserRow


class RegisterHandler(ApiHandler):
    """``/api/register``"""

    @operation(
        "Make an account and log in", access="anyone", body=bodies.Register, answer=bodies.LoggedIn
    )
    async def post(self, body: bodies.Register) -> bodies.LoggedIn:
        """The first one who registers becomes the administrator."""
        row = await self.messenger.accounts.register(
            body.name,
            body.password,
            body.repassword,
            phone=body.phone,
            email=body.email,
            language=self.language,
            address=self.client_address,
            invitation=body.invitation,
        )
        await self.note("user.registered", row.id, f"u:{row.id}", role=row.role)
        return await self.log_in(row)

    async def log_in(self, row: UserRow) -> bodies.LoggedIn:
        """Begin a session."""
        token = await self.begin_session(row.id, row.kind)
        return bodies.LoggedIn(token=token, user=views.user(row))


class LoginHandler(RegisterHandler):
    """``/api/login``"""

    @operation(
        "Log in with name and password",
        access="anyone",
        body=bodies.Login,
        answer=bodies.LoggedIn,
    )
    async def post(self, body: bodies.Login) -> bodies.LoggedIn:
        """The same answer for an unknown name and a wrong password.

        ``code_needed`` asks for ``code``, ``password_change_needed`` for ``new_password``: send
        name and password again with it.
        """
        row = await self.messenger.people.log_in.authenticate(
            body.name,
            body.password,
            self.client_address,
            code=body.code,
            new_password=body.new_password,
        )
        return await self.log_in(row)


class GuestHandler(RegisterHandler):
    """``/api/guest``"""

    @operation("Come in as a guest", access="anyone", body=bodies.Guest, answer=bodies.LoggedIn)
    async def post(self, body: bodies.Guest) -> bodies.LoggedIn:
        """With a name of one's choice or one that is drawn."""
        row = await self.messenger.accounts.guest(body.name, self.language, self.client_address)
        return await self.log_in(row)


class LogoutHandler(ApiHandler):
    """``/api/logout``"""

    @operation("Log out: this session ends and its sockets close")
    async def post(self, who: Identity) -> None:
        """The cookie goes too."""
        await self.end_session(who)


class MeHandler(ApiHandler):
    """``/api/me``"""

    @operation("Who I am", answer=bodies.Me, scope="read")
    async def get(self, who: Identity) -> bodies.Me:
        """With what only oneself may see."""
        return me(await self.messenger.accounts.get(who.user))

    @operation("Change my profile", body=bodies.ProfileChange, answer=bodies.Me)
    async def patch(self, who: Identity, body: bodies.ProfileChange) -> bodies.Me:
        """What is left out stays."""
        changes = {name: getattr(body, name) for name in body.__struct_fields__}
        row = await self.messenger.accounts.change_profile(who, changes)
        # So that pages speak the same language after logging out.
        self.keep_preferences(body.language, body.theme)
        return me(row)

    @operation("Delete my account: what I wrote stays, without my name", body=bodies.DeleteAccount)
    async def delete(self, who: Identity, body: bodies.DeleteAccount) -> None:
        """The password is asked for. All sessions and tokens end.

        Groups of mine go to their administrator, or else the member, who came first.
        """
        await self.messenger.accounts.delete(who, who.user, body.password)
        await self.note("user.deleted", who, f"u:{who.user}")
        self.end_cookie()


class PasswordHandler(ApiHandler):
    """``/api/me/password``"""

    @operation("Change my password; all my other sessions end", body=bodies.PasswordChange)
    async def post(self, who: Identity, body: bodies.PasswordChange) -> None:
        """The old one is asked for."""
        await self.messenger.accounts.change_password(
            who, body.password, body.new_password, body.repassword
        )
        await self.note("password.changed", who, f"u:{who.user}")


class UpgradeHandler(ApiHandler):
    """``/api/me/register``"""

    @operation("A guest registers and keeps id and history", body=bodies.Register, answer=bodies.Me)
    async def post(self, who: Identity, body: bodies.Register) -> bodies.Me:
        """For guests only."""
        row = await self.messenger.accounts.upgrade(
            who,
            body.name,
            body.password,
            body.repassword,
            body.phone,
            body.email,
            body.invitation,
        )
        await self.note("user.registered", row.id, f"u:{row.id}", role=row.role)
        return me(row)


class SessionsHandler(ApiHandler):
    """``/api/sessions``"""

    @operation("My sessions, the last used first", answer=bodies.Devices)
    async def get(self, who: Identity) -> bodies.Devices:
        """One for each device that is logged in."""
        rows = await self.messenger.sessions.of_user(who.user)
        return bodies.Devices(
            sessions=[
                bodies.Device(
                    id=row.id,
                    device=row.device,
                    address=row.address,
                    created_at=row.created_at,
                    seen_at=row.seen_at,
                    current=row.id == who.session,
                )
                for row in rows
            ]
        )

    @operation("Log out everywhere else")
    async def delete(self, who: Identity) -> None:
        """All my sessions but this one end."""
        await self.messenger.sessions.revoke_all(who.user, keep=who.session)
        await self.note("sessions.ended", who, f"u:{who.user}")


class SessionHandler(ApiHandler):
    """``/api/sessions/{session}``"""

    @operation("End one of my sessions")
    async def delete(self, who: Identity, session: int) -> None:
        """Its sockets close on every node."""
        await self.messenger.sessions.revoke(who.user, session)
        if session == who.session:
            self.end_cookie()


def me(row: UserRow) -> bodies.Me:
    """A person as they see themselves."""
    return bodies.Me(
        id=row.id,
        name=row.name,
        kind=row.kind_shown,
        role=row.role,
        avatar=row.avatar_id,
        note=row.note,
        phone=row.phone,
        email=row.email,
        language=row.language,
        theme=row.theme,
    )
