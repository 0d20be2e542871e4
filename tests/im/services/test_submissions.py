"""What people put in line is stored in its order, and each of it has one outcome."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from im.app import Listening, Messenger, open_messenger
from im.errors import ImError, NotFound, Unavailable
from im.protocol.client import Send
from im.services.identity import Identity
from im.services.rights import Access, Answer
from im.services.submissions import MAX_STALE, Sent, Submissions
from im.settings import Settings
from im.store import conversations
from im.store.batch import Outcome
from im.store.entries import Entry, EntryKind, NewEntry
from im.store.errors import StaleEpoch
from im.store.log_writer import LEAST_QUEUE
from tests.im.store.harness import on_loop, rows

KEY = b"k" * 16
WHO = Identity(1, 1, "ann", "user", "user", "en")
MAY = Access(7, "p:1:2", 0, "member")


class Writer:
    """Keeps what is put in line until the test says what became of it."""

    timeout = 3.0

    def __init__(self) -> None:
        self.line: list[tuple[NewEntry, Callable[[Outcome], None]]] = []
        self.deadlines: list[float] = []
        self.full = False

    def submit(self, entry: NewEntry, done: Callable[[Outcome], None], deadline: float) -> None:
        if self.full:
            raise Unavailable("full")
        self.line.append((entry, done))
        self.deadlines.append(deadline)

    def say(self, outcome: Outcome) -> None:
        """What became of the first one."""
        _, done = self.line.pop(0)
        done(outcome)


class Rights:
    """Answers when the test lets it."""

    def __init__(self) -> None:
        self.asked: list[Answer] = []

    def forget_one(self, access: Access, user: int) -> None:
        assert (access, user) == (MAY, WHO.user)

    def ask(self, who: Identity, target: str, answer: Answer) -> None:
        self.asked.append(answer)


class Desk:
    """A line, and what was heard of it."""

    def __init__(self, committed: Callable[[Entry], None] = lambda entry: None) -> None:
        self.writer = Writer()
        self.rights = Rights()
        self.heard: list[Sent | ImError] = []
        writer: Any = self.writer
        rights: Any = self.rights
        self.submissions = Submissions(writer, rights, committed, lambda conversation, call: call())

    def put(self, access: Access | None = MAY, came: float = 0.0) -> None:
        """Put an entry in line that came then."""
        entry = NewEntry(7, WHO.user, KEY, epoch=None if access is None else access.epoch)
        done, end = self.submissions.begin(self.heard.append, came)
        self.submissions.put(WHO, "u:2", access, entry, done, end)


def stored(seq: int = 1) -> Entry:
    """An entry that was committed."""
    return Entry(7, "p:1:2", seq, seq, WHO.user, KEY, 5, EntryKind.MESSAGE)


def test_what_was_committed_is_answered_even_when_telling_of_it_fails() -> None:
    def fail(entry: Entry) -> None:
        raise ValueError("unforeseen")

    desk = Desk(fail)
    desk.put()
    desk.writer.say(stored())
    assert desk.heard == [Sent("p:1:2", 1, 5, False)]


def test_changed_rights_decide_anew_and_not_for_ever() -> None:
    desk = Desk()
    desk.put()
    for epoch in range(1, MAX_STALE):
        desk.writer.say(StaleEpoch(epoch))
        # The right is the same again; only its epoch would differ.
        desk.rights.asked.pop()(MAY)
    assert not desk.heard
    desk.writer.say(StaleEpoch(MAX_STALE))
    assert [type(outcome) for outcome in desk.heard] == [Unavailable]
    desk.put()
    desk.writer.say(StaleEpoch(9))
    refusal = NotFound("gone")
    desk.rights.asked.pop()(refusal)
    assert desk.heard[1:] == [refusal]


def test_all_that_a_message_waits_for_has_one_end_counted_from_when_it_came() -> None:
    desk = Desk()
    desk.put(came=100.0)
    desk.writer.say(StaleEpoch(1))
    desk.rights.asked.pop()(MAY)
    assert desk.writer.deadlines == [103.0, 103.0]


@on_loop
async def test_a_look_up_that_is_not_answered_by_the_end_is_told_and_nothing_is_put_in_line() -> (
    None
):
    desk = Desk()
    now = asyncio.get_running_loop().time()
    # One whose time was over before it was looked at, as behind others that waited.
    done, end = desk.submissions.begin(desk.heard.append, now - 10)
    asked = asyncio.Event()
    await desk.submissions.guard(_put_after(asked, desk), done, end)
    assert [type(outcome) for outcome in desk.heard] == [Unavailable]
    asked.set()
    await desk.submissions.close()
    assert not desk.writer.line


async def _put_after(asked: asyncio.Event, desk: Desk) -> None:
    await asked.wait()
    desk.put()


def test_what_needs_no_right_only_goes_in_line_again_behind_one_whose_right_changed() -> None:
    desk = Desk()
    desk.put(None)
    desk.writer.say(StaleEpoch(1))
    assert not desk.rights.asked
    desk.writer.say(stored())
    assert desk.heard == [Sent("p:1:2", 1, 5, False)]


def test_who_finds_no_place_in_line_is_told() -> None:
    desk = Desk()
    desk.writer.full = True
    desk.put()
    assert [type(outcome) for outcome in desk.heard] == [Unavailable]


def test_closing_waits_for_all_that_was_begun() -> None:
    async def run() -> None:
        desk = Desk()
        desk.put()
        desk.put()
        closing = asyncio.create_task(desk.submissions.close())
        for left in (1, 0):
            await asyncio.sleep(0)
            assert not closing.done()
            desk.writer.say(stored(2 - left))
        await asyncio.wait_for(closing, 30)
        assert len(desk.heard) == 2

    asyncio.run(run())


async def _node(url: str, folder: Path) -> Messenger:
    given = {
        "node": {"data_dir": folder, "name": "node"},
        "relay": {"bus": "none"},
        "database": {"url": url},
    }
    return await open_messenger(Settings.model_validate(given), Listening("127.0.0.1", 1, 0, 0))


@on_loop
async def test_one_persons_messages_keep_their_order_while_the_rights_change(
    url: str, tmp_path: Path
) -> None:
    node = await _node(url, tmp_path)
    one, other = [
        Identity(row.id, 1, row.name, "user", "user", "en")
        for row in [
            await node.accounts.create(None, name, "correct-horse") for name in ("ann", "bob")
        ]
    ]
    await node.messages.send(one, Send(to=f"u:{other.user}", text="0"))
    conversation = f"p:{one.user}:{other.user}"
    ((number,),) = await rows(
        node.database, "SELECT id FROM conversation WHERE name = %s", conversation
    )
    told: list[Sent | ImError] = []
    draw = random.Random(3)
    count = 400
    # No more at once than may wait of one conversation on a machine that has no time.
    room = asyncio.Semaphore(LEAST_QUEUE // 2)

    def hear(outcome: Sent | ImError) -> None:
        told.append(outcome)
        room.release()

    changes = []
    for text in range(1, count):
        frame = Send(to=f"u:{other.user}", text=str(text))
        await room.acquire()
        waiting = node.messages.submit(one, frame, hear)
        if waiting is not None:
            await waiting  # as a connection does before it reads on
        if draw.random() < 0.02:
            change = partial(conversations.raise_epoch, conversation=number)
            changes.append(asyncio.create_task(node.database.write(change)))
        for _ in range(draw.choice((0, 0, 0, 1, 3))):
            await asyncio.sleep(0)
    await node.messages.close()
    assert changes and all(isinstance(outcome, Sent) for outcome in told)
    assert len(told) == count - 1
    found = await rows(node.database, "SELECT content FROM message ORDER BY seq")
    assert [int(text) for (text,) in found] == list(range(count))
    await asyncio.gather(*changes)
    await node.close()


@on_loop
async def test_a_close_that_was_given_up_can_be_taken_again_and_the_last_one_is_answered() -> None:
    desk = Desk()
    desk.put()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await desk.submissions.close()
    closing = asyncio.ensure_future(desk.submissions.close())
    await asyncio.sleep(0)
    assert not closing.done()
    desk.writer.say(stored())
    await asyncio.wait_for(closing, 30)
    assert desk.heard == [Sent("p:1:2", 1, 5, False)]
