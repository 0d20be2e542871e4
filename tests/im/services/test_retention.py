"""How long messages are kept: less begins a day later, and what is due goes step by step."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from im.durations import DAY_MS
from im.errors import Forbidden
from im.services.expirer import Expirer
from im.services.identity import Identity
from im.services.retention import GRACE_MS, Retention, Rule, settled
from im.store import nodes
from im.store.cursor import Cursor
from im.store.database import Database
from tests.im.store.harness import (
    assert_whole,
    key,
    message,
    on_loop,
    one,
    private,
    ready,
    rows,
    run,
    writing,
)

ROOT = Path(__file__).resolve().parents[3]


class Clock:
    """The database's time, moved on by a test."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self, cursor: Cursor) -> int:
        return nodes.now_ms(cursor) + self.ahead


@pytest.fixture
def admin() -> Identity:
    """An administrator."""
    return Identity(1, 1, "ann", "user", "admin", "en")


def retention(database: Database, clock: Clock, default: int = 0) -> Retention:
    """A rule that tells nobody."""
    return Retention(database, default, lambda: None, clock)


def expirer(database: Database, rule: Retention, holder: str = "one") -> Expirer:
    """Removes with nothing in between."""
    return Expirer(database, rule, holder, lambda contents: None)


def test_a_longer_time_holds_at_once_and_a_shorter_one_after_the_grace() -> None:
    planned = settled(Rule(), 90, 1000)
    assert planned == Rule(0, None, 90, 1000 + GRACE_MS)
    assert settled(planned, 90, 999 + GRACE_MS) == planned
    assert settled(planned, 90, 1000 + GRACE_MS) == Rule(90)
    # Said otherwise meanwhile, the grace begins anew; taken back, nothing happened.
    assert settled(planned, 30, 2000) == Rule(0, None, 30, 2000 + GRACE_MS)
    assert settled(planned, 0, 2000) == Rule()
    assert settled(Rule(90), 120, 0) == Rule(120)
    assert settled(Rule(90), 0, 0) == Rule()
    assert settled(Rule(90), 30, 0) == Rule(90, None, 30, GRACE_MS)
    # An administrator's word holds against the file.
    assert settled(Rule(90, changed=0), 90, 0) == Rule(0, 0)


@on_loop
async def test_nothing_goes_before_the_grace_and_nothing_after_it_was_undone(
    url: str, admin: Identity
) -> None:
    async with ready(url) as database, writing(database) as writer:
        clock = Clock()
        rule = retention(database, clock)
        talk = (await private(database, 1, 2)).id
        await writer.append(message(talk, 1, "old"))
        clock.ahead = 10 * DAY_MS
        await writer.append(message(talk, 1, "older than it seems"))
        said = await rule.set(admin, 7)
        assert (said.days, said.planned) == (0, 7)
        work = expirer(database, rule)
        await work.follow(rest=0)
        assert work.steps == 0
        clock.ahead += GRACE_MS - 60_000
        await work.follow(rest=0)
        assert (work.steps, rule.days) == (0, 0)
        undone = await rule.set(admin, None)
        assert undone == Rule()
        clock.ahead += 120_000
        await work.follow(rest=0)
        assert work.steps == 0
        await rule.set(admin, 7)
        clock.ahead += GRACE_MS
        await work.follow(rest=0)
        assert (work.steps, rule.days) == (1, 7)
        assert await rows(database, "SELECT content FROM message") == [(None,), (None,)]


@on_loop
async def test_only_what_is_old_enough_goes_in_all_conversations(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        clock = Clock()
        rule = retention(database, clock, default=7)
        for other in range(2, 5):
            talk = (await private(database, 1, other)).id
            for number in range(130):
                await writer.append(message(talk, 1, f"{number}", key=key(other, number)))
            await run(
                database,
                "UPDATE message SET created_at = created_at + %s"
                " WHERE conversation_id = %s AND seq > 120",
                *(8 * DAY_MS, talk),
            )
        work = expirer(database, rule)
        await work.follow(rest=0)
        clock.ahead = 8 * DAY_MS
        await work.follow(rest=0)
        kept = await rows(
            database,
            "SELECT conversation_id, MIN(seq) FROM message"
            " WHERE content IS NOT NULL GROUP BY conversation_id",
        )
        assert [seq for _, seq in kept] == [121] * 3
        assert work.steps == 6
        await assert_whole(database)
        # What is said from now on goes when its own time comes.
        await writer.append(message(talk, 1, "new"))
        clock.ahead = 17 * DAY_MS
        await work.follow(rest=0)
        assert await one(database, "SELECT COUNT(*) FROM message WHERE content IS NOT NULL") == 0


@on_loop
async def test_one_node_removes_until_it_is_gone(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        clock = Clock()
        rule = retention(database, clock, default=1)
        first, second = (expirer(database, rule, name) for name in ("first", "second"))
        talk = (await private(database, 1, 2)).id
        await writer.append(message(talk, 1, "one"))
        await first.follow(rest=0)
        clock.ahead = 3 * DAY_MS
        await second.follow(rest=0)
        assert second.steps == 0
        # The first one is killed: its lease runs out.
        await run(
            database,
            "UPDATE cluster SET created_at = created_at - 600000 WHERE name = 'lease.retention'",
        )
        await second.follow(rest=0)
        assert (first.steps, second.steps) == (0, 1)


KILLED = """
import asyncio, os, signal, sys
from im.durations import DAY_MS
from im.services.expirer import Expirer
from im.services.retention import Retention
from im.store import expiry, nodes
from im.store.database import DatabaseSettings, open_database

erase, steps = expiry._erase, 0

def erase_and_die(*place):
    global steps
    erase(*place)
    steps += 1
    if steps == 2:
        os.kill(os.getpid(), signal.SIGKILL)

expiry._erase = erase_and_die

async def main():
    database = open_database(DatabaseSettings(sys.argv[1]))
    clock = lambda cursor: nodes.now_ms(cursor) + 9 * DAY_MS
    rule = Retention(database, 7, lambda: None, clock)
    await Expirer(database, rule, "killed", lambda contents: None).follow(rest=0)

asyncio.run(main())
"""


@on_loop
async def test_killed_in_a_step_it_goes_on_where_it_was(url: str) -> None:
    async with ready(url) as database, writing(database) as writer:
        clock = Clock()
        rule = retention(database, clock, default=7)
        talk = (await private(database, 1, 2)).id
        for number in range(250):
            await writer.append(message(talk, 1, f"word{number}"))
        await rule.settle()
        clock.ahead = GRACE_MS
        assert (await rule.settle()).days == 7
        killed = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", KILLED, url],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=30,
        )
        assert killed.returncode == -signal.SIGKILL
        assert (
            await one(database, "SELECT expired_seq FROM conversation WHERE id = %s", talk) == 100
        )
        empty = "SELECT COUNT(*) FROM message WHERE content IS NULL"
        assert await one(database, empty) == 100
        await run(database, "DELETE FROM cluster WHERE name = 'lease.retention'")
        clock.ahead = 9 * DAY_MS
        work = expirer(database, rule)
        await work.follow(rest=0)
        assert work.steps == 2
        assert await one(database, empty) == 250
        await assert_whole(database)


@on_loop
async def test_only_administrators_change_and_count(sqlite_url: str, admin: Identity) -> None:
    async with ready(sqlite_url) as database, writing(database) as writer:
        clock = Clock()
        rule = retention(database, clock)
        nobody = Identity(2, 2, "bob", "user", "user", "en")
        for act in (rule.set(nobody, 1), rule.count(nobody, 1)):
            with pytest.raises(Forbidden):
                await act
        talk = (await private(database, 1, 2)).id
        for text in ("one", "two"):
            await writer.append(message(talk, 1, text))
        assert (await rule.count(admin, 1)).messages == 0
        clock.ahead = 2 * DAY_MS
        counted = await rule.count(admin, 1)
        assert (counted.messages, counted.at_least) == (2, False)
        assert (await rule.count(admin, 0)).messages == 0


@on_loop
async def test_other_nodes_hear_of_a_change(sqlite_url: str, admin: Identity) -> None:
    async with ready(sqlite_url) as database:
        clock = Clock()
        told: list[str] = []
        one_node, other = (
            Retention(database, 30, tell(told, name), clock) for name in ("one", "other")
        )
        await one_node.settle()
        clock.ahead = GRACE_MS
        await one_node.settle()
        assert (one_node.days, other.days, told) == (30, 0, ["one"])
        await other.look()
        await other.look()
        assert (other.days, told) == (30, ["one", "other"])
        await other.set(admin, 0)
        assert (other.days, told) == (0, ["one", "other", "other"])


def tell(told: list[str], name: str) -> Callable[[], None]:
    """Notes who was told."""
    return lambda: told.append(name)


@on_loop
async def test_the_rule_is_looked_up_again_whatever_went_wrong_the_last_time(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("im.services.retention.LOOK_SECONDS", 0.01)
    async with ready(url) as database:
        retention = Retention(database, 0, lambda: None)
        looks: list[str] = []
        again = asyncio.Event()

        async def look() -> Rule:
            looks.append("look")
            if len(looks) == 2:
                raise RuntimeError("a mistake")
            if len(looks) > 2:
                again.set()
            return Rule()

        monkeypatch.setattr(retention, "look", look)
        await retention.start()
        await asyncio.wait_for(again.wait(), 30)
        await retention.close()
