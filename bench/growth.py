"""How costs and times grow: connections, members, messages a second, nodes; beside others.

    python -m bench.growth                       everything, kept in bench/results/growth.json
    python -m bench.growth --only latency --rounds 3 --servers im,nats
    python -m bench.plots                        draws what is kept

- ``memory``: RSS of a server over the connections it holds, beside Tornado, websockets and picows;
- ``fan``: deliveries a second over the members of a group, beside the same;
- ``latency``: times over messages a second, two nodes on MariaDB beside NATS, NATS with a stream in
  a file, python-socketio and ejabberd, all with Python clients (``peers/talk.py``);
- ``nodes``: processor time of a node that does nothing, and of a message, over the nodes.

All of it on this machine. Each row replaces what was kept of it before. Peers of Python are
installed under ``build/``; NATS and ejabberd are left out where they are not installed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import durable
from bench.memory import resident_kib
from bench.million_machine import Plan
from bench.million_nodes import Heartbeat, RunningNode, cluster
from bench.million_report import Progress
from bench.servers import OURS, build, prepare, serving
from bench.talkers import TALKERS, Talk, talkers
from bench.threads import processor_seconds
from tests.services.mariadb import MariaDB
from tests.services.ports import PortReservations

RESULTS = Path(__file__).with_name("results") / "growth.json"
SERVERS = (OURS, "tornado", "websockets", "picows")
CONNECTIONS = (500, 1_000, 2_000, 4_000, 8_000, 15_000)
SIZES = (10, 30, 100, 300, 1_000)
RATES = (100, 300, 1_000, 2_000, 4_000)
NODES = (1, 2, 4, 8, 54)
SETTLE_SECONDS = 2.0
IN_FLIGHT = 32
TEXT = "x" * 60
NODES_RATE = 200
"""Messages a second between the first node and the last."""

Points = dict[str, list[list[float]]]
"""For each server, rows of figures: first what grows, then what was measured."""


@dataclass(frozen=True)
class Setting:
    """How it is measured: the peers' Python, a folder of its own, how long, up to which step."""

    python: Path
    folder: Path
    seconds: float
    most: float
    servers: list[str]

    def steps(self, of: tuple[int, ...]) -> list[int]:
        """Those that are wanted."""
        return [step for step in of if step <= self.most]


def memory(setting: Setting) -> Points:
    """MiB over connections; each step's people come besides those who are there."""
    folder, steps = setting.folder, setting.steps(CONNECTIONS)
    asyncio.run(prepare(folder, steps[-1]))
    tokens = (folder / "tokens").read_text().splitlines(keepends=True)
    found: Points = {}
    for name in filter(setting.servers.__contains__, SERVERS):
        with ExitStack() as stack, serving(name, setting.python, folder) as server:
            before = 0
            for count in steps:
                if server.tokens is not None:
                    server.tokens = folder / "some"
                    server.tokens.write_text("".join(tokens[before:count]))
                load = server.load(count - before, "idle", 3600)
                stack.callback(load.end)
                load.line()
                time.sleep(SETTLE_SECONDS)
                before = count
                _add(found, name, count, server.rss / 1024)
    return found


def fan(setting: Setting) -> Points:
    """Deliveries a second over members; all are there, one writes."""
    found: Points = {}
    for size in setting.steps(SIZES):
        place = setting.folder / str(size)
        place.mkdir()
        asyncio.run(prepare(place, size, members=size))
        for name in filter(setting.servers.__contains__, SERVERS):
            with serving(name, setting.python, place) as server:
                send = json.dumps({"op": "send", "to": "g:1", "text": TEXT})
                message = send if server.tokens is not None else "B" + "x" * 180
                load = server.load(size, "fan", setting.seconds, message, str(IN_FLIGHT))
                load.line()
                counted = load.line()
                load.end()
                _add(found, name, size, counted["frames"] / counted["seconds"])
    return found


def latency(setting: Setting) -> Points:
    """Median and slowest hundredth of acknowledged and heard, in ms, over messages a second."""
    found: Points = {}
    for name, begin in talkers(setting.servers).items():
        # What a rate leaves behind must not be in the next one's times.
        for rate in setting.steps(RATES):
            place = setting.folder / f"{name}-{rate}"
            place.mkdir()
            with begin(place) as talk:
                figures = talk(rate, setting.seconds)
            if not _kept_up(figures):
                print(f"  {name} does not keep up: {figures}")
                break
            answered, heard = figures["acknowledged_ms"], figures["heard_ms"]
            times = (answered["p50"], answered["p99"], heard["p50"], heard["p99"])
            _add(found, name, rate, *times)
    return found


def nodes(setting: Setting) -> Points:
    """Thousandths of a core that a node takes with nobody there; microseconds of a message, the
    sender's node and the receiver's, and each other one; MiB of a node."""
    program, seconds = durable.build(), 2 * setting.seconds
    found: Points = {}
    for count in setting.steps(NODES):
        plan = Plan(nodes=count, each=2 * durable.PAIRS)
        mariadb = MariaDB(PortReservations(), (f"--max-connections={plan.database_connections}",))
        with ExitStack() as stack:
            stack.callback(mariadb.close)
            mariadb.start()
            url = mariadb.create_database()
            tokens = setting.folder / f"tokens-{count}"
            tokens.write_text(asyncio.run(durable.prepare(url)))
            heartbeat, progress = Heartbeat(30, 60), Progress("nodes", count)
            running = stack.enter_context(cluster(plan, url, heartbeat, 4, progress))
            time.sleep(SETTLE_SECONDS)
            _add(found, OURS, count, *_costs(running, program, tokens, seconds))
    return found


def _costs(
    running: Sequence[RunningNode], program: Path, tokens: Path, seconds: float
) -> tuple[float, ...]:
    """The figures of ``nodes``: idle, a message, a message on another node, memory."""
    pids = [node.pid for node in running]
    ends = (running[0].node.port, running[-1].node.port)
    idle = [used / seconds for used in _spent(pids, lambda: time.sleep(seconds))]
    began = time.monotonic()
    # So many that none is told that it writes too often.
    words = (durable.PAIRS, seconds, 100, NODES_RATE)
    busy = _spent(pids, lambda: durable.talk(program, ends, tokens, *words))
    took = time.monotonic() - began
    each = [
        1e6 * (used - took * rest) / (NODES_RATE * took)
        for used, rest in zip(busy, idle, strict=True)
    ]
    return (
        1000 * statistics.mean(idle),
        each[0] + each[-1] if len(each) > 1 else each[0],
        statistics.mean(each[1:-1] or [0.0]),
        statistics.mean(resident_kib(pid) for pid in pids) / 1024,
    )


def _spent(pids: list[int], work: Callable[[], object]) -> list[float]:
    """Processor seconds of each process while the work is done."""
    before = [processor_seconds(pid) for pid in pids]
    work()
    return [processor_seconds(pid) - earlier for pid, earlier in zip(pids, before, strict=True)]


def _kept_up(figures: Talk) -> bool:
    """Whether all came, and the driver could send as many as it should."""
    return bool(figures["heard"] == figures["acknowledged"] == figures["sent"] > 0)


def _add(found: Points, name: str, *figures: float) -> None:
    found.setdefault(name, []).append([round(figure, 2) for figure in figures])
    print(f"  {name:11}", *(f"{figure:14,.2f}" for figure in figures), flush=True)


def _medians(rounds: list[Points]) -> Points:
    """Of all rounds, for what is in each of them."""
    found: Points = {}
    for name in rounds[0]:
        for row in zip(*(each.get(name, []) for each in rounds), strict=False):
            found.setdefault(name, []).append(
                [round(statistics.median(figures), 2) for figures in zip(*row, strict=True)]
            )
    return found


ROWS: dict[str, Callable[[Setting], Points]] = {
    "memory": memory,
    "fan": fan,
    "latency": latency,
    "nodes": nodes,
}


def _measure(row: str, chosen: argparse.Namespace, python: Path) -> Iterator[Points]:
    for number in range(chosen.rounds):
        print(f"{row}, round {number + 1}", flush=True)
        folder = Path(tempfile.mkdtemp(prefix="im-growth-"))
        try:
            yield ROWS[row](
                Setting(python, folder, chosen.seconds, chosen.most, chosen.servers.split(","))
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Read the command line, measure, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", default=",".join(ROWS))
    parser.add_argument("--servers", default=",".join({**dict.fromkeys(SERVERS), **TALKERS}))
    parser.add_argument("--most", type=float, default=math.inf, help="no step above this")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    python = build(peers=chosen.servers != OURS)
    kept = json.loads(chosen.results.read_text()) if chosen.results.exists() else {}
    kept |= {"python": sys.version.split()[0], "cores": os.cpu_count()}
    for row in chosen.only.split(","):
        rounds = list(_measure(row, chosen, python))
        kept[row] = {"rounds": chosen.rounds, "of": _medians(rounds)}
        chosen.results.parent.mkdir(exist_ok=True)
        chosen.results.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
