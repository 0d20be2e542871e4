"""The access layer beside Tornado's, ``websockets`` and picows, in turns, on one machine.

    python -m bench.access                       all rows, five rounds
    python -m bench.access --rounds 3 --only echo,fan
    python -m bench.access --tls                 inside TLS 1.3, beside Tornado inside TLS

Ours is the whole messenger: ``run.py`` on an embedded database, everyone logged in, on ``/ws`` with
all checks; its fan-out is messages that are committed first. The peers echo and broadcast. Sessions
are made in the database directly.

Rates depend on what else the machine does; so beside them stands the processor time of the server,
which does less so. Ratios are against Tornado's ``WebSocketHandler`` in the same run, medians of
all rounds. Inside TLS both have the same certificate, and OpenSSL's own memory for a session, which
is in both their figures, is measured besides. Needs a C compiler and OpenSSL's headers; the peers
are installed under ``build/``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.throwaway import session_kib, throwaway_file
from im.services.sessions import token_hash
from im.store import conversations, groups, sessions, users
from im.store.bootstrap import bootstrap
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.migrations import migrate

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "access"
PEERS = ("tornado", "websockets", "picows")
PACKAGES = ("tornado==6.6.1", "websockets==17.4", "picows==2.3.1")
OURS = "im"
READY_SECONDS = 30
WARM = 1000
"""Connections that are there before memory is looked at."""
ECHO_CONNECTIONS = 64
MEMBERS = 1000
IN_FLIGHT = 32
PING = json.dumps({"op": "ping", "id": "x" * 64}, separators=(",", ":"))
TEXT = "x" * 60
DAY_MS = 24 * 3600 * 1000
TICKS = os.sysconf("SC_CLK_TCK")
ROWS = {
    "memory": "KiB of memory (RSS) for each idle connection",
    "handshake": "handshakes/s",
    "echo": f"echoes/s, {ECHO_CONNECTIONS} connections",
    "fan": f"deliveries/s to {MEMBERS:,}, {IN_FLIGHT} messages in flight",
}
LESS_IS_MORE = {"memory"}


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
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return float(line.split()[1])
        raise RuntimeError("no VmRSS")

    @property
    def cpu(self) -> float:
        """Processor seconds so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS

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


@dataclass
class Results:
    """Figures by row and server, one for each round."""

    values: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, row: str, server: str, value: float) -> None:
        """One more."""
        self.values[row][server].append(value)
        print(f"  {server:11} {row:14} {value:12,.2f}", flush=True)

    def table(self) -> Iterator[str]:
        """The rows as Markdown, with ratios against Tornado."""
        names = [OURS, *PEERS]
        yield "| | " + " | ".join(names) + " | im : tornado |"
        yield "|---" * (len(names) + 2) + "|"
        for row, servers in self.values.items():
            medians = {name: statistics.median(found) for name, found in servers.items() if found}
            cells = [f"{medians[name]:,.2f}" if name in medians else "" for name in names]
            ratio = ""
            if OURS in medians and PEERS[0] in medians:
                less = row in LESS_IS_MORE or row.endswith("µs")
                one, other = medians[OURS], medians[PEERS[0]]
                ratio = f"1 : {other / one:.1f}" if less else f"{one / other:.1f} : 1"
            yield f"| {ROWS.get(row, row)} | " + " | ".join(cells) + f" | {ratio} |"


def build() -> Path:
    """The load generator and the peers; the peers' Python."""
    BUILD.mkdir(parents=True, exist_ok=True)
    compile_load(ROOT / "bench" / "wsload.c", BUILD / "wsload")
    python = BUILD / "peers" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", BUILD / "peers"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def compile_load(source: Path, program: Path) -> None:
    """Make a load generator."""
    libraries = ("-lssl", "-lcrypto")
    subprocess.run(["cc", "-O2", "-Wall", "-o", program, source, *libraries], check=True)


async def prepare(folder: Path, people: int) -> None:
    """A database with people, a session of each, and the first ``MEMBERS`` in a group."""
    database = open_database(DatabaseSettings(f"sqlite:///{folder / 'im.db'}"))
    await migrate(database)
    await bootstrap(database)
    tokens = [secrets.token_urlsafe(32) for _ in range(people)]

    def write(cursor: Cursor, numbers: range) -> None:
        for number in numbers:
            row = users.create(cursor, f"p{number}", "user", None, None, None, "en")
            sessions.open_session(
                cursor, token_hash(tokens[number]), row.id, "bench", "127.0.0.2", DAY_MS
            )

    def found(cursor: Cursor) -> None:
        group = groups.create(cursor, "everyone", 1, "", "")
        conversation = conversations.group(cursor, group, 1)
        assert conversation.name == "g:1"
        for user in range(2, MEMBERS + 1):
            cursor.execute(
                "INSERT INTO member (conversation_id, user_id, changed_at)"
                f" VALUES (%s, %s, {cursor.dialect.now_ms})",
                (conversation.id, user),
            )

    for start in range(0, people, 500):
        await database.write(write, range(start, min(start + 500, people)))
    await database.write(found)
    await database.close()
    (folder / "tokens").write_text("".join(token + "\n" for token in tokens))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    name: str, python: Path, folder: Path, certificate: Path | None = None
) -> Iterator[Server]:
    """A server that is ready, inside TLS if it has a certificate, and killed at the end."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IM_")}
    if name == OURS:
        command: list[str | Path] = [sys.executable, ROOT / "run.py"]
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
    else:
        command = [python, ROOT / "bench" / "peers" / f"peer_{name}.py", str(port)]
        command += [] if certificate is None else [certificate]
    with open(BUILD / f"{name}.log", "w") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, text=True, cwd=folder
        )
        try:
            end = time.monotonic() + READY_SECONDS
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > end:
                        raise RuntimeError(f"{name} does not start: see {log.name}") from None
                    time.sleep(0.05)
            tokens = folder / "tokens" if name == OURS else None
            yield Server(name, process, port, tokens, secure=certificate is not None)
        finally:
            end_process(process)


def end_process(process: subprocess.Popen[str]) -> None:
    """Let it end in order; kill it when that takes too long."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def measure_memory(server: Server, results: Results, connections: int) -> None:
    """The slope between ``WARM`` and all connections; the rate of handshakes on the way.

    The load opens ``WARM`` connections and hangs up, so that what is only ever taken once is taken.
    """
    warming = server.load(WARM, "idle", 3600)
    warming.line()
    time.sleep(1)
    before, processor = server.rss, server.cpu
    warming.end()
    load = server.load(connections, "idle", 3600)
    connected = load.line()
    spent = server.cpu - processor
    time.sleep(1)
    after = server.rss
    load.end()
    results.add("memory", server.name, (after - before) / (connections - WARM))
    results.add("handshake", server.name, connections / connected["seconds"])
    results.add("handshake, µs", server.name, spent / connections * 1e6)


def measure_rate(server: Server, results: Results, row: str, seconds: float) -> None:
    """Frames per second that arrive, and what each costs the server."""
    ours = server.tokens is not None
    if row == "echo":
        load = server.load(ECHO_CONNECTIONS, "echo", seconds, PING)
    else:
        send = json.dumps({"op": "send", "to": "g:1", "text": TEXT})
        message = send if ours else "B" + "x" * 180
        load = server.load(MEMBERS, "fan", seconds, message, str(IN_FLIGHT))
    load.line()
    time.sleep(1)
    processor, begun = server.cpu, time.monotonic()
    time.sleep(max(0.5, seconds - 0.5))
    share = (server.cpu - processor) / (time.monotonic() - begun)
    counted = load.line()
    rate = counted["frames"] / counted["seconds"]
    results.add(row, server.name, rate)
    results.add(f"{row}, µs", server.name, share / rate * 1e6)
    load.end()


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=15_000, help="idle ones")
    parser.add_argument("--only", default="memory,echo,fan")
    parser.add_argument("--servers", help=f"among {OURS}, {', '.join(PEERS)}")
    parser.add_argument("--tls", action="store_true", help="inside TLS 1.3")
    arguments = parser.parse_args()
    rows = arguments.only.split(",")
    everyone = (OURS, PEERS[0]) if arguments.tls else (OURS, *PEERS)
    names = arguments.servers.split(",") if arguments.servers else everyone
    python = build()
    results = Results()
    folder = Path(tempfile.mkdtemp(prefix="im-access-"))
    try:
        asyncio.run(prepare(folder, max(arguments.connections, MEMBERS)))
        certificate = throwaway_file(folder) if arguments.tls else None
        for number in range(arguments.rounds):
            print(f"round {number + 1}", flush=True)
            for name in names:
                with serving(name, python, folder, certificate) as server:
                    # Memory last: the other rows would hide in what it leaves behind.
                    if "echo" in rows:
                        measure_rate(server, results, "echo", arguments.seconds)
                    if "fan" in rows:
                        measure_rate(server, results, "fan", arguments.seconds)
                if "memory" in rows:
                    with serving(name, python, folder, certificate) as server:
                        measure_memory(server, results, arguments.connections)
        print(
            f"\nPython {sys.version.split()[0]}, medians of {arguments.rounds} rounds; "
            "µs: processor time of the server\n"
        )
        print("\n".join(results.table()))
        if certificate is not None:
            print(f"\nOpenSSL's own memory for a session: {session_kib(certificate):.2f} KiB")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
