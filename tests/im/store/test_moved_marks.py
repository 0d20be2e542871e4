"""Marks that people move: never back, each told of once, and many of one number in one go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection

import pytest

from im.store import conversations, members
from im.store.conversations import Conversation
from im.store.cursor import Cursor
from im.store.database import Database
from im.store.members import Mark
from tests.im.store.harness import make_group, make_user, on_loop, opened, ready, rows

PEOPLE = 6
BATCHES = 25
NUMBERS = 30


def crew(cursor: Cursor, people: int) -> tuple[Conversation, list[int]]:
    """A group of so many, who have read nothing."""
    group = make_group(cursor, "crew", 0)
    users = [make_user(cursor, f"{number}") for number in range(people)]
    for user in users:
        cursor.execute(
            "INSERT INTO member (conversation_id, user_id, changed_at) VALUES (%s, %s, 1)",
            (group.id, user),
        )
    return group, users


def some_marks(rng: random.Random, conversation: int, users: Collection[int]) -> list[Mark]:
    """At most one of each kind of each person, in any order."""
    return [
        Mark(conversation, user, seq, seq * 10, read)
        for user in rng.sample(list(users), len(users))
        for read in rng.sample([True, False], rng.randrange(3))
        for seq in [rng.randrange(1, NUMBERS)]
    ]


async def standing(
    database: Database, group: Conversation
) -> dict[tuple[int, int], tuple[int, ...]]:
    """Of the group and of what all read: numbers read, messages among them, numbers received."""
    own = await rows(
        database,
        "SELECT conversation_id, user_id, read_seq, read_ordinal, delivered_seq FROM member"
        " WHERE conversation_id = %s",
        group.id,
    )
    everyone = await rows(
        database,
        "SELECT 0, id, all_read_seq, all_read_ordinal, all_delivered_seq FROM user_basic",
    )
    return {(place, user): tuple(found) for place, user, *found in own + everyone}


@pytest.mark.parametrize("seed", range(3))
@on_loop
async def test_marks_in_any_order_never_go_back_and_those_that_moved_are_named(
    url: str, seed: int
) -> None:
    rng = random.Random(seed)
    async with ready(url) as database:
        group, users = await database.write(crew, PEOPLE)
        everyone = await database.read(conversations.broadcast)
        expected = {place: (0, 0, 0) for place in await standing(database, group)}
        for _ in range(BATCHES):
            batch = [
                *some_marks(rng, group.id, users),
                *(mark for mark in some_marks(rng, everyone.id, users) if mark.read),
            ]
            moved = await database.write(members.move_marks, batch, everyone.id)
            due = set()
            for mark in sorted(batch, key=lambda mark: not mark.read):
                place = (mark.conversation if mark.conversation == group.id else 0), mark.user
                read, ordinal, delivered = expected[place]
                if mark.read and mark.seq > read:
                    due.add(mark)
                    ahead = max(mark.seq, delivered) if place[0] else delivered
                    expected[place] = mark.seq, mark.ordinal, ahead
                elif not mark.read and mark.seq > delivered:
                    due.add(mark)
                    expected[place] = read, ordinal, mark.seq
            assert moved == due
            assert await standing(database, group) == expected


@on_loop
async def test_of_two_nodes_that_move_the_same_marks_one_is_told_that_they_moved(url: str) -> None:
    rng = random.Random(1)
    async with ready(url) as one, opened(url) as other:
        group, users = await one.write(crew, PEOPLE)
        for _ in range(BATCHES):
            batch = some_marks(rng, group.id, users)
            here, there = await asyncio.gather(
                one.write(members.move_marks, batch, 0),
                other.write(members.move_marks, batch[::-1], 0),
            )
            assert not here & there


@on_loop
async def test_marks_at_one_number_cost_as_many_statements_for_many_as_for_few(url: str) -> None:
    async with ready(url) as database:
        group, users = await database.write(crew, 40)
        spent = []
        for seq, people in ((1, users[:2]), (2, users)):
            before = database.statistics.statements
            marks = [Mark(group.id, user, seq, seq, True) for user in people]
            assert await database.write(members.move_marks, marks, 0) == set(marks)
            spent.append(database.statistics.statements - before)
        assert spent[0] == spent[1] > 0
