"""The index of who is named where."""

from __future__ import annotations

from im.store import mentions
from im.store.migrations import HEAD, migrate
from tests.im.store.harness import (
    make_user,
    message,
    on_loop,
    one,
    private,
    ready,
    rows,
    run,
    writing,
)
from tests.im.store.test_revisions import recall


@on_loop
async def test_one_message_may_name_more_than_a_statement_takes(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        people = tuple(range(1, mentions.ROWS + 2))
        await writer.append(message(talk.id, 1, "all of you", mentions=people))
        assert await one(database, "SELECT COUNT(*) FROM mention") == len(people)
        await writer.append(recall(talk.id, 1, 1))
        assert await one(database, "SELECT COUNT(*) FROM mention") == 0


@on_loop
async def test_a_message_sent_again_names_once_and_who_goes_is_forgotten(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        ann, bob = [await database.write(make_user, name) for name in ("ann", "bob")]
        talk = await private(database, ann, bob)
        entry = message(talk.id, ann, "you", mentions=(ann, bob))
        await writer.append(entry)
        assert (await writer.append(entry)).repeated
        found = await database.read(mentions.newest_unread, bob, [talk.id])
        assert found == {talk.id: 1}
        assert await database.read(mentions.newest_unread, bob, []) == {}
        await database.write(mentions.forget, bob)
        assert await database.read(mentions.newest_unread, bob, [talk.id]) == {}
        assert await one(database, "SELECT user_id FROM mention") == ann


@on_loop
async def test_what_was_said_by_an_older_version_mentions_too(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        for extra in ({"mentions": [2, 1]}, None, {"extra": {"mentions": 5}}, {"mentions": [2]}):
            await writer.append(message(talk.id, 1, str(extra), extra=extra))
        await writer.append(recall(talk.id, 1, 4))
        # As it was before: without the table, or with a part of it after a crash.
        for before in ("DROP TABLE mention", "DELETE FROM mention WHERE user_id = 1"):
            await run(database, before)
            await run(database, "UPDATE alembic_version SET version_num = '0037'")
            assert await migrate(database) == HEAD
            kept = await rows(database, "SELECT seq, user_id FROM mention ORDER BY user_id")
            assert kept == [(1, 1), (1, 2)]
