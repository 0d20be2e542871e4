"""For administrators: people, who may register, invitations, the audit log, settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from pydantic import SecretStr

from handlers.account import me
from handlers.operation import ApiHandler, operation
from handlers.qr import qr_picture
from im.protocol import admin_bodies as bodies
from im.services.identity import Identity
from im.services.live_figures import Figures, read_figures
from im.services.registration import Override, Policy
from im.store.invitations import InvitationRow
from im.store.nodes import LIVE_MS
from im.store.users import UserRow, Wanted


class PeopleHandler(ApiHandler):
    """``/api/admin/users``"""

    @operation(
        "Look through all accounts",
        access="admin",
        scope="admin",
        query=bodies.PeopleQuery,
        answer=bodies.People,
    )
    async def get(self, who: Identity, query: bodies.PeopleQuery) -> bodies.People:
        """By id; ``after`` of an answer leads to its next page."""
        wanted = Wanted(query.q, query.kind, query.role, query.disabled)
        rows = await self.messenger.people.administration.page(
            who, wanted, query.after, query.limit
        )
        return bodies.People(
            users=[self._account(row) for row in rows],
            after=rows[-1].id if len(rows) == query.limit else None,
        )

    def _account(self, row: UserRow) -> bodies.Account:
        own = me(row)
        return bodies.Account(
            **{name: getattr(own, name) for name in own.__struct_fields__},
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            disabled_at=row.disabled_at,
            second_factor=bool(row.has_second_factor),
            must_change_password=bool(row.must_change_password),
            online=self.messenger.presence.of(row.id, 0).online,
        )


class BanHandler(ApiHandler):
    """``/api/users/{user}/ban``"""

    @operation("Let someone in no more", access="admin", scope="admin", body=bodies.Ban)
    async def put(self, who: Identity, body: bodies.Ban, user: int) -> None:
        """Their sessions, tokens and sockets end on every node; what they wrote stays.

        The reason stands in the audit log.
        """
        await self.messenger.people.administration.ban(who, user)
        reason = {"reason": body.reason.strip()} if body.reason.strip() else {}
        await self.note("user.banned", who, f"u:{user}", **reason)

    @operation("Let someone in again", access="admin", scope="admin")
    async def delete(self, who: Identity, user: int) -> None:
        """They log in as before."""
        await self.messenger.people.administration.unban(who, user)
        await self.note("user.unbanned", who, f"u:{user}")


class ResetHandler(ApiHandler):
    """``/api/users/{user}/reset``"""

    @operation(
        "Give someone a password for one log-in",
        access="admin",
        scope="admin",
        body=bodies.Reset,
        answer=bodies.ResetAnswer,
    )
    async def post(self, who: Identity, body: bodies.Reset, user: int) -> bodies.ResetAnswer:
        """They choose their own at that log-in; their sessions and tokens end."""
        given = await self.messenger.people.administration.reset_password(
            who, user, body.password, second_factor=body.second_factor
        )
        await self.note("user.reset", who, f"u:{user}", second_factor=body.second_factor)
        return bodies.ResetAnswer(password=given)


class RegistrationHandler(ApiHandler):
    """``/api/admin/registration``"""

    @operation("Who may register", access="admin", scope="admin", answer=bodies.RegistrationAnswer)
    async def get(self, who: Identity) -> bodies.RegistrationAnswer:
        """What holds now, and what of it was said here rather than in the file."""
        registration = self.messenger.people.registration
        return _registration(await registration.current(), await registration.override())

    @operation(
        "Say who may register",
        access="admin",
        scope="admin",
        body=bodies.RegistrationChange,
        answer=bodies.RegistrationAnswer,
    )
    async def put(
        self, who: Identity, body: bodies.RegistrationChange
    ) -> bodies.RegistrationAnswer:
        """At once and on every node; null leaves it to the file again."""
        override = Override(body.policy, body.guests)
        current = await self.messenger.people.registration.set(who, override)
        await self.note("registration.changed", who, policy=current.policy, guests=current.guests)
        return _registration(current, override)


class InvitationsHandler(ApiHandler):
    """``/api/admin/invitations``"""

    @operation(
        "Invitations that are good", access="admin", scope="admin", answer=bodies.Invitations
    )
    async def get(self, who: Identity) -> bodies.Invitations:
        """The newest first, without their codes."""
        rows = await self.messenger.people.invitations.of(who)
        return bodies.Invitations(
            invitations=[bodies.InvitationAnswer(**_invitation(row)) for row in rows]
        )

    @operation(
        "Make an invitation",
        access="admin",
        scope="admin",
        body=bodies.NewInvitation,
        answer=bodies.MadeInvitation,
    )
    async def post(self, who: Identity, body: bodies.NewInvitation) -> bodies.MadeInvitation:
        """The address leads to the registration page. Into a group only by who leads it."""
        made = await self.messenger.people.invitations.create(
            who, body.note, body.uses, body.days, body.group
        )
        await self.note("invitation.made", who, f"i:{made.row.id}", uses=body.uses)
        url = self.address_to_share(f"/toRegister?invitation={quote(made.code)}")
        return bodies.MadeInvitation(
            code=made.code, url=url, qr=qr_picture(url), **_invitation(made.row)
        )


class InvitationHandler(ApiHandler):
    """``/api/admin/invitations/{invitation}``"""

    @operation("Revoke an invitation", access="admin", scope="admin")
    async def delete(self, who: Identity, invitation: int) -> None:
        """Who came by it stays."""
        await self.messenger.people.invitations.revoke(who, invitation)
        await self.note("invitation.revoked", who, f"i:{invitation}")


class AuditHandler(ApiHandler):
    """``/api/admin/audit``"""

    @operation(
        "Who did what",
        access="admin",
        scope="admin",
        query=bodies.AuditQuery,
        answer=bodies.Acts,
    )
    async def get(self, who: Identity, query: bodies.AuditQuery) -> bodies.Acts:
        """The newest first; ``before`` of an answer leads to its next page."""
        page = await self.messenger.people.audit.page(
            who, query.before, query.limit, query.action, query.actor
        )
        return bodies.Acts(
            acts=[
                bodies.Act(
                    id=row.id,
                    at=row.at,
                    actor=row.actor,
                    action=row.action,
                    target=row.target,
                    address=row.address,
                    detail=row.detail,
                )
                for row in page.rows
            ],
            before=page.before,
        )


class NodesHandler(ApiHandler):
    """``/api/admin/nodes``"""

    @operation(
        "The nodes with their live figures",
        access="admin",
        scope="admin",
        query=bodies.NodesQuery,
        answer=bodies.Nodes,
    )
    async def get(self, who: Identity, query: bodies.NodesQuery) -> bodies.Nodes:
        """From any node. The series is what this one has heard since its start, an hour at most.

        A node that ended without taking its leave is in it for a day, as not alive.
        """
        register = self.messenger.register
        rows, now = await register.known()
        return bodies.Nodes(
            nodes=[
                bodies.Node(
                    name=row.name,
                    address=row.address,
                    port=row.port,
                    version=row.version,
                    started_at=row.started_at,
                    heartbeat_at=row.heartbeat_at,
                    alive=row.heartbeat_at > now - LIVE_MS,
                    figures=_figures(read_figures(row)),
                    series=[
                        bodies.Point(at=point.at, figures=_figures(point.figures))
                        for point in register.series.of(row.name, query.points)
                    ],
                )
                for row in rows
            ],
            now=now,
            online=self.messenger.presence.count(),
        )


class SettingsHandler(ApiHandler):
    """``/api/admin/settings``"""

    @operation(
        "The settings of this node", access="admin", scope="admin", answer=bodies.SettingsAnswer
    )
    async def get(self, who: Identity) -> bodies.SettingsAnswer:
        """Limits and policies among them; of a secret only whether it is set."""
        return bodies.SettingsAnswer(
            settings={
                section: {name: _shown(getattr(table, name)) for name in type(table).model_fields}
                for section, table in (
                    (name, getattr(self.messenger.settings, name))
                    for name in type(self.messenger.settings).model_fields
                )
            }
        )


def _figures(figures: Figures) -> bodies.Figures:
    return msgspec.convert(figures, bodies.Figures, from_attributes=True)


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return bool(value.get_secret_value())
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return [str(item) for item in value] if isinstance(value, tuple) else str(value)


def _registration(current: Policy, override: Override) -> bodies.RegistrationAnswer:
    return bodies.RegistrationAnswer(
        policy=current.policy,
        guests=current.guests,
        changed=bodies.RegistrationChange(policy=override.policy, guests=override.guests),
    )


def _invitation(row: InvitationRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "created_by": row.created_by,
        "note": row.note,
        "uses_left": row.uses_left,
        "uses": row.uses,
        "group": row.group,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }
