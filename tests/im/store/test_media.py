"""Who owns, shows and sees files; each content is stored once and goes with its last file."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter

import pytest

from im.errors import NotFound, QuotaReached
from im.store import contents, media, references
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.effects import Join, Leave, Recall
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.log_writer import LogWriter
from im.store.media import NewFile, Sight
from im.store.references import Reference
from tests.im.store.harness import (
    event,
    key,
    make_group,
    make_media,
    make_user,
    message,
    on_loop,
    one,
    outcome,
    private,
    ready,
    rows,
    writing,
)

COUNTS = (
    "SELECT m.id, m.reference_count, (SELECT COUNT(*) FROM media_reference r"
    " WHERE r.media_id = m.id) FROM media m WHERE m.state = 'stored' ORDER BY m.id"
)


async def seen(database: Database, file: int, *people: int) -> list[Sight | None]:
    """Why each of these people may see a file."""

    def read(cursor: Cursor) -> list[Sight | None]:
        row = media.by_id(cursor, file)
        assert row is not None
        return [media.sight(cursor, row, person) for person in people]

    return await database.read(read)


def recall(conversation: int, sender: int, seq: int) -> NewEntry:
    """An entry that takes a message back."""
    return event(
        *(conversation, sender, EntryKind.RECALL),
        key=key("recall", conversation, seq),
        effect=Recall(seq),
    )


@on_loop
async def test_the_same_content_is_stored_once_and_goes_with_the_last_file(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        files = [await database.write(make_media, owner, b"same") for owner in (1, 1, 2)]
        assert len(set(files)) == 3, "each upload has a number of its own"
        assert await one(database, "SELECT COUNT(*) FROM media_chunk") == 1
        hashes = "SELECT COUNT(*) FROM media_content WHERE sha256 IS NOT NULL"
        for number, file in enumerate(files):
            await writer.append(message(talk.id, 1, f"{number}", media_id=file))
        for seq in (1, 2):
            assert (await writer.append(recall(talk.id, 1, seq))).erased_contents == ()
            assert await one(database, hashes) == 1
        assert len((await writer.append(recall(talk.id, 1, 3))).erased_contents) == 1
        assert await one(database, hashes) == 0
        assert await one(database, "SELECT COUNT(*) FROM media_chunk") == 0
        assert await one(database, "SELECT COUNT(*) FROM media") == 0


@on_loop
async def test_uploads_of_the_same_at_once_are_one_content(url: str) -> None:
    async with ready(url) as database:
        person = await database.write(make_user, "ann")
        made = await asyncio.gather(
            *(outcome(database.write(make_media, person, b"same")) for _ in range(8))
        )
        # The loser of a race tries again, as the service does.
        for failed in [each for each in made if isinstance(each, BaseException)]:
            assert type(failed).__name__ == "DuplicateKey"
            await database.write(make_media, person, b"same")
        assert await one(database, "SELECT COUNT(*) FROM media") == 8
        assert await one(database, "SELECT COUNT(*) FROM media_chunk") == 1


@on_loop
async def test_nobody_stores_more_than_their_quota(url: str) -> None:
    async with ready(url) as database:
        ann, bob = [await database.write(make_user, name) for name in ("ann", "bob")]

        def add(cursor: Cursor, owner: int, data: bytes) -> int:
            content = contents.begin(cursor)
            file = NewFile(content, key(data) * 2, "image/png", 40)
            return media.add(cursor, owner, 100, file, None)[0]

        both = [outcome(database.write(add, ann, data)) for data in (b"a", b"b", b"c", b"d")]
        found = await asyncio.gather(*both)
        assert sorted(type(each).__name__ for each in found) == ["QuotaReached"] * 2 + ["int"] * 2
        await database.write(add, bob, b"a")
        with pytest.raises(QuotaReached):
            await database.write(add, ann, b"a")
        assert await database.read(media.used, ann) == 80


@on_loop
async def test_a_file_is_seen_by_those_who_can_see_where_it_is_shown(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        owner, early, late, stranger = [
            await database.write(make_user, name) for name in ("a", "b", "c", "d")
        ]
        group = await database.write(make_group, "g", owner)
        other = await database.write(make_group, "other", stranger)
        talk = await private(database, owner, late)
        everyone = await one(database, "SELECT id FROM conversation WHERE name = 'all'")
        people = (owner, early, late, stranger)
        file = await database.write(make_media, owner)
        assert await seen(database, file, *people) == [Sight.OWNER, None, None, None]

        async def do(kind: EntryKind, effect: Join | Leave) -> Entry:
            return await writer.append(event(group.id, owner, kind, effect=effect))

        await do(EntryKind.JOINED, Join((early,)))
        shown = await writer.append(message(group.id, owner, "x", media_id=file))
        await do(EntryKind.LEFT, Leave((early,)))
        await do(EntryKind.JOINED, Join((late,)))
        reader = Sight.READER
        assert await seen(database, file, *people) == [reader, reader, None, None]
        later = await writer.append(message(group.id, owner, "y", media_id=file))
        assert await seen(database, file, *people) == [reader, reader, reader, None]
        await writer.append(recall(group.id, owner, shown.seq))
        assert await seen(database, file, *people) == [reader, None, reader, None]
        sent = await writer.append(message(talk.id, owner, "p", media_id=file))
        await writer.append(recall(group.id, owner, later.seq))
        assert await seen(database, file, *people) == [reader, None, reader, None]
        said = await writer.append(message(other.id, stranger, "o", media_id=file))
        await writer.append(recall(talk.id, owner, sent.seq))
        assert await seen(database, file, *people) == [None, None, None, reader]
        await writer.append(message(everyone, owner, "all", media_id=file))
        await writer.append(recall(other.id, stranger, said.seq))
        assert await seen(database, file, *people) == [reader] * 4
        await database.write(references.existing, [file])
        await database.write(references.add, [(file, Reference("avatar", owner))])
        assert await seen(database, file, *people) == [Sight.ANYONE] * 4


@on_loop
async def test_a_file_erased_in_a_batch_is_not_sent_again_in_it(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk, other = await private(database, 1, 2), await private(database, 1, 3)
        for turn in range(5):
            file = await database.write(make_media, 1)
            sent = await writer.append(message(talk.id, 1, f"a{turn}", media_id=file))
            gone, forwarded = await asyncio.gather(
                outcome(writer.append(recall(talk.id, 1, sent.seq))),
                outcome(writer.append(message(other.id, 1, f"b{turn}", media_id=file))),
            )
            assert isinstance(gone, Entry)
            assert isinstance(forwarded, (Entry, NotFound))
            if isinstance(forwarded, Entry):
                assert await rows(database, COUNTS) == [(file, 1, 1)]
                await writer.append(recall(other.id, 1, forwarded.seq))
            assert await rows(database, COUNTS) == []
            assert await one(database, "SELECT COUNT(*) FROM media_reference") == 0


class Crowd:
    """Random sends, forwards, recalls and avatars at once, and a model of what they leave."""

    def __init__(self, database: Database, writer: LogWriter, talks: list[int], seed: int) -> None:
        self.database = database
        self.writer = writer
        self.talks = talks
        self.draw = random.Random(seed)
        self.made: dict[int, bytes] = {}
        self.shown: dict[tuple[int, int], int] = {}
        self.avatars: dict[int, int | None] = {1: None, 2: None}
        self.names = itertools.count()

    async def upload(self) -> None:
        """Some new files, with contents that others have too."""
        for data in self.draw.sample([b"a", b"b", b"c"], self.draw.randint(0, 2)):
            self.made[await self.database.write(make_media, 1, data, b"t")] = data

    async def write(self) -> None:
        """Some entries at once."""
        meant = [self._entry() for _ in range(self.draw.randint(0, 6))]
        found = await asyncio.gather(*(outcome(self.writer.append(entry)) for entry in meant))
        for entry, result in zip(meant, found, strict=True):
            if isinstance(entry.effect, Recall):
                assert isinstance(result, (Entry, NotFound))
                self.shown.pop((entry.conversation, entry.effect.target_seq), None)
            elif isinstance(result, Entry) and entry.media_id is not None:
                self.shown[entry.conversation, result.seq] = entry.media_id
            else:
                assert isinstance(result, NotFound)

    def _entry(self) -> NewEntry:
        talk = self.draw.choice(self.talks)
        seqs = [seq for conversation, seq in self.shown if conversation == talk]
        if self.made and (not seqs or self.draw.random() < 0.6):
            file = self.draw.choice(list(self.made))
            return message(talk, 1, f"{next(self.names)}", media_id=file)
        return recall(talk, 1, self.draw.choice(seqs) if seqs else 1_000_000)

    async def change_avatar(self) -> None:
        """Another avatar for someone, or none."""
        person = self.draw.choice(list(self.avatars))
        before, after = self.avatars[person], self.draw.choice([None, *self.made])

        def change(cursor: Cursor) -> bool:
            if after is not None and not references.existing(cursor, [after]):
                return False
            references.replace(cursor, Reference("avatar", person), before, after)
            return True

        if await self.database.write(change):
            self.avatars[person] = after

    async def sweep(self) -> None:
        """What nobody shows goes."""
        for file in await self.database.read(media.unused, -1000, 100):
            await self.database.write(media.erase_unused, file)

    async def check(self) -> None:
        """The database holds what the model says, and nothing else."""
        counted = await rows(self.database, COUNTS)
        assert all(count == places for _, count, places in counted)
        left = {file: count for file, count, _ in counted}
        meant = Counter([*self.shown.values(), *self.avatars.values()])
        assert {file: count for file, count in left.items() if count} == {
            file: count for file, count in meant.items() if file is not None
        }
        self.made = {file: data for file, data in self.made.items() if file in left}
        stored = await rows(self.database, "SELECT data FROM media_chunk")
        wanted = {*self.made.values(), *([b"t"] if left else [])}
        assert sorted(row[0] for row in stored) == sorted(wanted)


@pytest.mark.parametrize("seed", range(6))
@on_loop
async def test_counts_are_the_places_that_show_a_file_whatever_happens(url: str, seed: int) -> None:
    async with ready(url) as database, writing(database) as writer:
        talks = [(await private(database, 1, other)).id for other in (2, 3)]
        crowd = Crowd(database, writer, talks, seed)
        for turn in range(30):
            await crowd.upload()
            await crowd.write()
            await crowd.change_avatar()
            if turn % 4 == 3:
                await crowd.sweep()
            await crowd.check()
