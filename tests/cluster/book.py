"""Reads the database itself, past everything that the messenger has to say about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql

from tests.checker import Head, Row
from tests.cluster.history import Book, View


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
    for name, *row in rows(
        url,
        "SELECT name, seq, ordinal, sender_id, client_key, message.kind, content, recalled_at"
        " FROM message JOIN conversation ON conversation.id = message.conversation_id",
    ):
        seq, ordinal, sender, key, kind, content, recalled_at = row
        is_message = kind == 0
        text = content if is_message else None
        recalled = recalled_at is not None
        book.rows.append(
            Row(name, seq, ordinal, sender, bytes(key).hex(), is_message, text, recalled)
        )
    for name, last_seq, last_ordinal in rows(
        url, "SELECT name, last_seq, last_ordinal FROM conversation"
    ):
        book.heads.append(Head(name, last_seq, last_ordinal))
    book.views = read_views(url)
    return book


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
