"""Servers under load and who loads them: what the benchmarks of sockets share.

Ours is the whole messenger: ``run.py`` on an embedded database whose sessions are made there
directly. The load is ``wsload.c``, the peers are installed under ``build/``.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench.memory import resident_kib
from bench.threads import processor_seconds
from im.durations import DAY_MS
from im.services.sessions import token_hash
from im.store import conversations, groups, sessions, users
from im.store.bootstrap import bootstrap
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.migrations import migrate

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "access"
PACKAGES = ("tornado==6.6.1", "websockets==17.4", "picows==2.3.1")
OURS = "im"
READY_SECONDS = 30
MEMBERS = 1000


@dataclass
class Server:
    """A server under load."""

    name: str
    process: subprocess.Popen[str]
    port: int
    tokens: Path | None = None
    secure: bool = False

    @property
    def rss(self) -> float:
        """Memory in KiB."""
        return resident_kib(self.process.pid)

    @property
    def cpu(self) -> float:
        """Processor seconds so far."""
        return processor_seconds(self.process.pid)

    def load(self, connections: int, mode: str, seconds: float, *message: str) -> Load:
        """Begin to load it."""
        ours = self.tokens is not None
        address = "tls:127.0.0.1" if self.secure else "127.0.0.1"
        return Load(
            subprocess.Popen(
                [
                    *(BUILD / "wsload", address, str(self.port), "/ws", str(connections)),
                    *(mode, str(seconds), str(self.tokens or "-"), "1" if ours else "0"),
                    *message,
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
        )


class Load:
    """A running ``wsload``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> dict[str, float]:
        """What it says next."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator has ended")
        found: dict[str, float] = json.loads(line)
        return found

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


def build(*, peers: bool = True) -> Path:
    """The load generator and, if wanted, the peers; the peers' Python."""
    BUILD.mkdir(parents=True, exist_ok=True)
    compile_load(ROOT / "bench" / "wsload.c", BUILD / "wsload")
    python = BUILD / "peers" / "bin" / "python"
    if peers and not python.exists():
        subprocess.run([sys.executable, "-m", "venv", BUILD / "peers"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def compile_load(source: Path, program: Path) -> None:
    """Make a load generator."""
    libraries = ("-lssl", "-lcrypto")
    subprocess.run(["cc", "-O2", "-Wall", "-o", program, source, *libraries], check=True)


async def prepare(folder: Path, people: int, members: int = MEMBERS) -> list[int]:
    """A database with people and a session of each; their tokens in any order, as people come.

    Returns whose each token is, by id. The first ``members`` are the members of a group.
    """
    database = open_database(DatabaseSettings(f"sqlite:///{folder / 'im.db'}"))
    await migrate(database)
    await bootstrap(database)
    tokens = [secrets.token_urlsafe(32) for _ in range(people)]
    order = list(range(people))
    random.Random(people).shuffle(order)
    ids: dict[int, int] = {}

    def write(cursor: Cursor, numbers: range) -> None:
        for number in numbers:
            row = users.create(cursor, f"p{number}", "user", None, None, None, "en")
            sessions.open_session(
                cursor, token_hash(tokens[number]), row.id, "bench", "127.0.0.2", DAY_MS
            )
            ids[number] = row.id

    def found(cursor: Cursor) -> None:
        founder, *others = [ids[number] for number in order[:members]]
        group = groups.create(cursor, "everyone", founder, "", "")
        conversation = conversations.group(cursor, group, founder)
        assert conversation.name == "g:1"
        for user in others:
            cursor.execute(
                "INSERT INTO member (conversation_id, user_id, changed_at)"
                f" VALUES (%s, %s, {cursor.dialect.now_ms})",
                (conversation.id, user),
            )

    for start in range(0, people, 500):
        await database.write(write, range(start, min(start + 500, people)))
    await database.write(found)
    await database.close()
    (folder / "tokens").write_text("".join(tokens[number] + "\n" for number in order))
    return [ids[number] for number in order]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    name: str,
    python: Path,
    folder: Path,
    certificate: Path | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
    program: Path = ROOT / "run.py",
) -> Iterator[Server]:
    """A server that is ready, inside TLS if it has a certificate, and killed at the end.

    ``settings``: ours, besides what all measurements have (``IM_…``). ``program`` starts ours.
    """
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IM_")}
    if name == OURS:
        command: list[str | Path] = [sys.executable, program]
        environment |= {
            "IM_HTTP_ADDRESS": "127.0.0.1",
            "IM_HTTP_PORT": str(port),
            "IM_HTTP_MAX_CONNECTIONS_PER_ADDRESS": "20000",
            "IM_NODE_DATA_DIR": str(folder),
            "IM_RELAY_BUS": "none",
            "IM_LIMITS_FRAMES_PER_SECOND": "1000000",
            "IM_LIMITS_FRAMES_BURST": "1000000",
        }
        if certificate is not None:
            environment |= {"IM_TLS_CERT": str(certificate), "IM_TLS_KEY": str(certificate)}
        environment |= settings
    else:
        command = [python, ROOT / "bench" / "peers" / f"peer_{name}.py", str(port)]
        command += [] if certificate is None else [certificate]
    with open(BUILD / f"{name}.log", "w") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, text=True, cwd=folder
        )
        try:
            wait_listening(port, process, Path(log.name))
            tokens = folder / "tokens" if name == OURS else None
            yield Server(name, process, port, tokens, secure=certificate is not None)
        finally:
            end_process(process)


def wait_listening(port: int, process: subprocess.Popen[str], log: Path) -> None:
    """Return when a server listens. Raises ``RuntimeError`` when it does not start."""
    end = time.monotonic() + READY_SECONDS
    while True:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"it does not start:\n{log.read_text()}")
        time.sleep(0.05)


def end_process(process: subprocess.Popen[str]) -> None:
    """Let it end in order; kill it when that takes too long."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
