"""Messages: said, taken back, changed. ``ok`` means committed.

What a person sends is checked (rights, limits, key), appended to the log and, once committed,
dispatched to the readers here and published to the other nodes. A process killed in between leaves
nothing that ``healing`` does not find.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import msgspec

from im.errors import Expired, Invalid, Malformed, NotFound, Recalled, TooLarge
from im.protocol import names
from im.protocol.client import Edit, Recall, Send
from im.services.cluster import Cluster
from im.services.delivery import Delivery
from im.services.history import arrival, view
from im.services.identity import Identity
from im.services.keys import client_key, fingerprint, node_key
from im.services.media import Media
from im.services.rights import Access, Rights
from im.services.shedding import Shedding
from im.services.signals import EntrySignal, RightsSignal
from im.services.submissions import Done, Sent, Submissions, Waiting, sent, tell
from im.store import effects, members, messages
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.log_writer import LogWriter

MAX_EXTRA = 4096
"""Bytes, packed, of what a client of another protocol may have kept with a message."""
MAX_EXTRA_DEPTH = 8


class Faults(Protocol):
    """Points at which tests kill the process."""

    def hit(self, point: str) -> None:
        """The process has come to this point."""


class Messages:
    """Writes to logs for people.

    What one person puts in line for one conversation, one after the other, is numbered in that
    order.

    Args:
        text_bytes: the longest text, in bytes of UTF-8.
        recall_ms, edit_ms: how long a message can be taken back or changed.
    """

    def __init__(
        self,
        database: Database,
        writer: LogWriter,
        rights: Rights,
        delivery: Delivery,
        cluster: Cluster,
        media: Media,
        faults: Faults,
        shedding: Shedding,
        *,
        text_bytes: int,
        recall_ms: int,
        edit_ms: int,
    ) -> None:
        self._database = database
        self._writer = writer
        self._rights = rights
        self._delivery = delivery
        self._cluster = cluster
        self._media = media
        self._faults = faults
        self._shedding = shedding
        self._text_bytes = text_bytes
        self._recall_ms = recall_ms
        self._edit_ms = edit_ms
        self._submissions = Submissions(writer, rights, self._committed, delivery.when_room)
        self.committed = 0
        """Entries that were committed here so far."""

    def submit(
        self, who: Identity, frame: Send, done: Done, came: float | None = None
    ) -> Waiting | None:
        """Check a message and put it in line; ``done`` is told what became of it.

        That is within the log writer's timeout, all look-ups included, from when the message
        ``came`` (the loop's time; None: now); only what is stored may be answered later, for the
        sake of readers who are behind. It has its place in line when what this returns has been
        awaited; None: it has it already.
        ``done`` may be told ``KeyConflict``, ``Unavailable`` (when the node is behind as well), or
        what is wrong with the message or with the right to send it.
        """
        done, end = self._submissions.begin(done, came)
        self._faults.hit("received")
        try:
            self._shedding.check(who)
            self._check(frame)
            # Where nobody has to be asked, no task is needed.
            plain = frame.file is None and frame.forwarded_from is None
            access = self._rights.remembered(who, frame.to) if plain else None
            if access is None:
                slowly = self._submit_slowly(who, frame, done, end)
                return self._submissions.guard(slowly, done, end)
            extra = _extra(frame)
            self._put_message(who, frame, access, extra, extra, done, end)
        except Exception as error:
            tell(done, error)
        return None

    async def send(self, who: Identity, frame: Send) -> Sent:
        """``submit``, and wait for the commit; raises what ``done`` would be told."""
        return await sent(partial(self.submit, who, frame))

    def recall(
        self, who: Identity, frame: Recall, done: Done, came: float | None = None
    ) -> Waiting:
        """Take a message back; ``done`` is told when it is gone for everyone. As ``submit``.

        It may be told ``NotFound``, ``Forbidden``, ``TooLate`` or ``Unavailable``.
        """
        done, end = self._submissions.begin(done, came)
        return self._submissions.guard(self._recall(who, frame, done, end), done, end)

    def edit(self, who: Identity, frame: Edit, done: Done, came: float | None = None) -> Waiting:
        """Change the text of an own message; ``done`` is told when it is changed. As ``submit``.

        It may be told ``TooLarge``, ``Invalid``, ``NotFound``, ``Forbidden``, ``TooLate``,
        ``Recalled`` or ``Unavailable``.
        """
        done, end = self._submissions.begin(done, came)
        return self._submissions.guard(self._edit(who, frame, done, end), done, end)

    async def event(self, entry: NewEntry) -> Entry:
        """Append an event of a service that has checked the right, and tell everyone.

        Raises the effect's errors, ``StaleEpoch`` or ``Unavailable``.
        """
        stored = await self._writer.append(entry)
        self._media.erased(stored.erased_contents)
        self._rights.forget(stored.conversation_name)
        self._cluster.publish(RightsSignal(conv=stored.conversation_name))
        self.announce(stored)
        return stored

    def announce(self, entry: Entry) -> None:
        """Dispatch a committed entry here and publish it to the other nodes."""
        self.committed += 1
        arriving = arrival(entry)
        self._faults.hit("before_dispatch")
        self._delivery.dispatch(arriving)
        self._faults.hit("before_publish")
        self._cluster.publish(
            EntrySignal(
                conv=arriving.conv,
                seq=arriving.seq,
                frame=arriving.outgoing.encoded,
                joined=arriving.joined,
                left=arriving.left,
                erased=arriving.erased,
            )
        )
        self._faults.hit("after_publish")

    async def close(self) -> None:
        """Wait until what was put in line is committed or refused."""
        await self._submissions.close()

    # To the line, and from it

    async def _submit_slowly(self, who: Identity, frame: Send, done: Done, end: float) -> None:
        access = await self._rights.to_write(who, frame.to)
        extra = given = _extra(frame)
        if frame.file is not None:
            file = await self._media.to_send(who, frame.file, frame.media)
            # Kept with the message, so that reading a page asks for no file.
            extra = {**(given or {}), "file": msgspec.to_builtins(file)}
        if frame.forwarded_from is not None:
            await self._check_forwarded(who, frame)
        self._put_message(who, frame, access, given, extra, done, end)

    def _put_message(
        self,
        who: Identity,
        frame: Send,
        access: Access,
        given: dict[str, Any] | None,
        extra: dict[str, Any] | None,
        done: Done,
        end: float,
    ) -> None:
        entry = NewEntry(
            conversation=access.conversation,
            sender=who.user,
            key=client_key(frame.key) if frame.key is not None else node_key(),
            media=frame.media,
            content=frame.text,
            extra=extra,
            media_id=frame.file,
            mentions=given.get("mentions", ()) if given else (),
            fingerprint=fingerprint(access.name, frame.media, frame.text, frame.file, given),
            epoch=access.epoch,
        )
        self._submissions.put(who, frame.to, access, entry, done, end)
        self._faults.hit("queued")

    async def _recall(self, who: Identity, frame: Recall, done: Done, end: float) -> None:
        conversation, anyone = await self._database.read(_recall_right, who.user, frame)
        entry = NewEntry(
            conversation=conversation,
            sender=who.user,
            key=node_key(),
            kind=EntryKind.RECALL,
            target_seq=frame.seq,
            effect=effects.Recall(
                frame.seq, limit_ms=None if anyone else self._recall_ms, anyone=anyone
            ),
        )
        # Whoever may no longer write may still do this.
        self._submissions.put(who, "", None, entry, done, end)

    async def _edit(self, who: Identity, frame: Edit, done: Done, end: float) -> None:
        self._check_text(frame.text)
        if not frame.text:
            raise Invalid("empty", field="text", values={"field": "text"})
        target = self._target(who, frame.conv)
        access = await self._rights.to_write(who, target)
        entry = NewEntry(
            conversation=access.conversation,
            sender=who.user,
            key=client_key(frame.key) if frame.key is not None else node_key(),
            kind=EntryKind.EDIT,
            content=frame.text,
            target_seq=frame.seq,
            fingerprint=fingerprint("edit", access.name, frame.seq, frame.text),
            epoch=access.epoch,
            effect=effects.Edit(frame.seq, limit_ms=self._edit_ms),
        )
        self._submissions.put(who, target, access, entry, done, end)

    def _committed(self, entry: Entry) -> None:
        self._media.erased(entry.erased_contents)
        self.announce(entry)
        name, conversation = entry.conversation_name, entry.conversation
        if self._delivery.is_behind(name) and self._writer.hold(conversation):
            go_on = partial(self._writer.release, conversation)
            self._delivery.when_caught_up(name, go_on)

    # Checks

    def _target(self, who: Identity, conversation: str) -> str:
        target = names.target_for(conversation, who.user)
        if target is None:
            raise NotFound(conversation, field="conv")
        return target

    def _check(self, frame: Send) -> None:
        self._check_text(frame.text)
        if not frame.text and frame.extra is None and frame.file is None:
            raise Invalid("empty", field="text", values={"field": "text"})
        if frame.extra is not None:
            _check_extra(frame.extra)

    def _check_text(self, text: str) -> None:
        if len(text) > self._text_bytes or len(text.encode()) > self._text_bytes:
            raise TooLarge(
                "text", field="text", values={"limit": f"{self._text_bytes // 1024} KiB"}
            )

    async def _check_forwarded(self, who: Identity, frame: Send) -> None:
        source = frame.forwarded_from
        if source is None:
            return
        conversation, seq = source.conv, source.seq

        def read(cursor: Cursor) -> Entry | None:
            seen = view(cursor, conversation, who.user)
            if seq < seen.first or (seen.last is not None and seq > seen.last):
                return None
            return messages.by_seq(cursor, seen.conversation, seq)

        entry = await self._database.read(read)
        if entry is None or entry.kind != EntryKind.MESSAGE:
            raise NotFound("nothing to forward", field="forwarded_from")
        if entry.recalled:
            raise Recalled("taken back", field="forwarded_from")
        if entry.expired:
            raise Expired("removed", field="forwarded_from")


def _check_extra(extra: dict[str, Any]) -> None:
    """Refuse what is too large, or what not every node could read again."""
    level: list[Any] = [extra]
    for _ in range(MAX_EXTRA_DEPTH):
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
    if level:
        raise Malformed(f"extra is more than {MAX_EXTRA_DEPTH} deep", field="extra")
    try:
        size = len(msgspec.msgpack.encode(extra))
    except OverflowError:
        raise Malformed("a number in extra has more than 64 bits", field="extra") from None
    if size > MAX_EXTRA:
        raise TooLarge("extra", field="extra", values={"limit": f"{MAX_EXTRA} B"})


def _recall_right(cursor: Cursor, user: int, frame: Recall) -> tuple[int, bool]:
    """The conversation's id, and whether the person may take back what others wrote there.

    Who has lost the right to write (by a block, say) may still take back their own. Whoever leads
    a group may take back what others wrote in it, at any time.
    """
    seen = view(cursor, frame.conv, user)
    if not frame.conv.startswith("g:"):
        return seen.conversation, False
    row = members.get(cursor, seen.conversation, user)
    leads = row is not None and row.left_seq is None and row.role in ("owner", "admin")
    entry = messages.by_seq(cursor, seen.conversation, frame.seq) if leads else None
    return seen.conversation, entry is not None and entry.sender != user


def _extra(frame: Send) -> dict[str, Any] | None:
    extra: dict[str, Any] = {}
    if frame.reply_to is not None:
        extra["reply_to"] = frame.reply_to
    if frame.mentions:
        extra["mentions"] = tuple(sorted(set(frame.mentions)))
    if frame.forwarded_from is not None:
        extra["forwarded"] = [frame.forwarded_from.conv, frame.forwarded_from.seq]
    if frame.extra is not None:
        extra["extra"] = frame.extra
    return extra or None
