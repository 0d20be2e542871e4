"""The access layer beside Tornado's, ``websockets`` and picows, in turns, on one machine.

    python -m bench.access                        all rows, without TLS and inside it, five rounds
    python -m bench.access --rounds 3 --only echo,fan --transports tls
    python -m bench.access --rounds 1 --keep build/access/figures.json

Ours is the whole messenger: ``run.py`` on an embedded database, everyone logged in, on ``/ws`` with
all checks; its fan-out is messages that are committed first. The peers echo and broadcast. Sessions
are made in the database directly, and people come in any order.

Rates depend on what else the machine does; so beside them stands the processor time of the server,
which does less so. Ratios are of medians of all rounds. Inside TLS all have the same certificate,
and OpenSSL's own memory for a session, which is in everyone's figures, is measured besides. With
``--keep`` the rounds may be taken in several calls: figures of earlier ones are read from the file,
and the table is of all. Needs a C compiler and OpenSSL's headers; the peers are installed under
``build/``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.servers import MEMBERS, OURS, Server, build, prepare, serving
from bench.throwaway import session_kib, throwaway_file

PEERS = ("tornado", "websockets", "picows")
TRANSPORTS = ("plain", "tls")
WARM = 1000
"""Connections that are there before memory is looked at."""
HELD_SECONDS = 35
"""Each of ours was pinged once in that time, and has answered."""
ECHO_CONNECTIONS = 64
IN_FLIGHT = 32
PING = json.dumps({"op": "ping", "id": "x" * 64}, separators=(",", ":"))
TEXT = "x" * 60
ROWS = {
    "memory": "KiB of memory (RSS) for each idle connection",
    "memory, first": "the same while everyone comes for the first time",
    "fan": f"deliveries/s to {MEMBERS:,}, {IN_FLIGHT} messages in flight",
    "fan, µs": "µs for each of them",
    "echo": f"echoes/s, {ECHO_CONNECTIONS} connections",
    "echo, µs": "µs for each of them",
    "handshake": "handshakes/s, ours with the log-in looked up",
    "handshake, µs": "µs for each of them",
    "session": "of the memory, OpenSSL's own for a session",
}
LESS_IS_MORE = frozenset({"memory", "memory, first", "fan, µs", "echo, µs", "handshake, µs"})


class Results:
    """Figures by transport, row and server, one for each round.

    Args:
        kept: a file with figures of earlier calls, to which these are added.
    """

    def __init__(self, kept: Path | None) -> None:
        self._kept = kept
        self.values: dict[str, dict[str, dict[str, list[float]]]] = {}
        if kept is not None and kept.exists():
            self.values = json.loads(kept.read_text())

    def add(self, transport: str, row: str, server: str, value: float) -> None:
        """One more."""
        rows = self.values.setdefault(transport, {})
        rows.setdefault(row, {}).setdefault(server, []).append(value)
        print(f"  {transport:5} {server:11} {row:14} {value:12,.2f}", flush=True)
        if self._kept is not None:
            self._kept.write_text(json.dumps(self.values))

    def table(self, transport: str) -> Iterator[str]:
        """The rows of a transport as Markdown, with ratios against each peer."""
        names = [OURS, *PEERS]
        ratios = " | ".join(f"im : {peer}" for peer in PEERS)
        yield f"| {transport} | " + " | ".join(names) + f" | {ratios} |"
        yield "|---" * (len(names) + 1 + len(PEERS)) + "|"
        found = self.values.get(transport, {})
        for row, title in ROWS.items():
            medians = {name: statistics.median(each) for name, each in found.get(row, {}).items()}
            if not medians:
                continue
            cells = [_shown(medians[name]) if name in medians else "" for name in names]
            cells += [_ratio(row, medians, peer) for peer in PEERS]
            yield f"| {title} | " + " | ".join(cells) + " |"

    def rounds(self) -> str:
        """How many rounds the medians are of."""
        counts = {
            len(values)
            for rows in self.values.values()
            for servers in rows.values()
            for values in servers.values()
        }
        return " or ".join(map(str, sorted(counts)))


def _shown(value: float) -> str:
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def _ratio(row: str, medians: dict[str, float], peer: str) -> str:
    if OURS not in medians or peer not in medians:
        return ""
    one, other = medians[OURS], medians[peer]
    return f"1 : {other / one:.1f}" if row in LESS_IS_MORE else f"{one / other:.1f} : 1"


class Bench:
    """Measures servers.

    Args:
        connections: idle ones at which memory is looked at.
        seconds: how long echoes and deliveries are counted.
    """

    def __init__(
        self, folder: Path, python: Path, results: Results, connections: int, seconds: float
    ) -> None:
        self._folder = folder
        self._python = python
        self._results = results
        self._connections = connections
        self._seconds = seconds
        self._certificate = throwaway_file(folder)

    def measure(self, transport: str, name: str, rows: list[str]) -> None:
        """These rows of one server."""
        certificate = self._certificate if transport == "tls" else None
        rates = [row for row in ("echo", "fan") if row in rows]
        if rates:
            with serving(name, self._python, self._folder, certificate) as server:
                for row in rates:
                    self._rate(transport, server, row)
        if "memory" in rows:
            # Servers of their own: it would hide in what the other rows leave behind.
            with serving(name, self._python, self._folder, certificate) as server:
                self._first_memory(transport, server)
        if "memory" in rows or "handshake" in rows:
            with serving(name, self._python, self._folder, certificate) as server:
                self._everyone(transport, server, memory="memory" in rows)

    def session(self) -> None:
        """OpenSSL's own memory."""
        self._results.add("tls", "session", OURS, session_kib(self._certificate))

    def _first_memory(self, transport: str, server: Server) -> None:
        """The slope between ``WARM`` and all connections of a server that has just started."""
        warming = server.load(WARM, "idle", 3600)
        warming.line()
        time.sleep(1)
        before = server.rss
        warming.end()
        load = server.load(self._connections, "idle", 3600)
        load.line()
        self._slope(transport, "memory, first", server, before)
        load.end()

    def _everyone(self, transport: str, server: Server, *, memory: bool) -> None:
        """The rate of handshakes when everyone has come before, and the slope.

        First everyone comes once, ``WARM`` at a time, so that what is only ever taken once is
        taken, above all what the database remembers of its tables.
        """
        tokens = server.tokens
        everyone = [] if tokens is None else tokens.read_text().splitlines(keepends=True)
        last, before, processor = self._connections - WARM, 0.0, 0.0
        for start in (*range(0, last, WARM), last):
            if tokens is not None:
                server.tokens = self._folder / "some"
                server.tokens.write_text("".join(everyone[start : start + WARM]))
            warming = server.load(WARM, "idle", 3600)
            warming.line()
            if start == last:
                time.sleep(1)
                before, processor = server.rss, server.cpu
            warming.end()
        server.tokens = tokens
        load = server.load(self._connections, "idle", 3600)
        connected = load.line()
        spent = server.cpu - processor
        if memory:
            self._slope(transport, "memory", server, before)
        load.end()
        add, name = self._results.add, server.name
        add(transport, "handshake", name, self._connections / connected["seconds"])
        add(transport, "handshake, µs", name, spent / self._connections * 1e6)

    def _slope(self, transport: str, row: str, server: Server, before: float) -> None:
        """Memory for each connection between ``WARM``, with ``before``, and all that are there."""
        time.sleep(HELD_SECONDS)
        slope = (server.rss - before) / (self._connections - WARM)
        self._results.add(transport, row, server.name, slope)

    def _rate(self, transport: str, server: Server, row: str) -> None:
        """Frames per second that arrive, and what each costs the server."""
        ours, seconds = server.tokens is not None, self._seconds
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
        self._results.add(transport, row, server.name, rate)
        self._results.add(transport, f"{row}, µs", server.name, share / rate * 1e6)
        load.end()


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=15_000, help="idle ones")
    parser.add_argument("--only", default="memory,handshake,echo,fan")
    parser.add_argument("--servers", default=",".join((OURS, *PEERS)))
    parser.add_argument("--transports", default=",".join(TRANSPORTS))
    parser.add_argument("--keep", type=Path, help="a file for figures of several calls")
    arguments = parser.parse_args()
    rows, transports = arguments.only.split(","), arguments.transports.split(",")
    python = build()
    results = Results(arguments.keep)
    folder = Path(tempfile.mkdtemp(prefix="im-access-"))
    try:
        asyncio.run(prepare(folder, max(arguments.connections, MEMBERS)))
        bench = Bench(folder, python, results, arguments.connections, arguments.seconds)
        for number in range(arguments.rounds):
            print(f"round {number + 1}", flush=True)
            for transport in transports:
                for name in arguments.servers.split(","):
                    bench.measure(transport, name, rows)
                if transport == "tls" and "memory" in rows:
                    bench.session()
    finally:
        shutil.rmtree(folder)
    print(
        f"\nPython {sys.version.split()[0]}, medians of {results.rounds()} rounds; "
        "µs: processor time of the server"
    )
    for transport in TRANSPORTS:
        if transport in results.values:
            print("\n" + "\n".join(results.table(transport)))


if __name__ == "__main__":
    main()
