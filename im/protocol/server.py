"""Frames that a node sends over ``/ws``.

All times are UTC milliseconds since 1970, all ids integers below 2^53.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from im.protocol.client import Forwarded, FrameId, Media

EventKind = Literal[
    "recall",
    "edit",
    "created",
    "joined",
    "left",
    "removed",
    "renamed",
    "role",
    "announcement",
    "owner",
    "settings",
    "dissolved",
    "past_shown",
    "past_hidden",
    "silenced",
    "unsilenced",
]


class User(Struct, kw_only=True):
    """What others may know of a person, or of a program: a bot, or a webhook, which only writes."""

    id: int
    name: str
    kind: Literal["user", "guest", "bot", "webhook"] = "user"
    role: Literal["user", "admin"] = "user"
    avatar: int | None = None
    note: str = ""
    deleted: bool = False


class File(Struct, kw_only=True, omit_defaults=True):
    """An uploaded file as a message shows it; it is at ``/api/media/{id}``.

    Attributes:
        name: as its owner called it; empty for a recording, say.
        size: bytes.
        width, height: pixels of a picture, so that its place can be kept before it comes.
        thumbnail: whether there is a smaller one at ``/api/media/{id}/thumbnail``; where there is
            none, that address gives the picture itself.
        duration_ms: of a recording.
        waveform: how loud a recording is along its way, 0 to 100 for each step.
    """

    id: int
    name: str
    type: str
    size: int
    width: int | None = None
    height: int | None = None
    thumbnail: bool = False
    duration_ms: int | None = None
    waveform: list[int] | None = None


class ServerFrame(Struct, tag_field="op", kw_only=True, omit_defaults=True):
    """What all server frames share."""


class Message(ServerFrame, tag="message", kw_only=True):
    """A numbered entry of a conversation's log that a person or program wrote.

    A recalled message keeps its place: ``recalled`` is true, and text, file and the rest are gone.
    So does one whose time is over (``Limits.retention_days``): then ``expired`` is true.
    """

    conv: str
    seq: int
    ordinal: int
    sender: int = field(name="from")
    time: int
    media: Media = field(default="text")
    text: str = ""
    file: File | None = None
    reply_to: int | None = None
    mentions: list[int] = field(default_factory=list)
    forwarded_from: Forwarded | None = None
    extra: dict[str, Any] | None = None
    edited: int | None = None
    recalled: bool = False
    expired: bool = False


class Event(ServerFrame, tag="event", kw_only=True):
    """A numbered entry that is no message: what happened to a message or to the conversation.

    Attributes:
        kind: what happened. ``past_shown``, ``past_hidden``: those who join from then on see what
            was said before, or don't.
        target: number of the message that was recalled or edited.
        text: the new text (edit), name (renamed, created) or announcement.
        users: whom it concerns (joined, left, removed, role, owner, silenced, unsilenced).
        role: the new role (role).
        expired: the text of an edit or announcement was removed after its time.
    """

    conv: str
    seq: int
    ordinal: int
    sender: int = field(name="from")
    time: int
    kind: EventKind
    target: int | None = None
    text: str = ""
    users: list[int] = field(default_factory=list)
    role: str | None = None
    expired: bool = False


Entry = Message | Event


class ConversationSummary(Struct, kw_only=True):
    """A conversation as one's list shows it.

    ``unread`` counts messages after ``read_seq`` that one did not write oneself; ``mention_seq``
    is the newest of them that mentions one, if any does. ``marked_unread``: one wants to come back
    to it, whether or not it was read; whoever shows it to the person takes that off.
    ``peer_read_seq`` and ``peer_delivered_seq`` are the other person's marks (private only).
    ``last`` is the newest entry that one has not deleted for oneself, if it is among the last.
    """

    conv: str
    title: str
    last_seq: int
    read_seq: int
    delivered_seq: int
    unread: int
    mention_seq: int | None = None
    last: Entry | None = None
    muted: bool = False
    pinned: bool = False
    marked_unread: bool = False
    peer: int | None = None
    peer_read_seq: int | None = None
    peer_delivered_seq: int | None = None
    group: GroupSummary | None = None


class GroupSummary(Struct, kw_only=True):
    """What the header of a group's conversation shows.

    ``shows_past``: those who join now see what was said before. ``leaders_invite``: only those
    who lead the group bring others in. ``requests``: how many ask to be let in; only those who lead
    the group are told. ``silenced_until``: I may write again then, UTC ms; 2^53 - 1: when somebody
    lets me.
    """

    id: int
    name: str
    owner: int
    members: int
    role: Literal["owner", "admin", "member"] = "member"
    icon: int | None = None
    category: str = ""
    note: str = ""
    announcement: str = ""
    approval: bool = False
    shows_past: bool = False
    leaders_invite: bool = False
    requests: int = 0
    silenced_until: int | None = None


class Limits(Struct, kw_only=True):
    """The limits that a client must know.

    ``retention_days``: messages lose their content after so many days; 0: never. Clients then drop
    it as well from what they keep.
    """

    text_bytes: int
    frame_bytes: int
    recall_ms: int
    edit_ms: int
    page: int
    upload_bytes: int
    heartbeat_ms: int
    retention_days: int = 0


class Welcome(ServerFrame, tag="welcome", kw_only=True):
    """The first frame on a connection that has shown who it is.

    ``cluster`` names the logs: with another one than before, as after a restored backup, their
    numbers mean other entries, and what a client keeps of them is to be dropped.
    """

    text: str
    user: User
    node: str
    cluster: str = ""
    time: int
    limits: Limits
    session: int
    can_broadcast: bool = False


class NewLimits(ServerFrame, tag="limits", kw_only=True):
    """The limits changed since ``welcome``."""

    limits: Limits


class Ok(ServerFrame, tag="ok", kw_only=True):
    """The answer to a frame that was done. Which fields it has depends on the frame.

    ``send``, ``recall``, ``edit``: conv, seq, time. ``sync``: conv, entries, more, users, and
    ``first`` and ``last``: the numbers that the page covers, those that one has hidden included.
    ``conversations``: conversations, cursor (absent at the end), users. ``ping``: time.
    ``watch``: presence.
    """

    id: FrameId = None
    conv: str | None = None
    seq: int | None = None
    time: int | None = None
    repeated: bool = False
    entries: list[Entry] | None = None
    first: int | None = None
    last: int | None = None
    more: bool | None = None
    conversations: list[ConversationSummary] | None = None
    cursor: str | None = None
    users: list[User] | None = None
    presence: list[UserPresence] | None = None


class Error(ServerFrame, tag="error", kw_only=True):
    """The answer to a frame that was refused; nothing of it was done.

    ``unavailable`` alone means *unknown*: send again with the same key.
    """

    id: FrameId = None
    code: str
    message: str
    field: str | None = None
    retry_after: int | None = None


class DeliveredMark(ServerFrame, tag="delivered", kw_only=True):
    """Someone's devices have received all up to ``seq``."""

    conv: str
    user: int
    seq: int


class ReadMark(ServerFrame, tag="read", kw_only=True):
    """Someone (or I, on another device) has read all up to ``seq``; ``unread`` only for oneself."""

    conv: str
    user: int
    seq: int
    unread: int | None = None


class TypingNow(ServerFrame, tag="typing", kw_only=True):
    """Someone is writing; forget it after 6 s or when their message arrives."""

    conv: str
    user: int


class UserPresence(Struct, kw_only=True):
    """Whether someone is connected now, or was a moment ago, and whether they are ``away``.

    Away is who is connected while nobody uses any of their devices. ``last_seen``: when those away
    or not connected were last seen (0: never, or as told before).
    """

    user: int
    online: bool
    away: bool = False
    last_seen: int = 0


class Presence(ServerFrame, tag="presence", kw_only=True):
    """Presence of watched users that changed."""

    users: list[UserPresence]


class Profile(ServerFrame, tag="profile", kw_only=True):
    """Someone I know changed what others see of them: name, picture, note; this is all of it."""

    user: User


class State(ServerFrame, tag="state", kw_only=True):
    """A list of mine changed: fetch it anew, unless I have this ``version`` of it already."""

    list: Literal["contacts", "groups", "settings", "quick_replies", "sessions", "conversations"]
    conv: str | None = None
    version: int | None = None


class Notice(ServerFrame, tag="notice", kw_only=True):
    """An announcement from the operator or from the Redis channel; not numbered, not kept."""

    text: str
    time: int


class Resync(ServerFrame, tag="resync", kw_only=True):
    """What you have may have a hole: ``sync`` this conversation, or all when none is named."""

    conv: str | None = None


class Bye(ServerFrame, tag="bye", kw_only=True):
    """The node is going down; come back after ``retry_after`` ms (spread at random)."""

    retry_after: int


AnyServerFrame = (
    Welcome
    | NewLimits
    | Ok
    | Error
    | Message
    | Event
    | DeliveredMark
    | ReadMark
    | TypingNow
    | Presence
    | Profile
    | State
    | Notice
    | Resync
    | Bye
)
