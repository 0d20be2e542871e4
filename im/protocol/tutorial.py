"""The tutorial's dialect as types: its frames and answers, and what they mean in the native ones.

A pure translation, without state or input. Names of a client's frame are taken in any case, as Go's
decoder takes them; ``null`` means absent. What a frame has beyond the native protocol (``Pic``,
``Url``, ``Desc``, ``Amount``, ``CreateTime``) is kept in ``extra`` and given back. A ``Url`` or
``Pic`` of an uploaded file also makes the message show that file, to clients of any protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from im.errors import Forbidden, Invalid, Malformed
from im.protocol import names
from im.protocol.client import Media, Send
from im.protocol.server import Event, Message

Number = Annotated[int, Meta(ge=-names.MAX_ID, le=names.MAX_ID)]
MAX_NAMED = 10
"""People whose names a line of text has; more are told by their number."""


class Type(IntEnum):
    """``Type`` of a frame: who it is for."""

    PRIVATE = 1
    GROUP = 2
    EVERYONE = 3


HEARTBEAT = -1
"""``Media`` of a frame of ``Type`` 3 that only says: I am here."""
MEDIA_NUMBERS: Mapping[Media, int] = {"text": 1, "sticker": 2, "audio": 3, "picture": 4, "file": 5}
MEDIA: Mapping[int, Media] = {0: "text", **{n: media for media, n in MEDIA_NUMBERS.items()}}

KEPT: Mapping[str, type] = {
    "Pic": str,
    "Url": str,
    "Desc": str,
    "Amount": int,
    "CreateTime": int,
}
"""Fields that the native protocol keeps for the dialect."""


class ClientFrame(Struct, rename=lambda name: name.replace("_", "")):
    """What a client sends. ``FormId`` (the tutorial's spelling) means ``UserId``."""

    type: Number
    media: Number = 0
    user_id: Number = 0
    form_id: Number = 0
    target_id: Number = 0
    content: str = ""
    pic: str = ""
    url: str = ""
    desc: str = ""
    amount: Number = 0
    create_time: Number = 0


class ServerFrame(Struct, rename="pascal", kw_only=True):
    """What a client is sent.

    Attributes:
        user_id, form_id: who wrote it; 0 for the server itself.
        target_id: the receiver, the group, or 0 for everyone.
        create_time: as the sender gave it, else ``time``.
        conv, seq: its place in the log; empty and 0 for what is not in one.
        time: when it was stored, UTC ms.
        recalls: number of the message that was taken back; absent in all other frames.
    """

    user_id: int
    form_id: int
    target_id: int
    type: int
    media: int = 1
    content: str = ""
    pic: str = ""
    url: str = ""
    desc: str = ""
    amount: int = 0
    create_time: int = 0
    conv: str = ""
    seq: int = 0
    time: int = 0
    recalls: int | UnsetType = UNSET


class TutorialAnswer(Struct, kw_only=True):
    """What surrounds an answer; lists are in ``data`` and ``rows``, with their ``total``."""

    code: int = 0
    message: str = "ok"
    data: Any = None
    rows: list[Any] | UnsetType = UNSET
    total: int | UnsetType = UNSET


def read_frame(data: str, me: int) -> Send | None:
    """What a client's frame asks for; None for a heartbeat.

    Raises ``Malformed``, ``Invalid`` or ``Forbidden`` (it says that it comes from someone else).
    """
    frame = _decode(data)
    for field, given in (("UserId", frame.user_id), ("FormId", frame.form_id)):
        if given not in (0, me):
            raise Forbidden("not yours", field=field, values={"reason": "user_id"})
    if frame.type == Type.EVERYONE and frame.media == HEARTBEAT:
        return None
    media = MEDIA.get(frame.media)
    if media is None:
        raise Invalid("no such media", field="Media", values={"field": "Media"})
    extra = {
        name: value
        for name, value in (
            ("Pic", frame.pic),
            ("Url", frame.url),
            ("Desc", frame.desc),
            ("Amount", frame.amount),
            ("CreateTime", frame.create_time),
        )
        if value
    }
    if not frame.content and not (frame.pic or frame.url):
        raise Invalid("empty", field="Content", values={"reason": "text", "field": "Content"})
    file = None
    if media != "text":
        file = names.addressed_file(frame.url) or names.addressed_file(frame.pic)
    return Send(to=_target(frame), media=media, text=frame.content, file=file, extra=extra or None)


def message_frame(message: Message) -> ServerFrame:
    """A message as the dialect shows it."""
    extra = message.extra or {}
    shown = names.file_address(message.file.id) if message.file is not None else ""
    kept = {
        name: extra[name]
        for name, kind in KEPT.items()
        if isinstance(extra.get(name), kind) and not isinstance(extra[name], bool)
    }
    return ServerFrame(
        user_id=message.sender,
        form_id=message.sender,
        target_id=_receiver(message.conv, message.sender),
        type=_type(message.conv),
        media=MEDIA_NUMBERS[message.media],
        content=message.text,
        pic=kept.get("Pic", ""),
        url=kept.get("Url", "") or shown,
        desc=kept.get("Desc", ""),
        amount=kept.get("Amount", 0),
        create_time=kept.get("CreateTime", message.time),
        conv=message.conv,
        seq=message.seq,
        time=message.time,
    )


def line_frame(entry: Message | Event, text: str) -> ServerFrame:
    """An entry as a line of text: an event, or a message that was taken back."""
    recalls: int | UnsetType = UNSET
    if isinstance(entry, Event) and entry.kind == "recall" and entry.target is not None:
        recalls = entry.target
    elif isinstance(entry, Message) and entry.recalled:
        recalls = entry.seq
    return ServerFrame(
        user_id=entry.sender,
        form_id=entry.sender,
        target_id=_receiver(entry.conv, entry.sender),
        type=_type(entry.conv),
        content=text,
        create_time=entry.time,
        conv=entry.conv,
        seq=entry.seq,
        time=entry.time,
        recalls=recalls,
    )


def server_line(text: str, to: int, now_ms: int) -> ServerFrame:
    """A line of text from the server itself to one person; it is in no log."""
    return ServerFrame(
        user_id=0,
        form_id=0,
        target_id=to,
        type=int(Type.PRIVATE),
        content=text,
        create_time=now_ms,
        time=now_ms,
    )


def named(event: Event) -> set[int]:
    """The people whose names the line of an event has."""
    return {event.sender, *event.users[:MAX_NAMED]}


def sentence(event: Event, name: Callable[[int], str], comma: str) -> tuple[str, dict[str, str]]:
    """Key of the catalogue's sentence for an event, and what fills it."""
    who = name(event.sender)
    people = comma.join(name(user) for user in event.users[:MAX_NAMED])
    if len(event.users) > MAX_NAMED:
        people += f" … ({len(event.users)})"
    values = {"who": who, "names": people, "name": event.text, "text": event.text}
    match event.kind:
        case "recall":
            return "recall.by", {"name": who}
        case "edit":
            return "tutorial.edited", values
        case "joined":
            alone = event.users == [event.sender]
            return ("event.joined" if alone else "event.added"), values
        case "role":
            return f"event.made_{'admin' if event.role == 'admin' else 'member'}", values
        case "announcement":
            if event.expired:
                return "event.announcement_expired", values
            return ("event.announcement" if event.text else "event.announcement_gone"), values
    return f"event.{event.kind}", values


def _decode(data: str) -> ClientFrame:
    try:
        raw = msgspec.json.decode(data, type=dict[str, Any])
        folded = {name.lower(): value for name, value in raw.items() if value is not None}
        return msgspec.convert(folded, ClientFrame, strict=False)
    except msgspec.ValidationError as error:
        raise Malformed(str(error), field=_field(str(error))) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(str(error)) from None


_FIELDS = {
    field.encode_name: "".join(part.title() for part in field.name.split("_"))
    for field in msgspec.structs.fields(ClientFrame)
}


def _field(message: str) -> str | None:
    _, found, path = message.rpartition("`$.")
    return _FIELDS.get(path.rstrip("`")) if found else None


def _target(frame: ClientFrame) -> str:
    if frame.type == Type.EVERYONE:
        return names.ALL
    if frame.type not in (Type.PRIVATE, Type.GROUP):
        raise Invalid("no such type", field="Type", values={"field": "Type"})
    if frame.target_id < 1:
        raise Invalid("no target", field="TargetId", values={"field": "TargetId"})
    return f"{'u' if frame.type == Type.PRIVATE else 'g'}:{frame.target_id}"


def _type(conversation: str) -> int:
    kind = conversation[:2]
    return int({"p:": Type.PRIVATE, "g:": Type.GROUP}.get(kind, Type.EVERYONE))


def _receiver(conversation: str, sender: int) -> int:
    parsed = names.parse_conversation(conversation)
    if parsed is None or parsed[0] == names.ALL:
        return 0
    kind, ids = parsed
    if kind == "g":
        return ids[0]
    return ids[0] if ids[1] == sender else ids[1]
