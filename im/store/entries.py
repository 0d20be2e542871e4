"""Entries of the log: as they are asked for, and as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from im.store.effects import Effect

KEY_BYTES = 16
"""Length of an entry's key and of its fingerprint: SHA-256, cut to what never collides."""


class EntryKind(IntEnum):
    """What an entry is, as stored in ``message.kind``; 0 is a message, the others are events."""

    MESSAGE = 0
    RECALL = 1
    EDIT = 2
    CREATED = 3
    JOINED = 4
    LEFT = 5
    REMOVED = 6
    RENAMED = 7
    ROLE = 8
    ANNOUNCEMENT = 9
    DISSOLVED = 10
    OWNER = 11
    SETTINGS = 12
    PAST_SHOWN = 13
    PAST_HIDDEN = 14
    SILENCED = 15
    UNSILENCED = 16


WITH_CONTENT = (EntryKind.MESSAGE, EntryKind.EDIT, EntryKind.ANNOUNCEMENT)
"""Entries that say what somebody wrote; the others tell what became of the conversation."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to append.

    Attributes:
        conversation: the number of the conversation's row.
        sender: the user who sends it.
        key: 16 bytes; the same key of the same sender is the same entry.
        kind: what it is.
        media: the kind of content (``text``, …); empty for events.
        content: the text, in UTF-8 at most what the writer takes in one batch.
        extra: whatever else belongs to it, as JSON.
        target_seq: the earlier entry that it is about.
        fingerprint: 16 bytes that tell two contents apart; None skips the comparison.
        media_id: the uploaded file; counted as one more reference to it.
        mentions: people whom it names, each once.
        epoch: the conversation's epoch at which it was authorised; None skips the check.
        effect: what else happens in its transaction.
    """

    conversation: int
    sender: int
    key: bytes
    kind: EntryKind = EntryKind.MESSAGE
    media: str = ""
    content: str | None = None
    extra: dict[str, Any] | None = None
    target_seq: int | None = None
    fingerprint: bytes | None = None
    media_id: int | None = None
    mentions: tuple[int, ...] = ()
    epoch: int | None = None
    effect: Effect | None = None

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(self.key)}")
        if self.fingerprint is not None and len(self.fingerprint) != KEY_BYTES:
            raise ValueError(f"a fingerprint has {KEY_BYTES} bytes, not {len(self.fingerprint)}")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is stored. Times are UTC milliseconds of the database's clock.

    Attributes:
        conversation: the number of the conversation's row; ``conversation_name`` is its name.
        seq: its number in the conversation, from 1, without gaps.
        ordinal: messages up to and with this entry.
        time: when it was stored.
        content, extra, media_id: None once it was recalled or has expired.
        edited_at: when its text was last changed; None if never.
        recalled_at: when it was taken back; None if it was not.
        epoch: the conversation's epoch when this was read or written.
        expired: its content was removed after its time.
        repeated: it was stored before, and this is what was stored then.
        erased_contents: what files contained that are gone because of this entry, thumbnails
            included; ``ByteStore.remove`` ends it where the bytes lie outside the database.
    """

    conversation: int
    conversation_name: str
    seq: int
    ordinal: int
    sender: int
    key: bytes
    time: int
    kind: EntryKind
    media: str = ""
    content: str | None = None
    extra: dict[str, Any] | None = None
    target_seq: int | None = None
    media_id: int | None = None
    edited_at: int | None = None
    recalled_at: int | None = None
    fingerprint: bytes | None = None
    epoch: int = 0
    expired: int = 0
    repeated: bool = False
    erased_contents: tuple[int, ...] = ()

    @property
    def recalled(self) -> bool:
        """Whether it was taken back: only its number, sender and times are left."""
        return self.recalled_at is not None
