"""What is searched for, and what is found.

Ranges are ``[begin, end)`` in code points (not UTF-16 units) of a text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from im.protocol.client import Conversation, Media, UserId
from im.protocol.server import User

Range = tuple[int, int]
Time = Annotated[int, Meta(ge=0, le=2**53 - 1, description="UTC ms")]


class MessageHit(Struct, kw_only=True):
    """A message that was found. Its place is opened by ``sync`` with ``around``.

    Attributes:
        text: as much of the message as is shown; ``cut_start`` and ``cut_end``: there is more.
        ranges: what was looked for, in ``text``.
    """

    conv: str
    seq: int
    sender: int = field(name="from")
    time: int
    media: Media
    text: str
    ranges: list[Range]
    cut_start: bool = False
    cut_end: bool = False


class ConversationName(Struct, kw_only=True):
    """What to call a conversation: a private one has a ``peer``, a group's a ``group``."""

    conv: str
    title: str
    peer: int | None = None
    group: int | None = None


class NameHit(Struct, kw_only=True):
    """A person or group whose name was found.

    Attributes:
        conv: the conversation to open.
        id: the person's or the group's.
        title: what the person is called by the one who asks: the remark if there is one.
        name: the name that everyone sees.
        picture: id of the avatar or icon.
        ranges: what was looked for, in ``title``; empty when it is only in ``name``.
    """

    kind: Literal["contact", "group", "person"]
    conv: str
    id: int
    title: str
    name: str
    picture: int | None = None
    ranges: list[Range]


class MessageSearchQuery(Struct, kw_only=True):
    """What to look for, and where; without words everything that ``from`` wrote."""

    q: Annotated[str, Meta(max_length=100)] = ""
    conv: Conversation | None = None
    sender: UserId | None = field(default=None, name="from")
    after: Time | None = None
    before: Time | None = None
    cursor: Annotated[str, Meta(max_length=128)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class MessageSearchAnswer(Struct, kw_only=True):
    """A page of what was found; no ``cursor`` at the end.

    ``incomplete``: the search was given up before it had looked at everything; more words, a person
    or a time make it smaller.
    """

    hits: list[MessageHit]
    conversations: list[ConversationName]
    users: list[User]
    cursor: str | None = None
    incomplete: bool = False


class NameSearchQuery(Struct, kw_only=True):
    """A part of a name."""

    q: Annotated[str, Meta(min_length=1, max_length=64)]


class NameSearchAnswer(Struct, kw_only=True):
    """Names by kind, the best first."""

    contacts: list[NameHit]
    groups: list[NameHit]
    people: list[NameHit]
