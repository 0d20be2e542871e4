"""Bodies and answers of the HTTP API. Times are UTC ms; ``None`` in a change leaves a value."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from im.errors import Malformed
from im.protocol.client import Conversation, Key, Sequence, UserId
from im.protocol.server import ConversationSummary, Entry, File, GroupSummary, User

T = TypeVar("T")

Text = Annotated[str, Meta(max_length=256)]
Password = Annotated[str, Meta(max_length=256)]
LongText = Annotated[str, Meta(max_length=4000)]
WAVEFORM_STEPS = 100
LOUDEST = 100


class Answer(Struct, Generic[T], kw_only=True):
    """What surrounds every answer: ``code`` 0 with ``data``, or -1 with ``error``.

    Attributes:
        message: ``ok``, or a sentence for people in their language.
        error: the error's stable name.
        field: the input that is wrong.
        retry_after: ms after which to try again.
    """

    code: Literal[0, -1] = 0
    message: str = "ok"
    data: T | None = None
    error: str | UnsetType = UNSET
    field: str | UnsetType | None = UNSET
    retry_after: int | UnsetType | None = UNSET


class Register(Struct, kw_only=True):
    """A new account; phone and e-mail may be left out or empty."""

    name: Text
    password: Password
    repassword: Password
    phone: Text | None = None
    email: Text | None = None
    invitation: Text = ""


class Login(Struct, kw_only=True):
    """Name and password; a ``code`` or a new password when the answer asks for one."""

    name: Text
    password: Password
    code: Text = ""
    new_password: Password = ""


class Guest(Struct, kw_only=True):
    """A guest's name; drawn when absent."""

    name: Text | None = None


class LoggedIn(Struct, kw_only=True):
    """A session has begun. The token is told only here; a browser has it in its cookie."""

    token: str
    user: User


class Me(Struct, kw_only=True):
    """Oneself."""

    id: int
    name: str
    kind: str
    role: str
    avatar: int | None = None
    note: str = ""
    phone: str | None = None
    email: str | None = None
    language: str = ""
    theme: str = ""


class ProfileChange(Struct, kw_only=True):
    """What to change of oneself; an empty phone or e-mail removes it, as 0 does the avatar."""

    name: Text | None = None
    phone: Text | None = None
    email: Text | None = None
    note: Text | None = None
    language: Text | None = None
    theme: Text | None = None
    avatar: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None


class PasswordChange(Struct, kw_only=True):
    """A new password; all other sessions end."""

    password: Password
    new_password: Password
    repassword: Password


class DeleteAccount(Struct, kw_only=True):
    """The password; guests have none."""

    password: Password = ""


class Device(Struct, kw_only=True):
    """A session: one device's log-in."""

    id: int
    device: str
    address: str
    created_at: int
    seen_at: int
    current: bool


class Devices(Struct, kw_only=True):
    """One's sessions."""

    sessions: list[Device]


class ConversationsQuery(Struct, kw_only=True):
    """Which page of the list."""

    cursor: Text | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 100


class ConversationsAnswer(Struct, kw_only=True):
    """A page of the list; no ``cursor`` at the end."""

    conversations: list[ConversationSummary]
    users: list[User]
    cursor: str | None = None


class MessagesQuery(Struct, kw_only=True):
    """Which page of which log; the newest without a place."""

    conv: Conversation
    after: Sequence | None = None
    before: Sequence | None = None
    around: Sequence | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class MessagesAnswer(Struct, kw_only=True):
    """A page of a log, oldest first."""

    conv: str
    entries: list[Entry]
    users: list[User]
    more: bool
    first: int | None = None
    last: int | None = None


class SentAnswer(Struct, kw_only=True):
    """A committed entry."""

    conv: str
    seq: int
    time: int
    repeated: bool = False


class Place(Struct, kw_only=True):
    """An entry of a log."""

    conv: Conversation
    seq: Sequence


class EditBody(Struct, kw_only=True):
    """A message's new text."""

    conv: Conversation
    seq: Sequence
    text: str
    key: Key | None = None


class ContactAnswer(Struct, kw_only=True):
    """A relation: ``accepted``, ``outgoing``, ``incoming``, ``declined``, or ``none``: blocked.

    ``declined``: I asked, and they did not accept; I may ask again after a while.
    """

    user: User
    state: str
    blocked: bool
    remark: str
    note: str


class ContactsAnswer(Struct, kw_only=True):
    """One's relations."""

    contacts: list[ContactAnswer]


class ContactRequest(Struct, kw_only=True):
    """Whom to ask, by name or id, with a word on who one is."""

    name: Text | None = None
    user: UserId | None = None
    note: Text = ""


class ContactState(Struct, kw_only=True):
    """What became of the request."""

    state: str


class Remark(Struct, kw_only=True):
    """What one calls someone for oneself; empty for none."""

    remark: Text


class GroupsAnswer(Struct, kw_only=True):
    """One's groups."""

    groups: list[GroupSummary]


class NewGroup(Struct, kw_only=True):
    """A group with its first members; ``icon`` is a picture of one's own."""

    name: Text
    members: Annotated[list[UserId], Meta(max_length=500)] = []
    note: LongText = ""
    category: Text = ""
    icon: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class GroupChange(Struct, kw_only=True):
    """What to change of a group; 0 removes the icon.

    ``shows_past``: those who join from then on see what was said before. ``leaders_invite``: only
    those who lead the group bring others in.
    """

    name: Text | None = None
    note: LongText | None = None
    category: Text | None = None
    announcement: LongText | None = None
    approval: bool | None = None
    shows_past: bool | None = None
    leaders_invite: bool | None = None
    icon: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None


class JoinGroup(Struct, kw_only=True):
    """A group's number or name, or the code of its link."""

    group: Annotated[int, Meta(ge=1, le=2**53 - 1)] | Text = ""
    code: Text = ""


class MemberAnswer(Struct, kw_only=True):
    """A member of a group; the marks only where everyone is told of them (smaller groups).

    ``joined_seq`` is the entry with which they joined; their marks begin there and say nothing of
    what was before. ``silenced_until``: they may write again then, UTC ms; 2^53 - 1: when somebody
    lets them.
    """

    user: User
    role: str
    joined_seq: int
    silenced_until: int | None = None
    read_seq: int | None = None
    delivered_seq: int | None = None


class MembersQuery(Struct, kw_only=True):
    """Which page of the members, and only those whose name has ``q``."""

    q: Text = ""
    cursor: Text | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class MembersAnswer(Struct, kw_only=True):
    """A page of a group's members: who leads it first, then in the order in which they came.

    ``cursor`` for the next page, absent at the end. ``online``: how many of all members are online
    now; with the first page, if no names are looked for.
    """

    members: list[MemberAnswer]
    cursor: str | None = None
    online: int | None = None


class NewMembers(Struct, kw_only=True):
    """Whom to bring in."""

    users: Annotated[list[UserId], Meta(min_length=1, max_length=500)]


class Role(Struct, kw_only=True):
    """A member's new role; ``owner`` hands the group over."""

    role: Literal["member", "admin", "owner"]


class Silence(Struct, kw_only=True):
    """For how long a member may not write; without ``minutes`` until somebody lets them again."""

    minutes: Annotated[int, Meta(ge=1, le=525_600)] | None = None


class UsersQuery(Struct, kw_only=True):
    """Whom to look up: by ids (joined by commas, at most 200) or by a part of the name."""

    ids: Annotated[str, Meta(max_length=4000, pattern=r"^[0-9]+(,[0-9]+)*$")] | None = None
    q: Text | None = None


class UsersAnswer(Struct, kw_only=True):
    """People."""

    users: list[User]


class NewUser(Struct, kw_only=True):
    """An account that an administrator makes. A bot has no password: it acts by its tokens."""

    name: Text
    kind: Literal["user", "bot"] = "user"
    password: Password = ""
    phone: Text | None = None
    email: Text | None = None
    role: Literal["user", "admin"] = "user"


class UserChange(ProfileChange, kw_only=True):
    """What to change of someone: also the role, and a password that ends their sessions."""

    role: Literal["user", "admin"] | None = None
    password: Password | None = None


class TimeAnswer(Struct, kw_only=True):
    """The server's clock, UTC ms."""

    time: int


class UploadQuery(Struct, kw_only=True):
    """What is said of an uploaded file.

    Attributes:
        name: its name; folders in it are left out.
        square: make a square of a picture, for an avatar or icon.
        duration_ms: of a recording.
        waveform: how loud a recording is along its way: up to 100 numbers from 0 to 100, joined by
            commas.
    """

    name: Text = ""
    square: bool = False
    duration_ms: Annotated[int, Meta(ge=1, le=3_600_000)] | None = None
    waveform: Annotated[str, Meta(max_length=400, pattern="^[0-9]+(,[0-9]+)*$")] | None = None

    def waveform_bytes(self) -> bytes | None:
        """A byte for each step. Raises ``Malformed``."""
        if self.waveform is None:
            return None
        steps = [int(step) for step in self.waveform.split(",")]
        if len(steps) > WAVEFORM_STEPS or max(steps) > LOUDEST:
            raise Malformed("up to 100 numbers from 0 to 100", field="waveform")
        return bytes(steps)


class Uploaded(File, kw_only=True, omit_defaults=True):
    """A new file, and what a message that shows it calls it (`media`)."""

    media: Literal["picture", "audio", "file"]
    url: str
    thumbnail_url: str | None = None


class Nothing(Struct, kw_only=True):
    """An empty object: it was done."""


Schema = dict[str, Any]
