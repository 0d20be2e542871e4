"""Random batches do what a model without a database says."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from im.errors import AlreadyExists, Forbidden, KeyConflict, NotFound, Recalled
from im.store.backend import Connection
from im.store.batch import write_batch
from im.store.database import Database, DatabaseSettings, open_database, transact
from im.store.effects import Edit, Join, Leave, Recall
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.errors import StaleEpoch
from im.store.faults import NoFaults
from im.store.migrations import migrate
from im.store.search_index import fill, unindexed
from im.store.search_words import tokens_of
from tests.im.store.harness import indexed, key

TALKS = (1, 2)
NOWHERE = 3
SENDERS = (1, 2)


@dataclass
class Stored:
    """An entry of the model."""

    seq: int
    ordinal: int
    sender: int
    key: bytes
    kind: EntryKind
    content: str | None
    fingerprint: bytes | None
    recall: int | None = None
    """The number of the entry that took it back."""
    edits: list[int] = field(default_factory=list)


@dataclass
class Talk:
    """A conversation of the model."""

    log: list[Stored] = field(default_factory=list)
    epoch: int = 0
    indexed: int = 0
    """How far the search index has come."""
    members: set[int] = field(default_factory=set)


class Model:
    """What the log is to hold."""

    def __init__(self) -> None:
        self.talks = {talk: Talk() for talk in TALKS}
        self.keys: dict[tuple[int, bytes], tuple[int, int, bytes | None]] = {}

    def batch(self, entries: list[NewEntry]) -> list[object]:
        """What becomes of each entry: (conversation, number, repeated), or an error's class."""
        before = dict(self.keys)
        first: dict[tuple[int, bytes], tuple[object, NewEntry]] = {}
        stale: set[tuple[int, int]] = set()
        results: list[object] = []
        for entry in entries:
            name = (entry.sender, entry.key)
            if name in before:
                results.append(self._repeat(entry, *before[name]))
            elif name in first:
                result, leader = first[name]
                if isinstance(result, tuple):
                    # An answer to a repeated recall is another entry, of another key.
                    conversation, seq, repeated = result
                    stored = self.talks[conversation].log[seq - 1]
                    mark = stored.fingerprint if repeated else leader.fingerprint
                    results.append(self._repeat(entry, conversation, seq, mark))
                else:
                    results.append(result)
            else:
                result = self._append(entry, stale)
                first[name] = (result, entry)
                results.append(result)
        return results

    def _repeat(self, entry: NewEntry, conversation: int, seq: int, mark: bytes | None) -> object:
        differs = entry.fingerprint and mark and entry.fingerprint != mark
        if differs or conversation != entry.conversation:
            return KeyConflict
        return (conversation, seq, True)

    def _append(self, entry: NewEntry, stale: set[tuple[int, int]]) -> object:
        talk = self.talks.get(entry.conversation)
        if talk is None:
            return NotFound
        line = (entry.conversation, entry.sender)
        if entry.epoch is not None and (entry.epoch != talk.epoch or line in stale):
            stale.add(line)
            return StaleEpoch
        seq = len(talk.log) + 1
        refused = self._effect(talk, entry, seq)
        if refused is not None:
            return refused
        ordinal = sum(stored.kind is EntryKind.MESSAGE for stored in talk.log)
        ordinal += entry.kind is EntryKind.MESSAGE
        talk.log.append(
            Stored(
                *(seq, ordinal, entry.sender, entry.key, entry.kind),
                *(entry.content, entry.fingerprint),
            )
        )
        self.keys[entry.sender, entry.key] = (entry.conversation, seq, entry.fingerprint)
        return (entry.conversation, seq, False)

    def _effect(self, talk: Talk, entry: NewEntry, seq: int) -> object:
        match entry.effect:
            case Recall(target, _, anyone):
                found = self._target(talk, target)
                if found is None:
                    return NotFound
                if found.sender != entry.sender and not anyone:
                    return Forbidden
                if found.recall is not None:
                    return (entry.conversation, found.recall, True)
                found.recall = seq
                for number in (target, *found.edits):
                    self._erase(entry.conversation, talk.log[number - 1])
            case Edit(target):
                found = self._target(talk, target)
                if found is None:
                    return NotFound
                if found.sender != entry.sender:
                    return Forbidden
                if found.recall is not None:
                    return Recalled
                self._erase(entry.conversation, found)
                found.content = entry.content
                found.edits.append(seq)
            case Join((user,)):
                if user in talk.members:
                    return AlreadyExists
                talk.members.add(user)
                talk.epoch += 1
            case Leave((user,)):
                if user not in talk.members:
                    return NotFound
                talk.members.remove(user)
                talk.epoch += 1
        return None

    def _erase(self, conversation: int, stored: Stored) -> None:
        stored.content = stored.fingerprint = None
        self.keys[stored.sender, stored.key] = (conversation, stored.seq, None)

    def _target(self, talk: Talk, seq: int) -> Stored | None:
        if not 1 <= seq <= len(talk.log) or talk.log[seq - 1].kind is not EntryKind.MESSAGE:
            return None
        return talk.log[seq - 1]


conversation = st.sampled_from((*TALKS, *TALKS, *TALKS, NOWHERE))
sender = st.sampled_from(SENDERS)
keys = st.integers(0, 40).map(lambda number: key(number))
epoch = st.sampled_from((None, None, None, 0, 1, 2))
seqs = st.integers(0, 12)

messages = st.builds(
    lambda talk, who, name, text, mark, at: NewEntry(
        *(talk, who, name),
        media="text",
        content=text,
        fingerprint=key(text) if mark else None,
        epoch=at,
    ),
    *(conversation, sender, keys, st.sampled_from("abc"), st.booleans(), epoch),
)
recalls = st.builds(
    lambda talk, who, name, seq, anyone: NewEntry(
        *(talk, who, name, EntryKind.RECALL),
        target_seq=seq,
        effect=Recall(seq, anyone=anyone),
    ),
    *(conversation, sender, keys, seqs, st.booleans()),
)
edits = st.builds(
    lambda talk, who, name, seq, text: NewEntry(
        *(talk, who, name, EntryKind.EDIT),
        content=text,
        target_seq=seq,
        effect=Edit(seq),
    ),
    *(conversation, sender, keys, seqs, st.sampled_from("xyz")),
)
joins = st.builds(
    lambda talk, who, name, user: NewEntry(talk, who, name, EntryKind.JOINED, effect=Join((user,))),
    *(conversation, sender, keys, st.integers(1, 3)),
)
leaves = st.builds(
    lambda talk, who, name, user: NewEntry(talk, who, name, EntryKind.LEFT, effect=Leave((user,))),
    *(conversation, sender, keys, st.integers(1, 3)),
)
batches = st.lists(
    st.lists(st.one_of(messages, messages, messages, recalls, edits, joins, leaves), max_size=12),
    max_size=8,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A writer's connection to a database with two conversations."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(DatabaseSettings(f"sqlite:///{Path(folder) / 'im.db'}"))
        asyncio.run(_migrate(database))
        owned = database.connection()
        yield owned
        owned.close()
        asyncio.run(database.close())


async def _migrate(database: Database) -> None:
    await migrate(database)


def _clear(connection: Connection) -> None:
    cursor = connection.cursor()
    for table in ("conversation", "message", "revision", "member", "search"):
        cursor.execute(f"DELETE FROM {table}")
    for talk in TALKS:
        cursor.execute(
            "INSERT INTO conversation (id, name, kind, changed_at, created_at)"
            " VALUES (%s, %s, 'group', 0, 0)",
            (talk, f"g:{talk}"),
        )


@settings(max_examples=150, deadline=None)
@given(batches)
def test_batches_do_what_the_model_says(
    connection: Connection, batches: list[list[NewEntry]]
) -> None:
    _clear(connection)
    model = Model()
    for entries in batches:
        wanted = model.batch(entries)
        found = write_batch(connection, entries, NoFaults(), 1)
        assert [
            (outcome.conversation, outcome.seq, outcome.repeated)
            if isinstance(outcome, Entry)
            else type(outcome)
            for outcome in found
        ] == wanted
        _assert_equal(connection, model)
        _index(connection, model)
        _assert_equal(connection, model)


def _index(connection: Connection, model: Model) -> None:
    """Let the search index follow one of the logs for a few entries."""
    number, talk = min(model.talks.items(), key=lambda item: item[1].indexed)
    cursor = connection.cursor()
    found = unindexed(cursor, number, 3)
    tokens = {seq: tokens_of(text, who) for seq, (text, who, _) in found.messages.items()}
    assert transact(connection, lambda cursor: fill(cursor, found, tokens), 1)
    talk.indexed = min(len(talk.log), talk.indexed + 3)


def _assert_equal(connection: Connection, model: Model) -> None:
    cursor = connection.cursor()
    for number, talk in model.talks.items():
        heads = cursor.execute(
            "SELECT last_seq, last_ordinal, epoch FROM conversation WHERE id = %s", (number,)
        ).all()
        messages = sum(stored.kind is EntryKind.MESSAGE for stored in talk.log)
        assert heads == [(len(talk.log), messages, talk.epoch)]
        rows = cursor.execute(
            "SELECT seq, ordinal, sender_id, client_key, kind, content, fingerprint,"
            " recalled_at IS NOT NULL FROM message WHERE conversation_id = %s ORDER BY seq",
            (number,),
        ).all()
        recalled = {
            seq for stored in talk.log if stored.recall for seq in (stored.seq, *stored.edits)
        }
        assert rows == [
            (
                *(stored.seq, stored.ordinal, stored.sender, stored.key, stored.kind),
                *(stored.content, stored.fingerprint, stored.seq in recalled),
            )
            for stored in talk.log
        ]
        members = cursor.execute(
            "SELECT user_id FROM member WHERE conversation_id = %s AND left_seq IS NULL", (number,)
        ).all()
        assert {row[0] for row in members} == talk.members
        assert indexed(cursor, number) == {
            stored.seq: tokens_of(stored.content or "", stored.sender)
            for stored in talk.log[: talk.indexed]
            if stored.kind is EntryKind.MESSAGE and stored.recall is None
        }
