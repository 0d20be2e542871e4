"""Writer processes that are killed, stopped and cut off, and the proof afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from im.store.cursor import Cursor
from im.store.database import Database
from tests.checker import Acknowledged, Attempt, Event, Head, Problem, Row, problems, read_history
from tests.im.store.harness import private
from tests.im.store.writer_program import SENDERS, key_of
from tests.services.process import wait_until

ROOT = Path(__file__).resolve().parents[3]


async def talks(database: Database, number: int) -> str:
    """Conversations for ``writer_program``, as ``id=name,…``."""
    made = [await private(database, 1, other) for other in range(2, 2 + number)]
    return ",".join(f"{talk.id}={talk.name}" for talk in made)


class WriterProcess:
    """One writer, started again by its test after each death.

    ``conversations`` as ``talks`` gives them; each has ``SENDERS`` senders of this process, who
    send ``total`` entries each.
    """

    def __init__(self, folder: Path, url: str, name: int, total: int, conversations: str) -> None:
        self.history = folder / f"history-{name}"
        self._each = total
        self._outboxes = SENDERS * len(conversations.split(","))
        self._log = folder / f"log-{name}"
        self._url, self._name, self._conversations = url, str(name), conversations
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, fault: str = "") -> None:
        """Start it; ``fault`` as in ``parse_fault``."""
        arguments = [self._url, self.history, self._name, str(self._each), self._conversations]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.im.store.writer_program", *arguments, fault],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def go_on(self) -> None:
        """Start it with twice as much to send, where the disk was so fast that it is done."""
        assert self.returncode == 0, self.log
        self._each *= 2
        self.start()

    @property
    def total(self) -> int:
        """How many entries it sends in all its lives."""
        return self._each * self._outboxes

    @property
    def pid(self) -> int:
        """Of the process last started."""
        assert self._process is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def wait(self, timeout: float = 60.0) -> int:
        """Its exit code; negative for a signal."""
        assert self._process is not None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running:\n{self.log}") from None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal if it runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def end(self) -> None:
        """Kill it if it runs."""
        if self._process is not None and self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def acknowledged(self) -> int:
        """How many entries were acknowledged in all its lives; none is acknowledged twice."""
        return self._noted(Acknowledged)

    def wait_attempted(self) -> None:
        """Return when it has begun to send in its first life."""
        wait_until(lambda: self._noted(Attempt) > 0, timeout=60.0, what="an attempt")

    def wait_acknowledged(self, number: int) -> None:
        """Return when so many are acknowledged, or it has ended."""
        wait_until(
            lambda: self.acknowledged >= number or self.returncode is not None,
            timeout=60.0,
            what=f"acknowledgement {number} of {self.total}",
        )

    @property
    def log(self) -> str:
        """What it printed."""
        return self._log.read_text("utf-8")

    def _noted(self, event: type[Event]) -> int:
        if not self.history.exists():
            return 0
        return self.history.read_bytes().count(f'"{event.__name__}"'.encode())


async def prove(database: Database, writers: Sequence[WriterProcess]) -> list[Problem]:
    """What is wrong after all writers have ended."""
    histories = [read_history(writer.history) for writer in writers]
    # The database knows keys as 16 bytes; the histories have their names.
    names = {
        key_of(event.key): event.key
        for history in histories
        for event in history
        if isinstance(event, Attempt)
    }

    def read(cursor: Cursor) -> tuple[list[Row], list[Head]]:
        found = cursor.execute(
            "SELECT c.name, m.seq, m.ordinal, m.sender_id, m.client_key, m.kind, m.content,"
            " m.recalled_at FROM message m JOIN conversation c ON c.id = m.conversation_id"
        ).all()
        rows = [
            Row(*row[:4], names.get(row[4], row[4].hex()), row[5] == 0, row[6], row[7] is not None)
            for row in found
        ]
        heads = cursor.execute("SELECT name, last_seq, last_ordinal FROM conversation").all()
        return rows, [Head(*head) for head in heads]

    rows, heads = await database.read(read)
    return problems(histories, rows, heads)
