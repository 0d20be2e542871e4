"""What it costs the database to move the marks of those who write."""

from __future__ import annotations

from contextlib import closing
from typing import Any, cast

import pytest

from im.store import conversations
from im.store.backend import Connection
from im.store.batch import write_batch
from im.store.cursor import Cursor
from im.store.faults import NoFaults
from tests.im.store.harness import make_group, make_user, message, on_loop, ready

WRITERS = 8
FEW, MANY = 20, 2000
ROOM = 1.5
"""How much more work there may be among many: an index is a little deeper."""


class Work:
    """What a connection has had to do: instructions of SQLite's machine, or rows it has read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._instructions = 0
        driver = cast("Any", connection)._driver
        if connection.cursor().dialect.name == "sqlite":
            driver.set_progress_handler(self._count, 1)

    @property
    def done(self) -> int:
        """So far."""
        cursor = self._connection.cursor()
        if cursor.dialect.name == "sqlite":
            return self._instructions
        status = cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%%'").all()
        return sum(int(value) for _, value in status)

    def _count(self) -> None:
        self._instructions += 1


def more_people(cursor: Cursor, group: int, count: int) -> list[int]:
    """So many new members of a group."""
    users = [make_user(cursor, f"{count} {number}") for number in range(count)]
    for user in users:
        cursor.execute(
            "INSERT INTO member (conversation_id, user_id, changed_at) VALUES (%s, %s, 1)",
            (group, user),
        )
    return users


@pytest.mark.parametrize("everyone", [False, True], ids=["group", "broadcast"])
@on_loop
async def test_a_message_costs_the_database_the_same_among_many(url: str, everyone: bool) -> None:
    async with ready(url) as database:
        group = await database.write(make_group, "crew", 0)
        talk = await database.read(conversations.broadcast) if everyone else group
        spent = []
        with closing(database.connection()) as connection:
            work = Work(connection)
            for count in (FEW, MANY):
                writers = (await database.write(more_people, group.id, count))[:WRITERS]
                before = work.done
                said = [message(talk.id, who, f"from {who}") for who in writers]
                write_batch(connection, said, NoFaults(), patience=3.0)
                spent.append(work.done - before)
        print(f"work among {FEW}: {spent[0]}, among {MANY}: {spent[1]}")
        assert 0 < spent[1] <= spent[0] * ROOM
