"""The tutorial's HTTP routes: its names and forms on the same services as the API.

Who asks is said by the token (session cookie, ``Authorization: Bearer``, or the field ``token``),
never by ``userId``. Passwords come in bodies only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from handlers.operation import ApiHandler, operation
from im.errors import AlreadyExists, Forbidden, Invalid, Malformed, MethodNotAllowed, NotFound
from im.protocol import names
from im.protocol import tutorial_bodies as bodies
from im.protocol.server import GroupSummary, User
from im.protocol.tutorial import ServerFrame, TutorialAnswer
from im.services.identity import Identity
from im.store.users import UserRow


class _Token(msgspec.Struct):
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list of ``total``."""

    rows: list[Any]
    total: int


class TutorialHandler(ApiHandler):
    """A route of the tutorial: POST, answered in its envelope."""

    curl = ""
    """The fields of a call that works, for ``curl``."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Given by the routes."""
        super().initialize(*args, **kwargs)
        self._said = "ok"

    async def get(self, *path: Any, **named: Any) -> None:
        """Refused: what changes something, or carries a password, is no address."""
        self._refuse_method()

    async def prepare(self) -> None:
        """Refuse a password in an address, which lands in logs and histories."""
        await super().prepare()
        if self.request.method == "POST" and "password" in self.request.query_arguments:
            raise Malformed(self._example(), field="password", values={"reason": "address"})

    def session_token(self) -> str | None:
        """The header's token, else the field's, else the cookie's."""
        return self.bearer_token() or self._field_token() or super().session_token()

    def check_xsrf_cookie(self) -> None:
        """Whoever shows the token in the body can't be made to by another site's page."""
        if self._field_token() is None:
            super().check_xsrf_cookie()

    def allowed_methods(self) -> list[str]:
        """What the route is for."""
        return ["POST"]

    def say(self, key: str) -> None:
        """What the answer says to people."""
        self._said = self.messenger.catalogue.translate(self.language, key)

    def answer(self, data: Any) -> None:
        """Finish with the tutorial's envelope; a list is given with the length of the whole."""
        part = Part(data, len(data)) if isinstance(data, list) else data
        answer = TutorialAnswer(message=self._said, data=data)
        if isinstance(part, Part):
            answer.data = answer.rows = part.rows
            answer.total = part.total
        self.write_json(answer)

    def _refuse_method(self) -> NoReturn:
        raise MethodNotAllowed(self._example(), values={"reason": "example"})

    def _example(self) -> str:
        fields = "".join(f" -d '{field}'" for field in self.curl.split())
        return f"curl{fields} {self.request.protocol}://{self.request.host}{self.request.path}"

    def _field_token(self) -> str | None:
        """The body's token; None without one, or in a body that nobody can read."""
        content_type = self.request.headers.get("Content-Type", "").partition(";")[0].strip()
        if content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            return self.get_body_argument("token", None) or None
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=_Token).token or None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None


class UserListHandler(TutorialHandler):
    """``/user/getUserList``"""

    @operation("People by id", query=bodies.ListQuery, answer=list[bodies.Person], scope="read")
    async def get(self, who: Identity, query: bodies.ListQuery) -> Part:
        """Administrators see phone and e-mail too. ``total`` counts all."""
        rows, total = await self.messenger.accounts.page(query.after, query.limit)
        return Part([_person(row, who) for row in rows], total)

    def allowed_methods(self) -> list[str]:
        """What the route is for."""
        return ["GET", "HEAD"]

    def post(self) -> None:
        """Refused: nothing is changed here."""
        address = f"{self.request.protocol}://{self.request.host}{self.request.path}"
        example = f"curl -H 'Authorization: Bearer TOKEN' {address}"
        raise MethodNotAllowed(example, values={"reason": "example"})


class CreateUserHandler(TutorialHandler):
    """``/user/createUser``"""

    curl = "name=NAME password=PASSWORD repassword=PASSWORD"

    @operation("新增用户", access="anyone", body=bodies.CreateUser, answer=bodies.Person)
    async def post(self, body: bodies.CreateUser) -> bodies.Person:
        """Anyone where registration is open, else administrators."""
        who = await self.identify()
        accounts = self.messenger.accounts
        if who is not None and who.is_admin:
            if body.password != body.repassword:
                values = {"reason": "password_differs"}
                raise Invalid("passwords differ", field="repassword", values=values)
            row = await accounts.create(
                who, body.name, body.password, phone=body.phone, email=body.email
            )
        else:
            row = await accounts.register(
                body.name,
                body.password,
                body.repassword,
                phone=body.phone,
                email=body.email,
                language=self.language,
                address=self.client_address,
            )
        act = "user.made" if who is not None and who.is_admin else "user.registered"
        await self.note(act, who if who is not None else row.id, f"u:{row.id}", role=row.role)
        self.say("tutorial.created")
        return _person(row, None)


class DeleteUserHandler(TutorialHandler):
    """``/user/deleteUser``"""

    curl = "id=ID password=PASSWORD token=TOKEN"

    @operation("删除用户", body=bodies.DeleteUser)
    async def post(self, who: Identity, body: bodies.DeleteUser) -> None:
        """Oneself, with the password, or anyone for administrators. What they wrote stays."""
        await self.messenger.accounts.delete(who, body.id, body.password)
        await self.note("user.deleted", who, f"u:{body.id}")
        if body.id == who.user:
            self.end_cookie()
        self.say("tutorial.deleted")


class UpdateUserHandler(TutorialHandler):
    """``/user/updateUser``"""

    curl = "id=ID name=NAME password=PASSWORD phone=PHONE email=EMAIL token=TOKEN"

    @operation("修改用户", body=bodies.UpdateUser, answer=bodies.Person)
    async def post(self, who: Identity, body: bodies.UpdateUser) -> bodies.Person:
        """Oneself, or anyone for administrators. A new password ends the other sessions."""
        if body.id != who.user:
            who.check_admin()
        changes = {
            name: value
            for name in ("name", "password", "phone", "email")
            if (value := getattr(body, name))
        }
        if body.icon:
            changes["avatar"] = _icon(body.icon)
        row = await self.messenger.accounts.update(who, body.id, changes)
        if body.id != who.user or "password" in changes:
            await self.note("user.changed", who, f"u:{body.id}", fields=sorted(changes))
        self.say("tutorial.updated")
        return _person(row, who)


class LoginHandler(TutorialHandler):
    """``/user/findUserByNameAndPwd``"""

    curl = "name=NAME password=PASSWORD"

    @operation("登录", access="anyone", body=bodies.FindByPassword, answer=bodies.Person)
    async def post(self, body: bodies.FindByPassword) -> bodies.Person:
        """The token is in ``identity``. An unknown name is answered as a wrong password is."""
        row = await self.messenger.people.log_in.authenticate(
            body.name, body.password, self.client_address
        )
        token = await self.messenger.sessions.open(
            row.id, row.kind, self.request.headers.get("User-Agent", ""), self.client_address
        )
        person = _person(row, None)
        person.identity = token
        person.phone, person.email = row.phone or "", row.email or ""
        return person


class FindUserHandler(TutorialHandler):
    """``/user/find``"""

    curl = "userId=ID token=TOKEN"

    @operation("Someone", body=bodies.FindUser, answer=bodies.Person, scope="read")
    async def post(self, who: Identity, body: bodies.FindUser) -> bodies.Person:
        """By id."""
        return _person(await self.messenger.accounts.get(body.user_id), who)


class FriendsHandler(TutorialHandler):
    """``/searchFriends``"""

    curl = "userId=ID token=TOKEN"

    @operation("My contacts", body=bodies.Mine, answer=list[bodies.Person], scope="read")
    async def post(self, who: Identity, body: bodies.Mine) -> list[bodies.Person]:
        """Those who have accepted."""
        _check_mine(who, body.user_id, "userId")
        return [
            _other(contact.user)
            for contact in await self.messenger.contacts.of(who)
            if contact.state == "accepted"
        ]


class AddFriendHandler(TutorialHandler):
    """``/contact/addfriend``"""

    curl = "userId=ID targetName=NAME token=TOKEN"

    @operation("Become contacts", body=bodies.AddFriend, answer=bodies.Friendship, scope="contacts")
    async def post(self, who: Identity, body: bodies.AddFriend) -> bodies.Friendship:
        """Asks them; when they have asked already, both are contacts at once."""
        _check_mine(who, body.user_id, "userId")
        try:
            state = await self.messenger.contacts.ask(who, body.target_name)
        except AlreadyExists:
            raise AlreadyExists("contacts already", values={"reason": "friend"}) from None
        except Invalid as error:
            if error.values.get("reason") != "oneself":
                raise
            values = {"reason": "yourself"}
            raise Invalid("oneself", field="targetName", values=values) from None
        self.say("tutorial.befriended" if state == "accepted" else "tutorial.requested")
        return bodies.Friendship(state=state)


class CreateCommunityHandler(TutorialHandler):
    """``/contact/createCommunity``"""

    curl = "ownerId=ID name=NAME icon= cate=CATEGORY memo=NOTE token=TOKEN"

    @operation("Make a group", body=bodies.CreateCommunity, answer=bodies.Community, scope="groups")
    async def post(self, who: Identity, body: bodies.CreateCommunity) -> bodies.Community:
        """Its number is in ``id``."""
        _check_mine(who, body.owner_id, "ownerId")
        icon = _icon(body.icon) if body.icon else None
        group = await self.messenger.groups.create(
            who, body.name, note=body.memo, category=body.cate, icon=icon
        )
        return _community(group)


class LoadCommunityHandler(TutorialHandler):
    """``/contact/loadcommunity``"""

    curl = "ownerId=ID token=TOKEN"

    @operation("My groups", body=bodies.LoadCommunity, answer=list[bodies.Community], scope="read")
    async def post(self, who: Identity, body: bodies.LoadCommunity) -> list[bodies.Community]:
        """By name."""
        _check_mine(who, body.owner_id, "ownerId")
        return [_community(group) for group in await self.messenger.groups.of(who)]


class JoinGroupHandler(TutorialHandler):
    """``/contact/joinGroup``"""

    curl = "userId=ID comId=NUMBER_OR_NAME token=TOKEN"

    @operation("Join a group", body=bodies.JoinGroup, answer=bodies.Community, scope="groups")
    async def post(self, who: Identity, body: bodies.JoinGroup) -> bodies.Community:
        """By its number or name."""
        _check_mine(who, body.user_id, "userId")
        return _community(await self.messenger.joining.join(who, body.com_id))


class PrivateLogHandler(TutorialHandler):
    """``/user/redisMsg``"""

    curl = "userIdA=ID userIdB=ID start=0 end=9 isRev=false token=TOKEN"

    @operation(
        "A range of a private log", body=bodies.PrivateLog, answer=list[ServerFrame], scope="read"
    )
    async def post(self, who: Identity, body: bodies.PrivateLog) -> Part:
        """From the database, at most 500 messages; ``total`` counts all."""
        if who.user not in (body.user_id_a, body.user_id_b):
            raise Forbidden("not yours", field="userIdA", values={"reason": "user_id"})
        other = body.user_id_b if body.user_id_a == who.user else body.user_id_a
        rows, total = await self.messenger.tutorial.private_log(
            who, other, body.start, body.end, oldest_first=body.is_rev
        )
        return Part(rows, total)


def _icon(address: str) -> int:
    """The uploaded picture at an address."""
    file = names.addressed_file(address)
    if file is None:
        raise NotFound("no such file", field="icon")
    return file


def _address(file: int | None) -> str:
    return names.file_address(file) if file is not None else ""


def _check_mine(who: Identity, given: int | None, field: str) -> None:
    if given not in (None, who.user):
        raise Forbidden("not yours", field=field, values={"reason": "user_id"})


def _person(row: UserRow, who: Identity | None) -> bodies.Person:
    person = bodies.Person(
        id=row.id,
        ID=row.id,
        name=row.name,
        icon=_address(row.avatar_id),
        kind=row.kind_shown,
        role=row.role,
        note=row.note,
    )
    if who is not None and (who.is_admin or who.user == row.id):
        person.phone, person.email = row.phone or "", row.email or ""
    return person


def _other(user: User) -> bodies.Person:
    return bodies.Person(
        id=user.id,
        ID=user.id,
        name=user.name,
        icon=_address(user.avatar),
        kind=user.kind,
        role=user.role,
        note=user.note,
    )


def _community(group: GroupSummary) -> bodies.Community:
    return bodies.Community(
        id=group.id,
        ID=group.id,
        name=group.name,
        owner_id=group.owner,
        icon=_address(group.icon),
        cate=group.category,
        memo=group.note,
        members=group.members,
    )
