"""Links that log a further device in: good once, for a time, and while their maker is."""

from __future__ import annotations

import asyncio

from im.store import device_links, sessions
from im.store.cursor import Cursor
from im.store.database import Database
from tests.im.store.harness import make_user, on_loop, one, ready, run

CODE = b"c" * 32
MINUTE = 60_000


async def made(database: Database) -> tuple[int, int]:
    """Ann with one session, which has a link; ann and the session."""
    ann = await database.write(make_user, "ann")
    session = await database.write(opened, ann, b"a" * 32)
    await database.write(device_links.put, session, ann, CODE, MINUTE)
    return ann, session


def opened(cursor: Cursor, user: int, token_hash: bytes) -> int:
    return sessions.open_session(cursor, token_hash, user, "", "", MINUTE)


class Refused(Exception):
    """The link is not good."""


def come_in(cursor: Cursor, number: int) -> int:
    """As a device does that comes by the link; its session."""
    row = device_links.find(cursor, CODE)
    if row is None:
        raise Refused
    session = opened(cursor, row.user, bytes([number]) * 32)
    if not device_links.use(cursor, CODE, session):
        raise Refused
    return session


@on_loop
async def test_of_many_who_come_by_one_link_at_once_one_gets_in(url: str) -> None:
    async with ready(url, pool_size=8) as database:
        _, maker = await made(database)
        answers = await asyncio.gather(
            *(database.write(come_in, number) for number in range(8)), return_exceptions=True
        )
        (session,) = [answer for answer in answers if isinstance(answer, int)]
        assert [type(answer) for answer in answers].count(Refused) == 7
        assert await one(database, "SELECT COUNT(*) FROM session") == 2
        state = await database.read(device_links.state, maker)
        assert state is not None and state.opened == session


@on_loop
async def test_a_link_ends_with_its_time_and_with_all_that_ends_its_maker(url: str) -> None:
    async with ready(url) as database:
        ann, maker = await made(database)
        assert await database.read(device_links.find, b"x" * 32) is None
        found = await database.read(device_links.find, CODE)
        assert found is not None and (found.session, found.user, found.name) == (maker, ann, "ann")

        async def is_gone() -> bool:
            return await database.read(device_links.find, CODE) is None

        again = (device_links.put, maker, ann, CODE, MINUTE)
        await run(database, "UPDATE device_link SET expires_at = 1")
        assert await is_gone()
        await database.write(*again)
        assert not await is_gone()
        await database.write(sessions.revoke_all, ann, maker)
        assert await is_gone(), "though the session that made it was spared"
        await database.write(*again)
        await run(database, "UPDATE user_basic SET disabled_at = 1")
        assert await is_gone()
        await run(database, "UPDATE user_basic SET disabled_at = NULL")
        await database.write(sessions.revoke, ann, [maker])
        assert await is_gone()


@on_loop
async def test_a_session_has_one_link_and_old_ones_are_forgotten(url: str) -> None:
    async with ready(url) as database:
        ann, maker = await made(database)
        await database.write(device_links.put, maker, ann, b"d" * 32, MINUTE)
        assert await database.read(device_links.find, CODE) is None
        assert await one(database, "SELECT COUNT(*) FROM device_link") == 1
        await database.write(device_links.forget_old, 0)
        assert await one(database, "SELECT COUNT(*) FROM device_link") == 1
        await run(database, "UPDATE device_link SET expires_at = 1")
        await database.write(device_links.forget_old, MINUTE)
        assert await one(database, "SELECT COUNT(*) FROM device_link") == 0
