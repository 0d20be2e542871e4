"""Frames that a client sends over ``/ws``.

Every frame has an ``op`` and may have an ``id`` (a string of at most 64 characters or an integer),
which its answer repeats.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

FrameId = (
    Annotated[str, Meta(max_length=64)] | Annotated[int, Meta(ge=1 - 2**53, le=2**53 - 1)] | None
)
Key = Annotated[str, Meta(min_length=1, max_length=64)]
Sequence = Annotated[int, Meta(ge=0, le=2**53 - 1)]
UserId = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Target = Annotated[str, Meta(max_length=48, description="`u:<id>`, `g:<id>` or `all`")]
Conversation = Annotated[
    str, Meta(max_length=48, description="`p:<low>:<high>`, `g:<id>` or `all`")
]
Media = Literal["text", "sticker", "audio", "picture", "file"]

MAX_MENTIONS = 50
MAX_WATCH = 200
MAX_IDLE_MS = 86_400_000
MAX_PAGE = 500
"""Entries in one page of a log (a page also ends at 1 MiB)."""
MAX_CONVERSATIONS_PAGE = 100


class Frame(Struct, tag_field="op", forbid_unknown_fields=False, kw_only=True):
    """What all client frames share."""

    id: FrameId = None


class Hello(Frame, tag="hello", kw_only=True):
    """Who I am, for a client that could send neither cookie nor ``Authorization`` header."""

    token: Annotated[str, Meta(max_length=256)]


class Send(Frame, tag="send", kw_only=True):
    """A message. The same ``key`` from the same user is the same message, however often sent.

    Attributes:
        to: where to.
        media: what kind of content.
        text: the text, or the caption of a file; never cut: refused when over the limit.
        file: id of an uploaded file.
        key: drawn by the node when absent; then a repeat makes a second message.
        reply_to: number of the entry in the same conversation that this answers.
        mentions: ids of users; in groups only members count.
        forwarded_from: conversation and number of the entry that this repeats.
        extra: small object kept and given back as it is, for clients of other protocols.
    """

    to: Target
    media: Media = "text"
    text: str = ""
    file: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    key: Key | None = None
    reply_to: Sequence | None = None
    mentions: Annotated[list[UserId], Meta(max_length=MAX_MENTIONS)] = []
    forwarded_from: Forwarded | None = None
    extra: dict[str, Any] | None = None


class Forwarded(Struct):
    """Where a forwarded entry comes from."""

    conv: Conversation
    seq: Sequence


class Recall(Frame, tag="recall", kw_only=True):
    """Take a message back within the time limit. Repeating it answers ``ok``."""

    conv: Conversation
    seq: Sequence


class Edit(Frame, tag="edit", kw_only=True):
    """Change the text of an own message within the time limit; a recall wins over it."""

    conv: Conversation
    seq: Sequence
    text: str
    key: Key | None = None


class Delivered(Frame, tag="delivered", kw_only=True):
    """All up to ``seq`` has reached this device. Never goes backwards."""

    conv: Conversation
    seq: Sequence


class Read(Frame, tag="read", kw_only=True):
    """All up to ``seq`` has been read. Never goes backwards."""

    conv: Conversation
    seq: Sequence


class Typing(Frame, tag="typing", kw_only=True):
    """I am writing. Shown for 6 s, never stored, may be dropped; no answer."""

    to: Target


class Sync(Frame, tag="sync", kw_only=True):
    """A page of a conversation's log, oldest first.

    Exactly one of ``after``, ``before``, ``around`` is given; without any, the newest page.
    """

    conv: Conversation
    after: Sequence | None = None
    before: Sequence | None = None
    around: Sequence | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = 50


class Conversations(Frame, tag="conversations", kw_only=True):
    """A page of my conversations, the one with the newest entry first."""

    cursor: Annotated[str, Meta(max_length=128)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_CONVERSATIONS_PAGE)] = MAX_CONVERSATIONS_PAGE


class Hide(Frame, tag="hide", kw_only=True):
    """For me only: one entry, or (without ``seq``) the conversation until something new."""

    conv: Conversation
    seq: Sequence | None = None
    hidden: bool = True


class Pin(Frame, tag="pin", kw_only=True):
    """Keep a conversation on top of my list."""

    conv: Conversation
    pinned: bool = True


class Mute(Frame, tag="mute", kw_only=True):
    """No notification for this conversation."""

    conv: Conversation
    muted: bool = True


class MarkUnread(Frame, tag="mark_unread", kw_only=True):
    """Mark a conversation as unread, to come back to it; how far it was read stays."""

    conv: Conversation
    marked_unread: bool = True


class Watch(Frame, tag="watch", kw_only=True):
    """Tell me of the presence of these, if I share a contact or conversation with them.

    Replaces what was watched before on this connection.
    """

    users: Annotated[list[UserId], Meta(max_length=MAX_WATCH)]


class Away(Frame, tag="away", kw_only=True):
    """Nobody uses this device, or someone does again.

    The most active of a person's devices counts; one that never says this is always used.

    Attributes:
        away: whether it lies unused.
        idle_ms: for how long it has.
    """

    away: bool = True
    idle_ms: Annotated[int, Meta(ge=0, le=MAX_IDLE_MS)] = 0


class Ping(Frame, tag="ping", kw_only=True):
    """For clients that cannot see the WebSocket's own pings."""


ClientFrame = (
    Hello
    | Send
    | Recall
    | Edit
    | Delivered
    | Read
    | Typing
    | Sync
    | Conversations
    | Hide
    | Pin
    | Mute
    | MarkUnread
    | Watch
    | Away
    | Ping
)
