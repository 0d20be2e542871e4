"""``run.py backup`` and ``restore`` as a person runs them, and what a backup's file holds."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from im.backup.reader import File, Rows, parts
from im.services.files import byte_store
from im.store import contents, media, tables, users
from im.store.bootstrap import bootstrap
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.media import NewFile
from im.store.migrations import migrate
from im.store.tables import Column
from im.store.workers import Workers
from tests.services.node import RUN


def command(url: str, *words: str) -> subprocess.Popen[str]:
    """``run.py …`` on a database, under way."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
    return subprocess.Popen(
        [sys.executable, str(RUN), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**kept, "IM_DATABASE_URL": url},
    )


def run(url: str, *words: str) -> str:
    """The same, to its end; what it says. It succeeds."""
    process = command(url, *words)
    said, wrong = process.communicate(timeout=120)
    assert process.returncode == 0, wrong
    return said


def refused(url: str, *words: str, status: int = 1) -> str:
    """The same, where it is refused: why."""
    process = command(url, *words)
    _, wrong = process.communicate(timeout=120)
    assert process.returncode == status, wrong
    assert "Traceback" not in wrong
    return wrong


def content(file: Path) -> tuple[dict[str, list[Mapping[str, Any]]], dict[str, bytes]]:
    """The rows of each table, in an order that does not depend on the database; the files."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    files: dict[str, bytes] = {}
    with file.open("rb") as source:
        for part in parts(source):
            if isinstance(part, Rows):
                named = [dict(zip(part.columns, row, strict=True)) for row in part.rows]
                rows.setdefault(part.table, []).extend(named)
            elif isinstance(part, File):
                files[part.sha256.hex()] = part.source.read()
    return {name: sorted(found, key=repr) for name, found in rows.items()}, files


def make_past(url: str, messages: int = 4000, files: int = 40) -> None:
    """People, messages of a kilobyte and files in a database, as after long use."""

    async def make() -> None:
        database = open_database(DatabaseSettings(url, call_timeout=60, read_timeout=60))
        threads = Workers("files", 1, 1)
        try:
            await migrate(database)
            await bootstrap(database)
            await database.write(_people)
            for first in range(1, messages + 1, ROWS):
                await database.write(_messages, first, min(first + ROWS, messages + 1))
            store = byte_store(database, threads)
            for number in range(files):
                data = random.Random(number).randbytes(200_000)
                content = await database.write(contents.begin)
                await store.write(content, io.BytesIO(data))
                sha256 = hashlib.sha256(data).digest()
                new = NewFile(content, sha256, "application/x", len(data), f"{number}.bin")
                await database.write(media.add, 1, 10**12, new, None)
        finally:
            threads.close(1)
            await database.close()

    with asyncio.Runner() as runner:
        runner.run(make())


ROWS = 500
"""Messages written in one transaction."""


def _people(cursor: Cursor) -> None:
    for name in ("one", "two"):
        users.create(cursor, name, "user", None, None, None, "en")


def _messages(cursor: Cursor, first: int, end: int) -> None:
    rng = random.Random(first)
    columns = [
        *(Column("conversation_id", False), Column("seq", False), Column("ordinal", False)),
        *(Column("sender_id", False), Column("client_key", True), Column("media", False)),
        *(Column("content", False), Column("created_at", False)),
    ]
    texts = ((seq, f"{seq} 你好 {rng.randbytes(450).hex()}") for seq in range(first, end))
    rows = [(1, seq, seq, 1, seq.to_bytes(16), "text", text, 1000 + seq) for seq, text in texts]
    tables.insert(cursor, "message", columns, rows)
    cursor.execute(
        "UPDATE conversation SET last_seq = %s, last_ordinal = %s WHERE id = 1", (end - 1, end - 1)
    )
