"""People: look up; and for administrators make, change, remove."""

from __future__ import annotations

from handlers.account import me
from handlers.operation import ApiHandler, operation
from im.errors import Invalid
from im.protocol import bodies
from im.protocol.names import MAX_ID
from im.protocol.server import User
from im.services import views
from im.services.identity import Identity

MAX_IDS = 200


class UsersHandler(ApiHandler):
    """``/api/users``"""

    @operation("Look people up", query=bodies.UsersQuery, answer=bodies.UsersAnswer, scope="read")
    async def get(self, who: Identity, query: bodies.UsersQuery) -> bodies.UsersAnswer:
        """By ids, or by a part of the name (at most 50)."""
        if query.ids is not None:
            ids = [int(part) for part in query.ids.split(",")]
            if len(ids) > MAX_IDS or max(ids) > MAX_ID:
                raise Invalid("ids", field="ids", values={"field": "ids"})
            rows = await self.messenger.accounts.several(ids)
        elif query.q is not None and query.q.strip():
            rows = await self.messenger.accounts.find(query.q)
        else:
            raise Invalid("ids or q", field="q", values={"field": "q"})
        return bodies.UsersAnswer(users=[views.user(row) for row in rows])

    @operation(
        "Make an account for someone",
        access="admin",
        body=bodies.NewUser,
        answer=User,
        scope="admin",
    )
    async def post(self, who: Identity, body: bodies.NewUser) -> User:
        """For administrators. A bot gets no password but tokens."""
        accounts = self.messenger.accounts
        if body.kind == "bot":
            row = await accounts.create_bot(who, body.name)
        else:
            row = await accounts.create(
                who, body.name, body.password, phone=body.phone, email=body.email, role=body.role
            )
        await self.note("user.made", who, f"u:{row.id}", kind=row.kind, role=row.role)
        return views.user(row)


class UserHandler(ApiHandler):
    """``/api/users/{user}``"""

    @operation("Someone", answer=User, scope="read")
    async def get(self, who: Identity, user: int) -> User:
        """What others may know of them."""
        return views.user(await self.messenger.accounts.get(user))

    @operation(
        "Change someone", access="admin", body=bodies.UserChange, answer=bodies.Me, scope="admin"
    )
    async def patch(self, who: Identity, body: bodies.UserChange, user: int) -> bodies.Me:
        """For administrators."""
        changes = {
            name: value
            for name in body.__struct_fields__
            if (value := getattr(body, name)) is not None
        }
        row = await self.messenger.accounts.update(who, user, changes)
        role = {"role": changes["role"]} if "role" in changes else {}
        await self.note("user.changed", who, f"u:{user}", fields=sorted(changes), **role)
        return me(row)

    @operation(
        "Remove someone: what they wrote stays, without their name", access="admin", scope="admin"
    )
    async def delete(self, who: Identity, user: int) -> None:
        """For administrators."""
        await self.messenger.accounts.delete(who, user)
        await self.note("user.deleted", who, f"u:{user}")
