"""Messages that are taken back or changed, each in its entry's own transaction."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from im.errors import (
    Forbidden,
    NotFound,
    Recalled,
    TooLate,
)
from im.store import messages
from im.store.effects import (
    Edit,
    Recall,
)
from im.store.entries import Entry, EntryKind, NewEntry
from tests.im.store.harness import (
    event,
    key,
    make_media,
    message,
    on_loop,
    one,
    outcome,
    private,
    ready,
    rows,
    run,
    writing,
)
from tests.services.process import wait_until

HOUR = 3_600_000


def recall(conversation: int, sender: int, seq: int, name: str = "", **how: Any) -> NewEntry:
    """An entry that takes a message back."""
    return event(
        *(conversation, sender, EntryKind.RECALL),
        key=key("recall", seq, name),
        target_seq=seq,
        effect=Recall(seq, **how),
    )


def edit(conversation: int, sender: int, seq: int, text: str, **fields: Any) -> NewEntry:
    """An entry that gives a message a new text."""
    how = {name: fields.pop(name) for name in ("limit_ms", "extra") if name in fields}
    return event(
        *(conversation, sender, EntryKind.EDIT),
        key=key("edit", seq, text),
        content=text,
        target_seq=seq,
        effect=Edit(seq, **how),
        **fields,
    )


@on_loop
async def test_what_is_taken_back_is_gone_from_every_table(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        media = await database.write(make_media, 1, b"picture", b"thumbnail")
        kept = await writer.append(message(talk.id, 1, "kept"))
        entry = message(talk.id, 1, "secret", media_id=media, extra={"a": 1})
        told = await writer.append(entry)
        await writer.append(edit(talk.id, 1, told.seq, "secret too"))
        done = await writer.append(recall(talk.id, 1, told.seq))
        assert (done.seq, done.target_seq, done.kind) == (4, 2, EntryKind.RECALL)
        assert len(done.erased_contents) == 2
        for seq in (2, 3):
            stone = await database.read(messages.by_seq, talk.id, seq)
            assert stone is not None
            assert stone.recalled
            assert (stone.content, stone.extra, stone.media_id, stone.media) == (None,) * 3 + ("",)
            assert stone.fingerprint is None
        assert await one(database, "SELECT COUNT(*) FROM media") == 0
        assert await one(database, "SELECT COUNT(*) FROM media_chunk") == 0
        assert await one(database, "SELECT COUNT(*) FROM media_reference") == 0
        left = await database.read(messages.by_seq, talk.id, kept.seq)
        assert left is not None
        assert left.content == "kept"
        # The number and the key stay: sent again it is still the same message.
        again = await writer.append(entry)
        assert (again.seq, again.repeated, again.content) == (2, True, None)
        assert again.recalled


@on_loop
async def test_a_file_that_others_still_show_stays(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        media = await database.write(make_media, 1)
        for name in ("a", "b"):
            await writer.append(message(talk.id, 1, name, media_id=media))
        assert (await writer.append(recall(talk.id, 1, 1))).erased_contents == ()
        assert await one(database, "SELECT reference_count FROM media") == 1
        assert len((await writer.append(recall(talk.id, 1, 2))).erased_contents) == 1
        assert await one(database, "SELECT COUNT(*) FROM media_chunk") == 0


@on_loop
async def test_a_repeated_recall_is_answered_with_the_first(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        await writer.append(message(talk.id, 1, "x"))
        first, second = await asyncio.gather(
            writer.append(recall(talk.id, 1, 1, "a")), writer.append(recall(talk.id, 1, 1, "b"))
        )
        third = await writer.append(recall(talk.id, 1, 1, "c"))
        assert (first.seq, second.seq, third.seq) == (2, 2, 2)
        assert (first.repeated, second.repeated, third.repeated) == (False, True, True)
        assert await rows(database, "SELECT seq, target_seq FROM revision") == [(2, 1)]
        assert await one(database, "SELECT last_seq FROM conversation WHERE id = %s", talk.id) == 2


@on_loop
async def test_the_limit_of_time_is_judged_by_the_databases_clock(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        for name in ("old", "new"):
            await writer.append(message(talk.id, 1, name))
        await run(
            database, "UPDATE message SET created_at = created_at - %s WHERE seq = 1", 2 * HOUR
        )
        for late in (
            recall(talk.id, 1, 1, limit_ms=HOUR),
            edit(talk.id, 1, 1, "changed", limit_ms=HOUR),
        ):
            with pytest.raises(TooLate) as refusal:
                await writer.append(late)
            assert refusal.value.values == {"limit": 60}
        await writer.append(edit(talk.id, 1, 2, "changed", limit_ms=HOUR))
        await writer.append(recall(talk.id, 1, 2, limit_ms=HOUR))
        await writer.append(recall(talk.id, 1, 1, "unlimited"))
        assert await one(database, "SELECT last_seq FROM conversation WHERE id = %s", talk.id) == 5


@on_loop
async def test_anothers_message_is_taken_back_only_by_who_may(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        await writer.append(message(talk.id, 1, "x"))
        for refused in (recall(talk.id, 2, 1), edit(talk.id, 2, 1, "y")):
            with pytest.raises(Forbidden):
                await writer.append(refused)
        await writer.append(recall(talk.id, 2, 1, "moderator", anyone=True))
        assert await one(database, "SELECT content FROM message WHERE seq = 1") is None


@on_loop
async def test_only_messages_that_exist_can_be_changed(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk, other = await private(database, 1, 2), await private(database, 1, 3)
        await writer.append(message(talk.id, 1, "x"))
        await writer.append(event(talk.id, 1, EntryKind.CREATED))
        for conversation, seq in ((talk.id, 9), (talk.id, 2), (other.id, 1)):
            for entry in (recall(conversation, 1, seq), edit(conversation, 1, seq, "y")):
                with pytest.raises(NotFound):
                    await writer.append(entry)


@on_loop
async def test_a_recall_wins_over_an_edit(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        await writer.append(message(talk.id, 1, "x"))
        found = await asyncio.gather(
            outcome(writer.append(edit(talk.id, 1, 1, "before"))),
            outcome(writer.append(recall(talk.id, 1, 1))),
            outcome(writer.append(edit(talk.id, 1, 1, "after"))),
        )
        assert isinstance(found[0], Entry)
        assert isinstance(found[1], Entry)
        assert isinstance(found[2], Recalled)
        stored = await rows(database, "SELECT content FROM message ORDER BY seq")
        assert stored == [(None,), (None,), (None,)]


@on_loop
async def test_an_edit_changes_text_and_time_and_nothing_else(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        talk = await private(database, 1, 2)
        entry = message(talk.id, 1, "old", extra={"mentions": [2]})
        await writer.append(entry)
        await writer.append(edit(talk.id, 1, 1, "new"))
        found = await database.read(messages.by_seq, talk.id, 1)
        assert found is not None
        assert (found.content, found.extra, found.ordinal) == ("new", {"mentions": [2]}, 1)
        assert found.edited_at is not None
        await writer.append(edit(talk.id, 1, 1, "third", extra={"mentions": []}))
        found = await database.read(messages.by_seq, talk.id, 1)
        assert found is not None
        assert (found.content, found.extra) == ("third", {"mentions": []})
        # The original sent again is the same message, whatever it says now.
        assert (await writer.append(entry)).seq == 1


@on_loop
async def test_a_recalled_text_is_in_no_file_of_the_database(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with ready(sqlite_url) as database:
        talk = await private(database, 1, 2)
        async with writing(database) as writer:
            for number in range(200):
                await writer.append(message(talk.id, 1, f"NEEDLE-{number}-" + "x" * 3000))
            assert _anywhere(tmp_path, b"NEEDLE-77-")
            await writer.append(recall(talk.id, 1, 78))
        await asyncio.to_thread(
            wait_until, lambda: not _anywhere(tmp_path, b"NEEDLE-77-"), what="an erased text"
        )
        assert _anywhere(tmp_path, b"NEEDLE-78-")


def _anywhere(folder: Path, text: bytes) -> bool:
    return any(text in path.read_bytes() for path in folder.iterdir() if path.is_file())
