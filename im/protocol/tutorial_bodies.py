"""Bodies and answers of the tutorial's HTTP routes, with the tutorial's names.

Every body may also have ``token``, as a form field or in JSON, which says who asks.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from im.protocol.bodies import LongText, Password, Text
from im.protocol.client import UserId

Index = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]


class ListQuery(Struct, kw_only=True):
    """Which people: by id, after one, so many."""

    after: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000


class CreateUser(Struct, kw_only=True):
    """A new account."""

    name: Text
    password: Password
    repassword: Password
    phone: Text | None = None
    email: Text | None = None


class DeleteUser(Struct, kw_only=True):
    """Whom to remove; the password when it is oneself."""

    id: UserId
    password: str = ""


class UpdateUser(Struct, kw_only=True):
    """What to change of whom; what is empty or left out stays."""

    id: UserId
    name: Text = ""
    password: Password = ""
    phone: Text = ""
    email: Text = ""
    icon: Text = ""


class FindByPassword(Struct, kw_only=True):
    """A log-in."""

    name: Text
    password: Password


class FindUser(Struct, kw_only=True, rename="camel"):
    """Whom to look up."""

    user_id: UserId


class Mine(Struct, kw_only=True, rename="camel"):
    """Oneself; the token says who that is."""

    user_id: UserId | None = None


class AddFriend(Mine, kw_only=True, rename="camel"):
    """Whom to ask to become contacts, by name."""

    target_name: Text


class CreateCommunity(Struct, kw_only=True, rename="camel"):
    """A new group of one's own: name, icon, category, note."""

    name: Text
    owner_id: UserId | None = None
    icon: Text = ""
    cate: Text = ""
    memo: LongText = ""


class LoadCommunity(Struct, kw_only=True, rename="camel"):
    """Whose groups; the token says who that is."""

    owner_id: UserId | None = None


class JoinGroup(Mine, kw_only=True, rename="camel"):
    """A group's number or name."""

    com_id: Text


class PrivateLog(Struct, kw_only=True, rename="camel"):
    """A range of what two people wrote to each other, as Redis counts: both ends are included.

    Attributes:
        start, end: 0 is the first, -1 the last.
        is_rev: count from the oldest; else from the newest.
    """

    user_id_a: UserId
    user_id_b: UserId
    start: Index = 0
    end: Index = -1
    is_rev: bool = False


class Person(Struct, kw_only=True):
    """A person. Phone and e-mail are for themselves and for administrators.

    Attributes:
        ID: the same as ``id``, as the tutorial's pages have it.
        identity: the token of a new session, told once.
    """

    id: int
    ID: int
    name: str
    icon: str = ""
    kind: str = "user"
    role: str = "user"
    note: str = ""
    phone: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    identity: str | UnsetType = UNSET


class Community(Struct, kw_only=True):
    """A group."""

    id: int
    ID: int
    name: str
    owner_id: int = field(name="ownerId")
    icon: str = ""
    cate: str = ""
    memo: str = ""
    members: int = 0


class Friendship(Struct, kw_only=True):
    """What became of a request: ``outgoing`` or ``accepted``."""

    state: str
