"""Whatever dies or stalls, and whenever: what was acknowledged is there, once, in order."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from im.store.faults import LOG_POINTS, NoFaults, PlannedFault, parse_fault
from tests.im.store.crashes import WriterProcess, prove, talks
from tests.im.store.harness import one, ready
from tests.services.mariadb import MariaDB

TIMEOUT = pytest.mark.timeout(180)


def _conversations(url: str, number: int) -> str:
    async def make() -> str:
        async with ready(url) as database:
            return await talks(database, number)

    return asyncio.run(make())


def _assert_kept(url: str, *writers: WriterProcess) -> None:
    async def check() -> None:
        async with ready(url) as database:
            assert await prove(database, writers) == []
            stored = await one(database, "SELECT COUNT(*) FROM message")
            assert stored == sum(writer.total for writer in writers)
            assert [writer.acknowledged for writer in writers] == [
                writer.total for writer in writers
            ]

    asyncio.run(check())


@contextmanager
def _writers(
    folder: Path, url: str, number: int, total: int, talks: int
) -> Iterator[list[WriterProcess]]:
    conversations = _conversations(url, talks)
    writers = [WriterProcess(folder, url, n, total, conversations) for n in range(1, number + 1)]
    try:
        yield writers
    finally:
        for writer in writers:
            writer.end()


@TIMEOUT
def test_a_process_killed_at_each_step_of_a_commit_loses_and_doubles_nothing(
    url: str, tmp_path: Path
) -> None:
    with _writers(tmp_path, url, 1, 150, 2) as (writer,):
        for point in LOG_POINTS:
            for number in (1, 3):
                writer.start(f"kill:{point}:{number}")
                assert writer.wait() == -signal.SIGKILL, writer.log
        writer.start()
        assert writer.wait() == 0, writer.log
        _assert_kept(url, writer)


@TIMEOUT
def test_processes_killed_at_random_lose_and_double_nothing(url: str, tmp_path: Path) -> None:
    chance = random.Random(7)
    kills = 0
    with _writers(tmp_path, url, 2, 300, 3) as writers:
        for writer in writers:
            writer.start()
        while kills < 8:
            writer = writers[kills % 2]
            # From the next acknowledgement on, so that each life gets somewhere.
            writer.wait_acknowledged(writer.acknowledged + 1)
            time.sleep(chance.uniform(0, 0.15))
            writer.signal(signal.SIGKILL)
            if writer.wait() == -signal.SIGKILL:
                kills += 1
                writer.start()
            else:
                writer.go_on()
        for writer in writers:
            assert writer.wait() == 0, writer.log
        _assert_kept(url, *writers)


@TIMEOUT
def test_connections_cut_at_random_lose_and_double_nothing(
    mysql_url: str, mariadb: MariaDB, tmp_path: Path
) -> None:
    name = mysql_url.rpartition("/")[2]
    chance = random.Random(11)
    cut = 0
    with _writers(tmp_path, mysql_url, 2, 200, 3) as writers:
        for writer in writers:
            writer.start()
        with closing(mariadb.connect()) as admin, admin.cursor() as cursor:
            while cut < 20 or any(writer.returncode is None for writer in writers):
                for writer in writers:
                    if cut < 20 and writer.returncode is not None:
                        writer.go_on()
                cursor.execute(
                    "SELECT id FROM information_schema.processlist WHERE db = %s", (name,)
                )
                for (connection,) in cursor.fetchall():
                    if chance.random() < 0.5:
                        try:
                            cursor.execute("KILL CONNECTION %s", (connection,))
                            cut += 1
                        except Exception as error:
                            # It has ended by itself meanwhile.
                            assert "Unknown thread" in str(error), error
                time.sleep(chance.uniform(0.002, 0.03))
        for writer in writers:
            assert writer.wait() == 0, writer.log
        _assert_kept(mysql_url, *writers)


@TIMEOUT
def test_a_server_killed_while_writing_loses_and_doubles_nothing(
    mysql_url: str, mariadb: MariaDB, tmp_path: Path
) -> None:
    with _writers(tmp_path, mysql_url, 2, 250, 3) as writers:
        for writer in writers:
            writer.start()
        for number in range(1, 4):
            writers[0].wait_acknowledged(number * writers[0].total // 6)
            mariadb.kill9()
            mariadb.restart()
        for writer in writers:
            assert writer.wait() == 0, writer.log
        _assert_kept(mysql_url, *writers)


@TIMEOUT
@pytest.mark.parametrize("point", ["after_lock", "before_commit"])
def test_a_process_that_stalls_holding_locks_does_not_stop_the_others(
    mysql_url: str, tmp_path: Path, point: str
) -> None:
    with _writers(tmp_path, mysql_url, 2, 40, 2) as (stalled, other):
        stalled.start(f"stop:{point}:4")
        _wait_stopped(stalled)
        stopped, before = time.monotonic(), stalled.acknowledged
        other.start()
        other.wait_attempted()
        begun = time.monotonic()
        other.wait_acknowledged(1)
        # The server gives the stalled transaction 2 s.
        assert time.monotonic() - stopped > 1
        assert time.monotonic() - begun < 3 * 2
        assert other.wait() == 0, other.log
        assert stalled.acknowledged == before
        stalled.signal(signal.SIGCONT)
        assert stalled.wait() == 0, stalled.log
        _assert_kept(mysql_url, stalled, other)


def _wait_stopped(writer: WriterProcess) -> None:
    end = time.monotonic() + 30
    state = ""
    while state != "T":
        assert writer.returncode is None, writer.log
        assert time.monotonic() < end, "it did not stop"
        time.sleep(0.02)
        state = Path(f"/proc/{writer.pid}/stat").read_text().rpartition(") ")[2][0]


def test_a_fault_is_read_from_its_text() -> None:
    assert isinstance(parse_fault(""), NoFaults)
    planned = parse_fault("stop:after_insert:3")
    assert isinstance(planned, PlannedFault)
    planned.hit("after_insert")
    planned.hit("after_commit")
    assert planned.hits == {"after_insert": 1, "after_commit": 1}
    for text in ("kill", "kill:nowhere:1", "explode:after_lock:1", "kill:after_lock:0", "::"):
        with pytest.raises(ValueError, match="a fault is"):
            parse_fault(text)
