"""A backup of nodes at work has what was acknowledged before; restored, all goes on from there."""

from __future__ import annotations

import asyncio
import hashlib
import random
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from im.client import Client, Refused
from tests.checker import Acknowledged, Attempt, Event, problems
from tests.cluster.archives import command, content, make_past, refused, run
from tests.cluster.book import read_book
from tests.cluster.crew import SETTINGS, Crew
from tests.cluster.test_media import execute
from tests.cluster.wait import until
from tests.services.node import NodeFactory
from tests.services.process import wait_until

ENOUGH = 1500
"""Messages that are acknowledged before the backup."""


class Files:
    """Somebody who sends files all the time, and takes every third back.

    Attributes:
        sent: bytes by the file's number, of what was acknowledged and not taken back.
        taken_back: what was acknowledged as taken back.
    """

    def __init__(self, client: Client, to: str, rng: random.Random) -> None:
        self._client, self._to, self._rng = client, to, rng
        self.sent: dict[int, bytes] = {}
        self.taken_back: dict[int, bytes] = {}

    async def work(self, enough: Callable[[], bool]) -> None:
        """Send until there is enough."""
        number = 0
        while not enough():
            number += 1
            # Chance alone may begin as a picture does, which would be looked at as one.
            data = b"bytes: " + self._rng.randbytes(self._rng.choice([1_000, 300_000, 1_500_000]))
            file = await self._client.files.upload(data, name=f"{number}.bin")
            stored = await self._client.send(self._to, "", media=file.media, file=file.id)
            if number % 3:
                self.sent[file.id] = data
            else:
                await self._client.request("recall", conv=stored.conv, seq=stored.seq)
                self.taken_back[file.id] = data


@pytest.mark.timeout(300)
def test_a_backup_under_load_has_all_that_was_acknowledged_before_and_goes_into_the_other_kind(
    node: NodeFactory, database_url: str, other_url: str, tmp_path: Path, rng: random.Random
) -> None:
    env = {"IM_DATABASE_URL": database_url, "IM_LIMITS_UPLOADS": "10000/minute", **SETTINGS}
    nodes = [node(env=env), node(env=env)]
    file = tmp_path / "backup.tar.gz"

    async def work() -> tuple[Crew, list[list[Event]], set[tuple[str, int]], Files]:
        crew = Crew([n.url for n in nodes], database_url, rng, pace=0.02)
        await crew.gather(8)
        one, two = crew.clients[:2]
        files = Files(one, f"u:{two.user.id}", rng)
        ending = asyncio.Event()
        uploading = asyncio.create_task(files.work(ending.is_set))
        working = asyncio.create_task(crew.work(ending.is_set))
        await until(lambda: crew.history.acknowledged >= ENOUGH and len(files.taken_back) >= 5)
        acknowledged = [
            [event for event in written if isinstance(event, Acknowledged)]
            for written in crew.history.writers.values()
        ]
        recalled = {(r.conversation, r.seq) for r in crew.history.recalled}
        before = Files(one, "", rng)
        before.sent, before.taken_back = dict(files.sent), dict(files.taken_back)
        during = crew.history.acknowledged
        said = await asyncio.to_thread(run, database_url, "backup", str(file))
        during = crew.history.acknowledged - during
        ending.set()
        await asyncio.gather(working, uploading)
        assert during > 0, "nobody wrote while the backup was taken"
        print(f"{said.strip()}; {during} acknowledged meanwhile")
        await crew.close()
        return crew, [list(events) for events in acknowledged], recalled, before

    crew, acknowledged, recalled, files = asyncio.run(work())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for each in nodes:
        each.terminate()
    run(other_url, "restore", str(file), "--verify")
    print(run(other_url, "restore", str(file)).strip())

    book = read_book(other_url)
    attempts: list[list[Event]] = [
        [event for event in written if isinstance(event, Attempt)]
        for written in crew.history.writers.values()
    ]
    services = [
        Attempt(row.sender, row.conversation, row.key, row.text)
        for row in book.rows
        if not row.text
    ]
    found = problems([*attempts, *acknowledged, services], book.rows, book.heads)
    assert found[:20] == []
    alive = {(row.conversation, row.seq) for row in book.rows if not row.recalled}
    assert recalled and not recalled & alive, "what was taken back is there again"

    tables, bytes_of = content(file)
    assert not tables.keys() & {"node", "cluster_key", "search", "device_link"}
    assert {row["name"] for row in tables["cluster"]}.isdisjoint({"cluster_id", "lease.backup"})
    shown = {row["media_id"] for row in tables["media_reference"]}
    assert shown >= files.sent.keys() and shown.isdisjoint(files.taken_back)
    for row in tables["media"]:
        assert row["id"] not in files.taken_back
    for data in files.taken_back.values():
        assert hashlib.sha256(data).hexdigest() not in bytes_of
    # All files of the backup are whole, also those that were taken back while it was written.
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in bytes_of.items())
    assert len(bytes_of) == len(tables["media_content"])

    again = tmp_path / "again.tar.gz"
    run(other_url, "backup", str(again))
    tables_again, bytes_again = content(again)
    assert bytes_again == bytes_of
    for name in tables.keys() - {"conversation", "cluster"}:
        assert tables_again[name] == tables[name], name

    restored = node(env={**env, "IM_DATABASE_URL": other_url})

    async def go_on() -> None:
        one, two = (Client([restored.url], client.token) for client in crew.clients[:2])
        async with one, two:
            for number, data in files.sent.items():
                assert (await two.files.download(number, tmp_path)).read_bytes() == data
            for number in files.taken_back:
                with pytest.raises(Refused):
                    await two.files.download(number, tmp_path)
            ends = {head.conversation: head.last_seq for head in book.heads}
            sent = await one.send(f"u:{two.user.id}", "after the restore")
            assert sent.seq == ends[sent.conv or ""] + 1
            fresh = await two.files.upload(b"new", name="new.bin")
            assert fresh.id > max(row["id"] for row in tables["media"]) + 100_000
            own = [row for row in book.rows if row.sender == one.user.id and not row.recalled]
            last = next(row for row in reversed(own) if ": " in (row.text or ""))
            hits = one.api.search(last.text.rpartition(": ")[0], conv=last.conversation)
            found = {(hit.conv, hit.seq) async for hit in hits}
            assert (last.conversation, last.seq) in found, "the past is found again"

    asyncio.run(go_on())


@pytest.mark.timeout(300)
def test_a_backup_that_is_killed_leaves_no_half_file_and_the_next_one_is_whole(
    database_url: str, tmp_path: Path, rng: random.Random
) -> None:
    make_past(database_url)
    whole = tmp_path / "whole.tar.gz"
    run(database_url, "backup", str(whole))
    size = whole.stat().st_size
    file = tmp_path / "file.tar.gz"
    partial = tmp_path / "file.tar.gz.partial"

    def killed_at(least: float) -> bool:
        """Whether a backup was killed before its end, when so many bytes were there."""
        process = command(database_url, "backup", str(file))
        while process.poll() is None:
            with suppress(FileNotFoundError):
                if partial.stat().st_size >= least:
                    process.kill()
            time.sleep(0.001)
        process.communicate()
        # As if that time had passed.
        execute(database_url, "DELETE FROM cluster WHERE name = 'lease.backup'")
        if file.exists():
            file.unlink()
            return False
        assert partial.exists()
        return True

    for share in (0.0, *sorted(rng.uniform(0.01, 0.8) for _ in range(3))):
        assert any(killed_at(share * size) for _ in range(20)), "it was always too quick"
    run(database_url, "backup", str(file))
    assert sorted(path.name for path in tmp_path.glob("*.gz*")) == [file.name, whole.name]
    assert content(file) == content(whole)


@pytest.mark.timeout(300)
def test_what_cannot_be_is_refused_in_words(mysql_url: str, tmp_path: Path) -> None:
    database_url, other_url = f"sqlite:///{tmp_path / 'im.db'}", mysql_url
    file = tmp_path / "file.tar.gz"
    missing = f"sqlite:///{tmp_path / 'missing.db'}"
    assert "there is no database" in refused(missing, "backup", str(file))
    assert not (tmp_path / "missing.db").exists()
    assert "nothing in this database yet" in refused(other_url, "backup", str(file))
    make_past(database_url, messages=10, files=1)
    assert "--keep is for a folder" in refused(database_url, "backup", str(file), "--keep", "3")
    assert "there is no folder" in refused(database_url, "backup", f"{tmp_path}/mistyped/")
    assert not (tmp_path / "mistyped").exists()
    assert "backup FILE" in refused(database_url, "backup", status=2)
    assert "backup FILE" in refused(database_url, "backup", "", status=2)
    assert "backup FILE" in refused(database_url, "backup", "a", "--verify", status=2)
    run(database_url, "backup", str(file))
    assert "--overwrite replaces it" in refused(database_url, "backup", str(file))
    run(database_url, "backup", str(file), "--overwrite")
    assert "restore FILE" in refused(other_url, "restore", status=2)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    for words in (("--verify",), ()):
        assert "incomplete" in refused(other_url, "restore", str(file), *words)
    assert "No such file" in refused(other_url, "restore", str(tmp_path / "nothing.tar.gz"))
    folder = tmp_path / "daily"
    folder.mkdir()
    for _ in range(2):
        _next_second()
        run(database_url, "backup", str(folder), "--keep", "1")
    assert len(list(folder.iterdir())) == 1
    execute(
        database_url,
        "INSERT INTO cluster (name, value, created_at)"
        f" VALUES ('lease.backup', 'another', {int(time.time() * 1000)})",
    )
    _next_second()
    assert "another backup of this database" in refused(database_url, "backup", str(folder))
    assert len(list(folder.iterdir())) == 1


def _next_second() -> None:
    """In which a backup in a folder has another name."""
    second = int(time.time())
    wait_until(lambda: int(time.time()) > second)


def test_a_file_that_is_gone_is_no_reason_to_have_no_backup(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    make_past(url, messages=10, files=2)
    next(tmp_path.glob("media/*/*")).unlink()
    process = command(url, "backup", str(tmp_path / "file.tar.gz"))
    _, wrong = process.communicate(timeout=120)
    assert process.returncode == 0 and "missing or damaged" in wrong
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere' / 'im.db'}"
    run(elsewhere, "restore", str(tmp_path / "file.tar.gz"))
    assert len(list(tmp_path.glob("elsewhere/media/*/*"))) == 1
