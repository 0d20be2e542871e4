"""Durable messages end to end: sent, committed, delivered on the other node, answered.

    python -m bench.durable                  three rounds of everything
    python -m bench.durable --rounds 1 --only mysql

Two nodes of ``run.py`` on a MariaDB of their own (it flushes at every commit) and the UDP relay on
the loopback interface, or one node on the embedded database. People who are logged in talk in
pairs, one of each on either node; all of it, database and people included, on this machine.

First as many messages as go through, then half as many a second for their latency, at last one
pair with one message at a time. Needs a C compiler, OpenSSL's headers and MariaDB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.servers import READY_SECONDS, compile_load, end_process, free_port
from im.durations import DAY_MS
from im.services.sessions import token_hash
from im.store import sessions, users
from im.store.bootstrap import bootstrap
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.migrations import migrate
from tests.cluster.figures import read_figures
from tests.services.mariadb import MariaDB
from tests.services.ports import PortReservations

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "durable"
PAIRS = 100
IN_FLIGHT = 4
"""Messages that each of the 200 keeps unanswered when as many go as can."""
MOST, HALF, ALONE = "as many as go", "half as many", "one at a time"

Figures = dict[str, Any]


def build() -> Path:
    """The load generator."""
    BUILD.mkdir(parents=True, exist_ok=True)
    program = BUILD / "wstalk"
    source = ROOT / "bench" / "wstalk.c"
    compile_load(source, program)
    return program


async def prepare(url: str) -> str:
    """A new database with people and a session of each; their tokens and ids, a line for each."""
    database = open_database(DatabaseSettings(url))
    await migrate(database)
    await bootstrap(database)
    made = [secrets.token_urlsafe(32) for _ in range(2 * PAIRS)]

    def write(cursor: Cursor) -> list[int]:
        ids = []
        for number, token in enumerate(made):
            row = users.create(cursor, f"p{number}", "user", None, None, None, "en")
            sessions.open_session(cursor, token_hash(token), row.id, "bench", "127.0.0.1", DAY_MS)
            ids.append(row.id)
        return ids

    ids = await database.write(write)
    await database.close()
    return "".join(f"{token} {number}\n" for token, number in zip(made, ids, strict=True))


@dataclass(frozen=True, slots=True)
class RunningNode:
    """A node: its ports for people and for figures, and its process."""

    port: int
    figures_port: int
    pid: int

    def figures(self) -> Counter[str]:
        """What it says of itself. Raises ``OSError`` as long as it does not."""
        return read_figures(f"http://127.0.0.1:{self.figures_port}")


@contextlib.contextmanager
def nodes(url: str, count: int, folder: Path) -> Iterator[list[RunningNode]]:
    """So many nodes that are ready and hear each other."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IM_")}
    environment |= {
        "IM_DATABASE_URL": url,
        "IM_HTTP_ADDRESS": "127.0.0.1",
        "IM_RELAY_BUS": "udp" if count > 1 else "none",
        "IM_RELAY_INTERFACE": "lo",
        "IM_RELAY_PORT": str(free_port()),
        "IM_LIMITS_FRAMES_PER_SECOND": "1000000",
        "IM_LIMITS_FRAMES_BURST": "1000000",
    }
    started = []
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            port, figures_port = free_port(), free_port()
            data = folder / str(port)
            data.mkdir()
            log = stack.enter_context(open(BUILD / f"node-{len(os.listdir(folder))}.log", "w"))
            process = subprocess.Popen(
                [sys.executable, ROOT / "run.py"],
                env={
                    **environment,
                    "IM_HTTP_PORT": str(port),
                    "IM_METRICS_PORT": str(figures_port),
                    "IM_NODE_DATA_DIR": str(data),
                },
                stdout=log,
                stderr=log,
                text=True,
                cwd=folder,
            )
            stack.callback(end_process, process)
            started.append(RunningNode(port, figures_port, process.pid))
        for node in started:
            _wait_for_others(node, count - 1)
        yield started


def talk(program: Path, ends: tuple[int, int], tokens: Path, *words: float) -> Figures:
    """What ``wstalk`` prints; ``ends``: the ports of both sides; ``words``: pairs, seconds, in
    flight, rate."""
    pairs, seconds, in_flight, rate = words
    command: list[str | Path] = [program, *map(str, ends)]
    command += [str(int(pairs)), tokens]
    command += [str(seconds), str(int(in_flight)), str(rate)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    found: Figures = json.loads(done.stdout)
    return found


def measure(program: Path, url: str, count: int, seconds: float) -> dict[str, Figures]:
    """The three figures of nodes on one database."""
    folder = Path(tempfile.mkdtemp(prefix="im-durable-"))
    tokens = folder / "tokens"
    try:
        tokens.write_text(asyncio.run(prepare(url)))
        with nodes(url, count, folder) as running:
            ends = (running[0].port, running[-1].port)
            most = talk(program, ends, tokens, PAIRS, seconds, IN_FLIGHT, 0)
            rate = most["answered"] / most["seconds"]
            half = talk(program, ends, tokens, PAIRS, seconds, 100, rate / 2)
            alone = talk(program, ends, tokens, 1, seconds, 1, 50)
            return {MOST: most, HALF: half, ALONE: alone}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show(found: dict[tuple[str, str], list[Figures]]) -> Iterator[str]:
    """Medians of all rounds, as Markdown."""
    yield "| | | messages/s | answered ms p50, p99 | delivered ms p50, p99 | lost |"
    yield "|---|---|---|---|---|---|"
    for (name, kind), rounds in found.items():

        def median(*path: str, rounds: list[Figures] = rounds) -> float:
            return statistics.median(_at(figures, path) for figures in rounds)

        rate = statistics.median(f["answered"] / f["seconds"] for f in rounds)
        lost = max(f["answered"] - f["delivered"] for f in rounds)
        answered = f"{median('answer_ms', 'p50'):.1f}, {median('answer_ms', 'p99'):.1f}"
        delivered = f"{median('delivery_ms', 'p50'):.1f}, {median('delivery_ms', 'p99'):.1f}"
        yield f"| {name} | {kind} | {rate:,.0f} | {answered} | {delivered} | {lost} |"


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", default="mysql,sqlite")
    arguments = parser.parse_args()
    program = build()
    found: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        names = arguments.only.split(",")
        mariadb = None
        if "mysql" in names:
            mariadb = MariaDB(PortReservations())
            stack.callback(mariadb.close)
            mariadb.start()
        for number in range(arguments.rounds):
            if mariadb is not None:
                url = mariadb.create_database()
                for kind, figures in measure(program, url, 2, arguments.seconds).items():
                    found["two nodes, MariaDB", kind].append(figures)
                mariadb.drop_database(url)
            if "sqlite" in names:
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                url = f"sqlite:///{folder}/im.db"
                for kind, figures in measure(program, url, 1, arguments.seconds).items():
                    found["one node, embedded", kind].append(figures)
            load = os.getloadavg()[0]
            print(f"round {number + 1} of {arguments.rounds} is over; load {load:.1f}", flush=True)
    print(f"\nPython {sys.version.split()[0]}, medians of {arguments.rounds} rounds\n")
    print("\n".join(show(found)))


def _at(figures: Figures, path: tuple[str, ...]) -> float:
    value: Any = figures
    for name in path:
        value = value[name]
    return float(value)


def _wait_for_others(node: RunningNode, others: int) -> None:
    """Return when a node is ready and hears so many others."""
    end = time.monotonic() + READY_SECONDS
    while True:
        with contextlib.suppress(OSError):
            if node.figures()["members"] >= others:
                return
        if time.monotonic() > end:
            raise RuntimeError(f"a node does not start: see {BUILD}")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
