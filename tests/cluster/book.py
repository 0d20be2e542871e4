"""Reads the database itself, past everything that the messenger has to say about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql

from im.store.entries import EntryKind
from tests.checker import Head, Row
from tests.cluster.history import Book, Change, Mark, View
from tests.cluster.words import words_in

_CHANGES = {
    EntryKind.CREATED: "came",
    EntryKind.JOINED: "came",
    EntryKind.LEFT: "went",
    EntryKind.REMOVED: "went",
    EntryKind.DISSOLVED: "went",
    EntryKind.SILENCED: "silenced",
    EntryKind.UNSILENCED: "unsilenced",
    EntryKind.ROLE: "unsilenced",
    EntryKind.OWNER: "unsilenced",
}


def rows(url: str, sql: str) -> Sequence[Sequence[Any]]:
    """All rows of a ``SELECT`` without parameters."""
    if url.startswith("sqlite:"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10)) as file:
            return file.execute(sql).fetchall()
    place = urlsplit(url)
    with (
        closing(
            pymysql.connect(
                host=place.hostname,
                port=place.port or 3306,
                user=place.username,
                password=unquote(place.password or ""),
                database=place.path.lstrip("/"),
                charset="utf8mb4",
            )
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
        return cursor.fetchall()


def heads(url: str) -> dict[str, int]:
    """The last number of each conversation."""
    return dict(rows(url, "SELECT name, last_seq FROM conversation"))  # type: ignore[arg-type]


def read_book(url: str) -> Book:
    """All of the log, and who may see what of it."""
    book = Book()
    edits: dict[tuple[str, int], tuple[str | None, ...]] = {}
    found = rows(
        url,
        "SELECT name, seq, ordinal, sender_id, client_key, message.kind, content, recalled_at,"
        " target_seq, extra FROM message JOIN conversation"
        " ON conversation.id = message.conversation_id ORDER BY name, seq",
    )
    for name, *_, kind, content, _, target, _ in found:
        if kind == EntryKind.EDIT:
            edits[name, target] = (*edits.get((name, target), ()), content)
    for name, seq, ordinal, sender, key, kind, content, recalled_at, _, extra in found:
        is_message = kind == EntryKind.MESSAGE
        text = content if is_message or kind == EntryKind.EDIT else None
        book.rows.append(
            Row(
                *(name, seq, ordinal, sender, bytes(key).hex(), is_message, text),
                recalled=recalled_at is not None,
                edits=edits.get((name, seq), ()),
            )
        )
        if kind in _CHANGES:
            known = json.loads(extra or "{}")
            if kind != EntryKind.ROLE or known["role"] != "member":
                users = None if kind == EntryKind.DISSOLVED else tuple(known["users"])
                book.changes.append(Change(name, seq, _CHANGES[EntryKind(kind)], users))
    for name, last_seq, last_ordinal in rows(
        url, "SELECT name, last_seq, last_ordinal FROM conversation"
    ):
        book.heads.append(Head(name, last_seq, last_ordinal))
    book.views = read_views(url)
    book.words = read_words(url)
    book.marks = read_marks(url)
    return book


def read_words(url: str) -> dict[str, set[str]]:
    """The words of messages that are anywhere in the database, with the tables that have them."""
    sqlite = url.startswith("sqlite:")
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'" if sqlite else "SHOW TABLES"
    words: dict[str, set[str]] = {}
    for (table,) in rows(url, tables):
        for row in rows(url, f"SELECT * FROM {table}"):
            for value in row:
                for word in words_in(value):
                    words.setdefault(word, set()).add(table)
    return words


def read_marks(url: str) -> list[Mark]:
    """How far each person has read each conversation."""
    members = (
        "SELECT user_id, name, read_seq FROM member"
        " JOIN conversation ON conversation.id = member.conversation_id"
    )
    everyone = "SELECT id, 'all', all_read_seq FROM user_basic"
    return [Mark(*row) for sql in (members, everyone) for row in rows(url, sql)]


def read_views(url: str) -> dict[int, dict[str, View]]:
    """Of each person the conversations that they may see, and from where to where."""
    views: dict[int, dict[str, View]] = {}
    for user, name, joined, left in rows(
        url,
        "SELECT user_id, name, joined_seq, left_seq FROM member"
        " JOIN conversation ON conversation.id = member.conversation_id",
    ):
        views.setdefault(user, {})[name] = (max(1, joined), left)
    for (user,) in rows(url, "SELECT id FROM user_basic WHERE deleted_at IS NULL"):
        views.setdefault(user, {})["all"] = (1, None)
    return views
