"""Rows of the store as the protocol shows them."""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec

from im.protocol.client import Forwarded, Media
from im.protocol.server import Event, EventKind, File, GroupSummary, Message, User
from im.store.entries import Entry, EntryKind
from im.store.groups import GroupRow
from im.store.media import FileRow, NewFile
from im.store.users import UserRow

EVENT_KINDS: dict[EntryKind, EventKind] = {
    kind: cast(EventKind, kind.name.lower()) for kind in EntryKind if kind is not EntryKind.MESSAGE
}


def user(row: UserRow) -> User:
    """What others may know of a person."""
    return User(
        id=row.id,
        name=row.name,
        kind=cast(Literal["user", "guest", "bot", "webhook"], row.kind_shown),
        role=cast(Literal["user", "admin"], row.role),
        avatar=row.avatar_id,
        note=row.note,
        deleted=row.deleted_at is not None,
    )


def group(row: GroupRow) -> GroupSummary:
    """A group as one of its members sees it."""
    return GroupSummary(
        id=row.id,
        name=row.name,
        owner=row.owner,
        members=row.members,
        role=cast(Literal["owner", "admin", "member"], row.role),
        icon=row.icon_id,
        category=row.category,
        note=row.note,
        announcement=row.announcement,
        approval=bool(row.approval),
        shows_past=bool(row.shows_past),
        leaders_invite=bool(row.leaders_invite),
        requests=row.requests,
        silenced_until=row.muted_until,
    )


def file(row: FileRow) -> File:
    """An uploaded file as messages show it."""
    return new_file(row.id, row, row.thumbnail is not None)


def new_file(number: int, made: NewFile | FileRow, thumbnail: bool) -> File:
    """A file that was stored a moment ago."""
    return File(
        id=number,
        name=made.name,
        type=made.type,
        size=made.size,
        width=made.width,
        height=made.height,
        thumbnail=thumbnail,
        duration_ms=made.duration_ms,
        waveform=list(made.waveform) if made.waveform else None,
    )


def entry(row: Entry) -> Message | Event:
    """An entry of a log as a frame."""
    if row.kind == EntryKind.MESSAGE:
        return _message(row)
    extra = row.extra or {}
    return Event(
        conv=row.conversation_name,
        seq=row.seq,
        ordinal=row.ordinal,
        sender=row.sender,
        time=row.time,
        kind=EVENT_KINDS[EntryKind(row.kind)],
        target=row.target_seq,
        text=row.content or "",
        users=list(extra.get("users", ())),
        role=extra.get("role"),
        expired=bool(row.expired),
    )


def erased(frame: Message) -> Message:
    """A message as it is shown after it was taken back."""
    return Message(
        conv=frame.conv,
        seq=frame.seq,
        ordinal=frame.ordinal,
        sender=frame.sender,
        time=frame.time,
        recalled=True,
    )


def expired(frame: Message) -> Message:
    """A message as it is shown after its content was removed."""
    return msgspec.structs.replace(erased(frame), recalled=False, expired=True)


def _message(row: Entry) -> Message:
    extra: dict[str, Any] = row.extra or {}
    forwarded = extra.get("forwarded")
    shown = extra.get("file")
    message = Message(
        conv=row.conversation_name,
        seq=row.seq,
        ordinal=row.ordinal,
        sender=row.sender,
        time=row.time,
        media=cast(Media, row.media or "text"),
        text=row.content or "",
        file=msgspec.convert(shown, File) if shown else None,
        reply_to=extra.get("reply_to"),
        mentions=list(extra.get("mentions", ())),
        forwarded_from=Forwarded(conv=forwarded[0], seq=forwarded[1]) if forwarded else None,
        extra=extra.get("extra"),
        edited=row.edited_at,
    )
    if row.recalled:
        return erased(message)
    return expired(message) if row.expired else message
