"""Databases, conversations and entries for the tests of the store."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

from im.errors import Unavailable
from im.store import contents, conversations, media, postings, search_index
from im.store.bootstrap import bootstrap
from im.store.conversations import Conversation
from im.store.cursor import Cursor
from im.store.database import Database, DatabaseSettings, open_database
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.faults import Faults
from im.store.log_writer import LogWriter
from im.store.media import NewFile
from im.store.migrations import migrate
from im.store.search_words import tokens_of

LIMIT = 60.0
"""Seconds that a test on a loop may take."""


def on_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a coroutine as a test."""

    @wraps(test)
    def run(*arguments: object, **options: object) -> None:
        async def limited() -> None:
            await asyncio.wait_for(test(*arguments, **options), LIMIT)

        asyncio.run(limited())

    return run


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[Database]:
    """A database, closed at the end."""
    database = open_database(DatabaseSettings(url, **settings))
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def ready(url: str, **settings: Any) -> AsyncIterator[Database]:
    """A migrated database with what a cluster needs."""
    async with opened(url, **settings) as database:
        await migrate(database)
        await bootstrap(database)
        yield database


@asynccontextmanager
async def writing(
    database: Database, faults: Faults | None = None, **limits: Any
) -> AsyncIterator[LogWriter]:
    """A log writer, closed at the end."""
    writer = LogWriter(database, faults=faults, **limits)
    try:
        yield writer
    finally:
        await writer.close()


def key(*parts: object) -> bytes:
    """A key of 16 bytes for a name."""
    return hashlib.sha256(repr(parts).encode()).digest()[:16]


def message(conversation: int, sender: int, text: str, **fields: Any) -> NewEntry:
    """A message whose key and fingerprint come from its text, unless given."""
    fields.setdefault("key", key(text))
    fields.setdefault("fingerprint", key("content", conversation, text))
    return NewEntry(conversation, sender, media="text", content=text, **fields)


def event(conversation: int, sender: int, kind: EntryKind, **fields: Any) -> NewEntry:
    """An event with a key of its own."""
    fields.setdefault("key", key(kind, sorted(fields.items(), key=str), conversation, sender))
    return NewEntry(conversation, sender, kind=kind, **fields)


async def private(database: Database, one: int, other: int) -> Conversation:
    """The conversation of two people."""
    return await database.write(conversations.private, one, other)


def make_user(cursor: Cursor, name: str) -> int:
    """A user's id."""
    now = cursor.dialect.now_ms
    cursor.execute(
        f"INSERT INTO user_basic (name, name_folded, created_at, updated_at)"
        f" VALUES (%s, %s, {now}, {now})",
        (name, name.casefold()),
    )
    return cursor.lastrowid


def make_group(cursor: Cursor, name: str, owner: int) -> Conversation:
    """A group's conversation with its owner."""
    now = cursor.dialect.now_ms
    cursor.execute(
        "INSERT INTO group_basic (name, name_folded, owner_id, created_at, updated_at)"
        f" VALUES (%s, %s, %s, {now}, {now})",
        (name, name.casefold(), owner),
    )
    return conversations.group(cursor, cursor.lastrowid, owner)


def make_media(cursor: Cursor, owner: int, data: bytes = b"abc", thumbnail: bytes = b"") -> int:
    """An uploaded file of one chunk, perhaps with a thumbnail."""
    made, _ = media.add(
        *(cursor, owner, 2**40, _stored(cursor, data, "image/png")),
        _stored(cursor, thumbnail, "image/webp") if thumbnail else None,
    )
    return made


def _stored(cursor: Cursor, data: bytes, type: str) -> NewFile:
    content = contents.begin(cursor)
    cursor.execute(
        "INSERT INTO media_chunk (content_id, number, data) VALUES (%s, 0, %s)", (content, data)
    )
    return NewFile(content, hashlib.sha256(data).digest(), type, len(data))


async def one(database: Database, sql: str, *values: object) -> Any:
    """The first column of the first row, or None."""

    def read(cursor: Cursor) -> Any:
        row = cursor.execute(sql, values).one()
        return None if row is None else row[0]

    return await database.read(read)


async def rows(database: Database, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """All rows."""
    return await database.read(lambda cursor: cursor.execute(sql, values).all())


async def run(database: Database, sql: str, *values: object) -> int:
    """Rows that a statement matched."""
    return await database.write(lambda cursor: cursor.execute(sql, values).rowcount)


async def outcome(pending: Awaitable[Entry]) -> Entry | BaseException:
    """What came of it, as a value."""
    return (await asyncio.gather(pending, return_exceptions=True))[0]


async def until_stored(writer: LogWriter, entry: NewEntry) -> Entry:
    """Append again while the outcome is unknown, as an outbox does."""
    while True:
        found = await outcome(writer.append(entry))
        if isinstance(found, Entry):
            return found
        if not isinstance(found, Unavailable):
            raise found
        await asyncio.sleep(0.02)


async def assert_whole(database: Database) -> None:
    """Numbers 1 … last_seq and ordinals, in every conversation."""
    kept = await rows(database, "SELECT id, last_seq, last_ordinal FROM conversation")
    for conversation, last_seq, last_ordinal in kept:
        stored = await rows(
            database,
            "SELECT seq, ordinal, kind FROM message WHERE conversation_id = %s ORDER BY seq",
            conversation,
        )
        assert [row[0] for row in stored] == list(range(1, last_seq + 1))
        count = 0
        for _, ordinal, kind in stored:
            count += kind == 0
            assert ordinal == count
        assert last_ordinal == count


def indexed(cursor: Cursor, conversation: int) -> dict[int, set[str]]:
    """What the search index knows of each message: its tokens, or bytes that are none of them.

    The tokens are looked for among those of all texts that the log has now.
    """
    texts = cursor.execute(
        "SELECT COALESCE(content, ''), sender_id FROM message WHERE conversation_id = %s",
        (conversation,),
    ).all()
    known = {token for text, sender in texts for token in tokens_of(text, sender)}
    names = search_index.hashed(cursor, known)
    found: dict[int, set[str]] = {}
    for block, token, messages in cursor.execute(
        "SELECT block, token, messages FROM search WHERE conversation_id = %s", (conversation,)
    ).all():
        bits = postings.unpack(messages)
        assert bits, "an empty set is no row"
        for place in postings.falling(bits):
            name = names.get(bytes(token), repr(token))
            found.setdefault(block * postings.BLOCK + place, set()).add(name)
    return found
