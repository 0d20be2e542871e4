"""Pages of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from im.store import messages
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.messages import Page
from tests.im.store.harness import message, on_loop, private, ready, writing

TOTAL = 60


async def _filled(database: Database, texts: list[str]) -> int:
    talk = await private(database, 1, 2)
    async with writing(database) as writer:
        await asyncio.gather(
            *(
                writer.append(message(talk.id, 1 + n % 2, text, key=n.to_bytes(16, "big")))
                for n, text in enumerate(texts)
            )
        )
        other = await private(database, 3, 4)
        await writer.append(message(other.id, 3, "elsewhere"))
    return talk.id


async def _page(database: Database, talk: int, **how: Any) -> tuple[list[int], bool]:
    found: Page = await database.read(partial(messages.page, conversation=talk, **how))
    return [entry.seq for entry in found.entries], found.more


@on_loop
async def test_pages_follow_one_another_in_both_directions(url: str) -> None:
    async with ready(url) as database:
        talk = await _filled(database, [f"m{n}" for n in range(TOTAL)])
        assert await _page(database, talk, after=0, limit=25) == (list(range(1, 26)), True)
        assert await _page(database, talk, after=25, limit=25) == (list(range(26, 51)), True)
        assert await _page(database, talk, after=50, limit=25) == (list(range(51, 61)), False)
        assert await _page(database, talk, after=60) == ([], False)
        assert await _page(database, talk, before=61, limit=25) == (list(range(36, 61)), True)
        assert await _page(database, talk, before=11, limit=10) == (list(range(1, 11)), False)
        assert await _page(database, talk, before=1) == ([], False)
        assert await _page(database, talk, after=0) == (list(range(1, 61)), False)


class Interrupted:
    """A cursor of which something happens behind its first statement."""

    def __init__(self, cursor: Cursor, happens: Callable[[], None]) -> None:
        self._cursor = cursor
        self._happens: Callable[[], None] | None = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, *statement: Any) -> Any:
        found = self._cursor.execute(*statement)
        rows = found.all()
        if self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return SimpleNamespace(all=lambda: rows)


@on_loop
async def test_what_is_said_while_the_newest_page_is_read_pushes_nothing_out_of_it(
    url: str,
) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await _filled(database, ["one", "two"])
        loop = asyncio.get_running_loop()

        def said() -> None:
            entry = message(talk, 1, "three", key=b"3" * 16)
            asyncio.run_coroutine_threadsafe(writer.append(entry), loop).result()

        def read(cursor: Cursor) -> Page:
            return messages.page(cast(Cursor, Interrupted(cursor, said)), talk, before=100)

        found = await database.read(read)
        assert [entry.seq for entry in found.entries] == [1, 2]
        assert not found.more


@on_loop
async def test_a_page_around_a_number_has_it_in_its_middle(url: str) -> None:
    async with ready(url) as database:
        talk = await _filled(database, [f"m{n}" for n in range(TOTAL)])
        assert await _page(database, talk, around=30, limit=10) == (list(range(26, 36)), True)
        assert await _page(database, talk, around=2, limit=6) == ([1, 2, 3, 4, 5], True)
        assert await _page(database, talk, around=60, limit=1) == ([60], True)
        assert await _page(database, talk, around=30, limit=500) == (list(range(1, 61)), False)


@on_loop
async def test_a_member_sees_only_between_joining_and_leaving(url: str) -> None:
    async with ready(url) as database:
        talk = await _filled(database, [f"m{n}" for n in range(TOTAL)])
        bounds = {"first": 10, "last": 20}
        assert await _page(database, talk, after=0, **bounds) == (list(range(10, 21)), False)
        assert await _page(database, talk, before=99, **bounds) == (list(range(10, 21)), False)
        assert await _page(database, talk, before=15, **bounds) == (list(range(10, 15)), False)
        assert await _page(database, talk, after=15, limit=3, **bounds) == ([16, 17, 18], True)
        assert await _page(database, talk, around=12, **bounds) == (list(range(10, 21)), False)
        assert await _page(database, talk, around=50, limit=4, **bounds) == ([19, 20], True)


@on_loop
async def test_a_page_is_bounded_in_bytes_and_never_cuts_a_text(url: str) -> None:
    async with ready(url) as database:
        talk = await _filled(database, ["文" * 1000, "x" * 100, "文" * 1000, "y", "z" * 9000])
        # 3,000 bytes each, whatever the characters.
        assert await _page(database, talk, after=0, max_bytes=3100) == ([1, 2], True)
        assert await _page(database, talk, after=0, max_bytes=3099) == ([1], True)
        assert await _page(database, talk, before=5, max_bytes=3101) == ([2, 3, 4], True)
        assert await _page(database, talk, after=4, max_bytes=10) == ([5], False), "at least one"
        found = await database.read(partial(messages.page, conversation=talk, after=4, max_bytes=9))
        assert found.entries[0].content == "z" * 9000


@on_loop
async def test_a_page_has_at_most_500_entries(url: str) -> None:
    async with ready(url) as database:
        talk = await _filled(database, [f"m{n}" for n in range(520)])
        seqs, more = await _page(database, talk, after=0, limit=9999)
        assert (len(seqs), more) == (500, True)


@on_loop
async def test_entries_are_found_by_key_and_number(url: str) -> None:
    async with ready(url) as database:
        talk = await _filled(database, ["a", "b", "c"])
        key = (1).to_bytes(16, "big")
        keyed = await database.read(messages.by_keys, [(2, key), (1, key)])
        found = keyed[2, key]
        assert keyed == {(2, key): found}
        assert (found.seq, found.content, found.conversation_name) == (2, "b", "p:1:2")
        assert await database.read(messages.by_seq, talk, 2) == found
        assert await database.read(messages.by_seq, talk, 9) is None
        assert await database.read(messages.by_keys, []) == {}


@on_loop
async def test_a_page_needs_a_place(url: str) -> None:
    async with ready(url) as database:
        with pytest.raises(ValueError, match="after, before or around"):
            await _page(database, 1)
