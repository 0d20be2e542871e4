"""A search by the index finds what looking at every visible message finds, in the same order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from im.services import message_search
from im.services.message_search import Position, Wanted, look
from im.store import members, search_index, visible
from im.store.backend import Connection
from im.store.batch import write_batch
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database, transact
from im.store.effects import Edit, Recall
from im.store.entries import EntryKind, NewEntry
from im.store.faults import NoFaults
from im.store.migrations import migrate
from im.store.search_words import find, parse, tokens_of
from tests.im.store.harness import key

PEOPLE = (1, 2, 3)
TALKS: dict[int, tuple[str, dict[int, tuple[int, int | None]]]] = {
    1: ("p:1:2", {1: (0, None), 2: (0, None)}),
    2: ("p:1:3", {1: (0, None), 3: (0, None)}),
    3: ("g:1", {1: (1, None), 2: (3, None), 3: (2, 5)}),
    4: ("all", {}),
}
"""Conversations, and from where to where their members see them."""

WORDS = ("好", "你好", "好你", "你好吗", "Hello", "hell", "ＨＥ", "he", "h", "x1", "😀", "，", " ")
text = st.lists(st.sampled_from(WORDS), max_size=4).map("".join)
talk = st.sampled_from(sorted(TALKS))
seq = st.integers(1, 12)
actions = st.lists(
    st.tuples(st.just("say"), talk, st.sampled_from(PEOPLE), text)
    | st.tuples(st.just("say"), talk, st.sampled_from(PEOPLE), text)
    | st.tuples(st.just("recall"), talk, seq)
    | st.tuples(st.just("edit"), talk, seq, text)
    | st.tuples(st.just("hide"), talk, st.sampled_from(PEOPLE), seq)
    | st.tuples(st.just("index"), talk, st.integers(1, 8)),
    min_size=1,
    max_size=30,
)
questions = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        text,
        st.none() | st.sampled_from(PEOPLE),
        st.none() | talk,
        st.none() | st.integers(0, 30),
        st.none() | st.integers(0, 30),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=6,
)


@dataclass(frozen=True)
class Said:
    """A message as the table has it."""

    conversation: int
    seq: int
    sender: int
    time: int
    text: str


@pytest.fixture(params=["mariadb", "sqlite"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A writer's connection."""
    url = f"sqlite:///{tmp_path / 'im.db'}"
    if request.param == "mariadb":
        url = request.getfixturevalue("mysql_url")
    database = open_database(DatabaseSettings(url))
    asyncio.run(_on_loop(migrate(database)))
    owned = database.connection()
    yield owned
    owned.close()
    asyncio.run(_on_loop(database.close()))


async def _on_loop(work: Any) -> None:
    await work


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions, questions)
def test_the_index_finds_what_looking_at_everything_finds(
    connection: Connection, actions: list[Any], questions: list[Any]
) -> None:
    _clear(connection)
    for number, (action, *values) in enumerate(actions):
        ACTIONS[action](connection, number, *values)
    with closing(connection.cursor()) as cursor:
        said = _said(cursor)
        times = sorted({each.time for each in said}) or [0]
        for person, asked, sender, where, after, before, limit in questions:
            query = parse(asked)
            if query is None and sender is None:
                continue
            wanted = Wanted(
                query,
                sender,
                times[after % len(times)] if after is not None else None,
                times[before % len(times)] if before is not None else None,
                None,
                limit,
            )
            scope = visible.everything(cursor, person, wanted.after or 0, 100)
            if where is not None:
                scope = [each for each in scope if each.conversation == where]
            assert _pages(cursor, person, scope, wanted) == _brute(
                cursor, person, said, wanted, where
            )


def _pages(
    cursor: Cursor, person: int, scope: list[visible.Visible], wanted: Wanted
) -> list[tuple[int, int]]:
    """All hits, page after page."""
    found: list[tuple[int, int]] = []
    while True:
        page = look(cursor, person, scope, wanted)
        assert not page.incomplete
        assert len(page.hits) <= wanted.limit
        found += [(hit.said.conversation, hit.said.seq) for hit in page.hits]
        if not page.more:
            return found
        wanted = replace(wanted, behind=page.hits[-1].position)


def _brute(
    cursor: Cursor, person: int, said: list[Said], wanted: Wanted, where: int | None
) -> list[tuple[int, int]]:
    found = []
    for each in said:
        first, last = TALKS[each.conversation][1].get(person, (0, 0))
        if each.conversation == 4:
            last = None
        hidden = members.hidden_entries(cursor, each.conversation, person, [each.seq])
        if (
            where in (None, each.conversation)
            and each.seq >= first
            and (last is None or each.seq <= last)
            and each.seq not in hidden
            and wanted.sender in (None, each.sender)
            and (wanted.after is None or each.time >= wanted.after)
            and (wanted.before is None or each.time < wanted.before)
            and (wanted.query is None or find(wanted.query, each.text) is not None)
        ):
            found.append(Position(each.time, each.conversation, each.seq))
    return [(each.conversation, each.seq) for each in sorted(found, reverse=True)]


def _said(cursor: Cursor) -> list[Said]:
    rows = cursor.execute(
        "SELECT conversation_id, seq, sender_id, created_at, content FROM message"
        " WHERE kind = 0 AND recalled_at IS NULL"
    ).all()
    return [Said(*row) for row in rows]


def _clear(connection: Connection) -> None:
    cursor = connection.cursor()
    for table in ("conversation", "message", "revision", "member", "hidden", "search"):
        cursor.execute(f"DELETE FROM {table}")
    for number, (name, people) in TALKS.items():
        cursor.execute(
            "INSERT INTO conversation (id, name, kind, changed_at, created_at)"
            " VALUES (%s, %s, 'group', 0, 0)",
            (number, name),
        )
        for person, (joined, left) in people.items():
            cursor.execute(
                "INSERT INTO member (conversation_id, user_id, joined_seq, left_seq, changed_at)"
                " VALUES (%s, %s, %s, %s, 0)",
                (number, person, joined, left),
            )


def _write(connection: Connection, number: int, talk: int, sender: int, **fields: Any) -> None:
    entry = NewEntry(talk, sender, key(number), **fields)
    write_batch(connection, [entry], NoFaults(), 1)


def _sender(connection: Connection, talk: int, seq: int) -> int:
    with closing(connection.cursor()) as cursor:
        row = cursor.execute(
            "SELECT sender_id FROM message WHERE conversation_id = %s AND seq = %s", (talk, seq)
        ).one()
        return int(row[0]) if row is not None else 1


def _say(connection: Connection, number: int, talk: int, sender: int, text: str) -> None:
    _write(connection, number, talk, sender, media="text", content=text)


def _recall(connection: Connection, number: int, talk: int, seq: int) -> None:
    kind, effect = EntryKind.RECALL, Recall(seq, anyone=True)
    _write(connection, number, talk, 1, kind=kind, target_seq=seq, effect=effect)


def _edit(connection: Connection, number: int, talk: int, seq: int, text: str) -> None:
    sender = _sender(connection, talk, seq)
    _write(
        *(connection, number, talk, sender),
        kind=EntryKind.EDIT,
        content=text,
        target_seq=seq,
        effect=Edit(seq),
    )


def _hide(connection: Connection, _: int, talk: int, person: int, seq: int) -> None:
    transact(connection, lambda cursor: members.hide_entry(cursor, talk, person, seq, True), 1)


def _index(connection: Connection, _: int, talk: int, count: int) -> None:
    with closing(connection.cursor()) as cursor:
        found = search_index.unindexed(cursor, talk, count)
    tokens = {seq: tokens_of(text, who) for seq, (text, who, _) in found.messages.items()}
    assert transact(connection, lambda cursor: search_index.fill(cursor, found, tokens), 1)


ACTIONS: dict[str, Any] = {
    "say": _say,
    "recall": _recall,
    "edit": _edit,
    "hide": _hide,
    "index": _index,
}


def _long_log(connection: Connection, count: int, every: int) -> None:
    """A log of so many messages, in which every so many has a needle; all indexed."""
    cursor = connection.cursor()
    now = 1_000_000
    for start in range(0, count, 500):
        numbers = range(start + 1, min(start + 500, count) + 1)
        cursor.execute(
            "INSERT INTO message (conversation_id, seq, ordinal, sender_id, client_key, media,"
            f" content, created_at) VALUES {cursor.dialect.rows(len(numbers), 8)}",
            [
                value
                for number in numbers
                for value in (
                    *(1, number, number, number % 2 + 1, key(number), "text"),
                    "草中针" if number % every == 0 else "草",
                    now + number,
                )
            ],
        )
    cursor.execute(
        "UPDATE conversation SET last_seq = %s, last_ordinal = %s, changed_at = %s WHERE id = 1",
        (count, count, now + count),
    )
    more = True
    while more:
        found = search_index.unindexed(cursor, 1, 2000)
        tokens = {seq: tokens_of(said, who) for seq, (said, who, _) in found.messages.items()}
        transact(connection, lambda c, f=found, t=tokens: search_index.fill(c, f, t), 5)
        more = found.more


def test_a_long_log_is_searched_block_by_block(connection: Connection) -> None:
    _clear(connection)
    _long_log(connection, 13_000, 1000)
    cursor = connection.cursor()
    scope = visible.everything(cursor, 1, 0, 10)
    query = parse("中针")
    wanted = Wanted(query, None, None, None, None, 5)
    assert [seq for _, seq in _pages(cursor, 1, scope, wanted)] == list(range(13_000, 0, -1000))
    late = replace(wanted, before=1_000_000 + 9_500, after=1_000_000 + 4_000)
    assert [seq for _, seq in _pages(cursor, 1, scope, late)] == [
        9000,
        8000,
        7000,
        6000,
        5000,
        4000,
    ]
    one = replace(wanted, query=parse("针"), sender=1)
    assert [seq for _, seq in _pages(cursor, 1, scope, one)] == list(range(13_000, 0, -1000))
    assert _pages(cursor, 1, scope, replace(one, sender=2)) == []
    common = replace(wanted, query=parse("草"), limit=50)
    page = look(cursor, 1, scope, common)
    assert [hit.said.seq for hit in page.hits] == list(range(13_000, 12_950, -1))


def test_a_search_that_would_look_at_too_much_says_so(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_search, "MOST_MESSAGES", 300)
    _clear(connection)
    _long_log(connection, 1000, 10)
    cursor = connection.cursor()
    cursor.execute("UPDATE conversation SET indexed_seq = 400 WHERE id = 1")
    scope = visible.everything(cursor, 1, 0, 10)
    wanted = Wanted(parse("中针"), None, None, None, None, 20)
    page = look(cursor, 1, scope, wanted)
    assert not page.incomplete, "full before it was too much"
    assert [hit.said.seq for hit in page.hits] == list(range(1000, 800, -10))
    page = look(cursor, 1, scope, replace(wanted, query=parse("不在 草")))
    assert (page.hits, page.incomplete) == ([], True)
