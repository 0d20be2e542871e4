"""One transaction of the log: many entries of many conversations, numbered and committed together.

What is stored already is looked up before numbers are given. Then the conversations' rows are
locked in the order of their ids, so that two writers never wait for each other in a circle, and
each entry is authorised by its epoch, takes the next number, and has its effect. Entries that are
refused leave the batch without a number; everything else that goes wrong undoes the whole of it.

To MySQL the steps go in two packets: what is found out, and, once the numbers are given, what is
written together with the COMMIT. A statement that fails is the last of its packet that the server
takes, so nothing is committed after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from im.errors import ImError, KeyConflict, NotFound
from im.protocol import names
from im.store import effects, marks, membership, mentions, messages, references, revisions
from im.store.backend import Connection
from im.store.cursor import Cursor
from im.store.dialect import Dialect
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.errors import DuplicateKey, StaleEpoch
from im.store.faults import Faults
from im.store.place import LockedConversation, Place
from im.store.steps import Begin, Commit, Executes, Later, Statement, Step

Outcome = Entry | ImError | StaleEpoch
"""What became of an entry: stored (now or before), or refused."""

REPEAT_KEY = "sender_id_client_key"
"""The unique index that tells two entries with one key."""

_COLUMNS = (
    *("conversation_id", "seq", "ordinal", "sender_id", "client_key", "kind", "media", "content"),
    *("extra", "target_seq", "fingerprint", "media_id", "created_at"),
)
_INSERT = f"INSERT INTO message ({', '.join(_COLUMNS)}) VALUES "


class Collision(Exception):
    """Another writer stored one of the keys meanwhile: run the batch again and it will be found."""


@dataclass(slots=True)
class _Transaction:
    """What has been decided and is still to be written."""

    cursor: Cursor
    now: int
    conversations: dict[int, LockedConversation]
    rows: list[tuple[object, ...]] = field(default_factory=list)
    media: list[tuple[int, references.Reference]] = field(default_factory=list)
    """Files with the entries that show them."""
    mentions: list[tuple[int, int, int]] = field(default_factory=list)
    """(conversation, number, person) for each whom a message names."""
    marks: dict[tuple[int, int], int] = field(default_factory=dict)
    """Last own message of (conversation, sender)."""
    rights_changed: bool = False
    effects_had: bool = False
    """Whether a file that was there at the beginning may be gone."""


def write_batch(
    connection: Connection, entries: Sequence[NewEntry], faults: Faults, patience: float
) -> list[Outcome]:
    """Store entries in the order given; returns what became of each.

    When it returns, everything that it says is committed. Raises ``Collision``, ``DatabaseFault``,
    or whatever is wrong with an entry; then nothing is stored, unless the fault is
    ``ConnectionLost``, where nobody knows. ``patience``: seconds to wait for SQLite's lock.
    """
    if not entries:
        return []
    try:
        with closing(connection.cursor()) as cursor:
            outcomes = _write(connection, cursor, entries, faults, patience)
    except DuplicateKey as error:
        connection.rollback()
        if error.key == REPEAT_KEY:
            raise Collision from error
        raise
    except BaseException:
        connection.rollback()
        raise
    faults.hit("after_commit")
    return outcomes


def _write(
    connection: Connection,
    cursor: Cursor,
    entries: Sequence[NewEntry],
    faults: Faults,
    patience: float,
) -> list[Outcome]:
    dialect = cursor.dialect
    wanted = {(entry.sender, entry.key) for entry in entries}
    repeats, _, rows = _run(
        connection,
        (
            messages.known(dialect, wanted),
            "before_begin",
            Begin(patience),
            _lock(dialect, {entry.conversation for entry in entries}),
        ),
        faults,
    )
    faults.hit("after_lock")
    transaction = _Transaction(
        cursor,
        rows[0][8] if rows else 0,
        {row[0]: LockedConversation(*row[:8]) for row in rows},
    )
    stored = messages.by_keys(cursor, {(sender, key) for sender, key in repeats})
    files = {entry.media_id for entry in entries if entry.media_id is not None}
    present = references.existing(cursor, files)
    first: dict[tuple[int, bytes], Outcome] = {}
    stale: dict[tuple[int, int], StaleEpoch] = {}
    outcomes: list[Outcome] = []
    for entry in entries:
        name = (entry.sender, entry.key)
        before = stored.get(name) or first.get(name)
        if before is not None:
            outcome = _repeat(entry, before) if isinstance(before, Entry) else before
        else:
            if entry.media_id is not None and transaction.effects_had:
                present = references.existing(cursor, {entry.media_id})
            if entry.media_id is not None and entry.media_id not in present:
                outcome = first[name] = NotFound("no such file", field="file")
            else:
                outcome = first[name] = _place(transaction, entry, stale)
        outcomes.append(outcome)
    end = Later(dialect)
    _flush(transaction, end)
    middle = len(end.steps)
    _update(transaction, end)
    _run(
        connection,
        (*end.steps[:middle], "after_insert", *end.steps[middle:], "before_commit", Commit()),
        faults,
    )
    return outcomes


def _run(
    connection: Connection, steps: Sequence[Step | str], faults: Faults
) -> list[list[tuple[Any, ...]]]:
    """Take steps together; apart only where a test lets something happen at a point between."""
    found: list[list[tuple[Any, ...]]] = []
    together: list[Step] = []
    for step in steps:
        if not isinstance(step, str):
            together.append(step)
            continue
        if together and faults.plans(step):
            found += connection.run(together)
            together = []
        faults.hit(step)
    return found + connection.run(together)


def _repeat(entry: NewEntry, stored: Entry) -> Outcome:
    """The stored entry, if it is what was sent."""
    same = entry.fingerprint is None or stored.fingerprint in (None, entry.fingerprint)
    if not same or entry.conversation != stored.conversation:
        return KeyConflict(field="key")
    return replace(stored, repeated=True)


def _lock(dialect: Dialect, ids: set[int]) -> Statement:
    """The conversations' rows, which stay as they are until the transaction ends."""
    marks, listed = dialect.listed(sorted(ids))
    return Statement(
        "SELECT id, name, group_id, last_seq, last_ordinal, epoch, indexed_seq, expired_seq,"
        f" {dialect.now_ms} FROM conversation WHERE id IN ({marks})"
        f" ORDER BY id{dialect.for_update}",
        listed,
    )


def _place(
    transaction: _Transaction, entry: NewEntry, stale: dict[tuple[int, int], StaleEpoch]
) -> Outcome:
    """Give an entry its number and effect, or the reason why not."""
    conversation = transaction.conversations.get(entry.conversation)
    if conversation is None:
        return NotFound("no such conversation")
    sender = (entry.conversation, entry.sender)
    # What the same sender sent after a stale entry must not overtake it.
    if entry.epoch is not None and (entry.epoch != conversation.epoch or sender in stale):
        stale[sender] = StaleEpoch(conversation.epoch)
        return stale[sender]
    seq = conversation.last_seq + 1
    ordinal = conversation.last_ordinal + (entry.kind is EntryKind.MESSAGE)
    erased: tuple[int, ...] = ()
    if entry.effect is not None:
        place = Place(transaction.cursor, conversation, entry, seq, ordinal, transaction.now)
        # An effect looks at the log, so what stands before it must be there.
        _flush(transaction, transaction.cursor)
        transaction.cursor.execute("SAVEPOINT effect")
        try:
            result = _apply(place, entry.effect)
        except ImError as refusal:
            transaction.cursor.execute("ROLLBACK TO SAVEPOINT effect")
            return refusal
        if isinstance(result, Entry):
            return replace(result, repeated=True)
        erased = result or ()
        transaction.effects_had = True
        if not isinstance(entry.effect, (effects.Recall, effects.Edit)):
            conversation.epoch += 1
            transaction.rights_changed = True
    conversation.last_seq, conversation.last_ordinal, conversation.changed = seq, ordinal, True
    return _add(transaction, conversation, entry, erased)


def _apply(place: Place, effect: effects.Effect) -> Entry | tuple[int, ...] | None:
    match effect:
        case effects.Recall():
            return revisions.recall(place, effect)
        case effects.Edit():
            revisions.edit(place, effect)
        case effects.Join():
            membership.join(place, effect)
        case effects.Leave():
            membership.leave(place, effect)
        case effects.SetRole():
            membership.set_role(place, effect)
        case effects.Mute():
            membership.mute(place, effect)
        case effects.SetOwner():
            membership.set_owner(place, effect)
        case effects.GroupChange():
            return membership.change_group(place, effect)
        case effects.Dissolve():
            return membership.dissolve(place, effect)
    return None


def _add(
    transaction: _Transaction,
    conversation: LockedConversation,
    entry: NewEntry,
    erased: tuple[int, ...],
) -> Entry:
    """Note the row that is to be inserted, and all that goes with it."""
    seq, ordinal = conversation.last_seq, conversation.last_ordinal
    extra = None if entry.extra is None else msgspec.json.encode(entry.extra).decode()
    transaction.rows.append(
        (
            *(conversation.id, seq, ordinal, entry.sender, entry.key, int(entry.kind)),
            *(entry.media, entry.content, extra, entry.target_seq, entry.fingerprint),
            *(entry.media_id, transaction.now),
        )
    )
    if entry.media_id is not None:
        shown = references.Reference("entry", conversation.id, seq)
        transaction.media.append((entry.media_id, shown))
    transaction.mentions += ((conversation.id, seq, user) for user in entry.mentions)
    if entry.kind is EntryKind.MESSAGE:
        transaction.marks[conversation.id, entry.sender] = seq
    return Entry(
        conversation=conversation.id,
        conversation_name=conversation.name,
        seq=seq,
        ordinal=ordinal,
        sender=entry.sender,
        key=entry.key,
        time=transaction.now,
        kind=entry.kind,
        media=entry.media,
        content=entry.content,
        extra=entry.extra,
        target_seq=entry.target_seq,
        media_id=entry.media_id,
        fingerprint=entry.fingerprint,
        epoch=conversation.epoch,
        erased_contents=erased,
    )


def _flush(transaction: _Transaction, cursor: Executes) -> None:
    """Insert what was noted so far."""
    rows = transaction.rows
    if rows:
        # NULL as text: most rows have several, and a parameter costs PyMySQL 2 us.
        places = (
            f"({', '.join('NULL' if value is None else '%s' for value in row)})" for row in rows
        )
        values = [value for row in rows for value in row if value is not None]
        cursor.execute(_INSERT + ", ".join(places), values)
        rows.clear()
    references.add(cursor, transaction.media)
    transaction.media.clear()
    mentions.add(cursor, transaction.mentions)
    transaction.mentions.clear()


def _update(transaction: _Transaction, cursor: Executes) -> None:
    """Write the conversations' new numbers, and the senders' own marks."""
    changed = [row for row in transaction.conversations.values() if row.changed]
    if not changed:
        return
    columns = ["last_seq", "last_ordinal"]
    if transaction.rights_changed:
        columns.append("epoch")
    case = f"CASE id {' '.join(['WHEN %s THEN %s'] * len(changed))} END"
    values: list[object] = []
    for column in columns:
        for row in changed:
            values += (row.id, getattr(row, column))
    assignments = ", ".join(f"{column} = {case}" for column in columns)
    cursor.execute(
        f"UPDATE conversation SET {assignments}, changed_at = %s"
        f" WHERE id IN ({cursor.dialect.marks(len(changed))})",
        (*values, transaction.now, *(row.id for row in changed)),
    )
    broadcast = {row.id for row in changed if row.name == names.ALL}
    own = [(pair[0], seq) for pair, seq in transaction.marks.items() if pair[0] not in broadcast]
    everyone = [(pair[0], seq) for pair, seq in transaction.marks.items() if pair[0] in broadcast]
    if own:
        marks.move_own(cursor, own)
    if everyone:
        marks.move_own_in_broadcast(cursor, everyone)
