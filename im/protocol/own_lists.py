"""A person's own small lists over HTTP: quick replies, settings.

Each has a version. Who asks with the version that they have gets no list when nothing changed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from im.protocol.client import UserId

Version = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class GroupsQuery(Struct, kw_only=True):
    """All of my groups, or those that ``member`` is in too."""

    member: UserId | None = None


class Known(Struct, kw_only=True):
    """The version of a list that one has."""

    version: Version | None = None


class QuickReply(Struct, kw_only=True):
    """A text to send with one tap. ``{name}`` in it stands for the other's name."""

    id: int
    text: str


class QuickReplies(Struct, kw_only=True):
    """All quick replies in order; None when they are as in the version that was known."""

    version: int
    replies: list[QuickReply] | None = None


class NewQuickReply(Struct, kw_only=True):
    """A quick reply, and at which place from 0 it is to stand; at the end without one."""

    text: Annotated[str, Meta(max_length=4000)]
    place: Annotated[int, Meta(ge=0, le=100_000)] | None = None


class QuickReplyText(Struct, kw_only=True):
    """A quick reply's new text."""

    text: Annotated[str, Meta(max_length=4000)]


class QuickReplyOrder(Struct, kw_only=True):
    """Ids in their new order; those that are left out follow in the order that they had."""

    ids: Annotated[list[UserId], Meta(max_length=1000)]


Notifications = Literal["all", "direct", "none"]
Theme = Literal["system", "light", "dark"]


class Preferences(Struct, kw_only=True):
    """What a person prefers, on all their devices.

    Attributes:
        language: ``zh``, ``en``, or empty for the browser's.
        theme: colours; ``system``: the device's.
        sounds: a sound for a new message.
        notifications: of ``all`` messages, of ``direct`` ones (private ones and mentions), or none.
        notification_text: whether a notification shows what was written.
        enter_sends: Enter sends and Shift+Enter begins a line; else Ctrl+Enter sends.
        read_receipts: others see how far one has read, and one sees it of them; both or neither.
    """

    language: str = ""
    theme: str = "system"
    sounds: bool = True
    notifications: Notifications = "all"
    notification_text: bool = True
    enter_sends: bool = True
    read_receipts: bool = True


class PreferencesChange(Struct, kw_only=True):
    """What to change; None leaves it."""

    language: Literal["zh", "en"] | None = None
    theme: Theme | None = None
    sounds: bool | None = None
    notifications: Notifications | None = None
    notification_text: bool | None = None
    enter_sends: bool | None = None
    read_receipts: bool | None = None


class PreferencesAnswer(Struct, kw_only=True):
    """All preferences; None when they are as in the version that was known."""

    version: int
    settings: Preferences | None = None
