"""What a durable message between two nodes costs, by step: ``bench.profile``.

The nodes, MariaDB and the load are those of ``bench.durable``, as many messages as go. First, while
nothing disturbs them, what the kernel, the nodes and MariaDB count: processor time of each thread,
how often threads left their core, statements, commits, bytes. Then samples of both nodes: which
part of each thread's time is in which step; ``steps.toml`` says which function is in which. At last
samples of the log writers' threads, waiting included.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.durable import IN_FLIGHT, PAIRS, RunningNode, build, nodes, prepare, talk
from bench.spy import record, tool
from bench.stacks import REST, Sample, Steps, divided, shares
from bench.threads import Usage, processor_seconds, read_threads, spent
from tests.services.mariadb import MariaDB
from tests.services.ports import PortReservations

WARM = 3.0
"""Seconds of load before anything is counted."""
STATUS = ("Questions", "Com_commit", "Bytes_received", "Bytes_sent", "Innodb_os_log_written")
WRITER = "im/store/log_writer.py:_run"


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted at a moment, or between two."""

    messages: int
    threads: dict[int, Usage]
    database: float
    """Processor seconds of MariaDB."""
    status: Counter[str]

    def since(self, before: Counted) -> Counted:
        """Between an earlier moment and this one."""
        return Counted(
            self.messages - before.messages,
            spent(before.threads, self.threads),
            self.database - before.database,
            Counter({name: self.status[name] - before.status[name] for name in STATUS}),
        )


def count(running: list[RunningNode], mariadb: MariaDB) -> Counted:
    """As it is now."""
    threads: dict[int, Usage] = {}
    for node in running:
        threads |= read_threads(node.pid)
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS")
        status = Counter({name: int(value) for name, value in cursor if name in STATUS})
    messages = sum(node.figures()["im_frames_total"] for node in running)
    return Counted(messages, threads, processor_seconds(mariadb.process.pid), status)


def waits(samples: list[Sample]) -> Iterator[str]:
    """What the log writers' threads do with their time."""
    steps = Steps()
    seen: Counter[str] = Counter()
    for sample in samples:
        if WRITER in sample.functions:
            seen[steps.of(sample) or REST] += sample.count
    for step, number in seen.most_common():
        if number * 100 >= seen.total():
            yield f"{step.removeprefix('log writer: ')} {number / seen.total():.0%}"


def show(steps: Steps, times: dict[str, float], counted: Counted) -> Iterator[str]:
    """The tables as Markdown."""
    yield "| | µs |"
    yield "|---|---|"
    for step in steps.names:
        yield f"| {step} | {times.get(step, 0):.1f} |"
    yield f"| both nodes | {sum(times.values()):.0f} |"
    messages, status = counted.messages, counted.status
    database = counted.database / messages * 1e6
    yield f"| MariaDB itself: statements and `COMMIT` | {database:.0f} |"
    yield ""
    yield "| of each message | |"
    yield "|---|---|"
    for name, value in {
        "statements": status["Questions"] / messages,
        "messages in a commit": messages / max(status["Com_commit"], 1),
        "bytes to MariaDB": status["Bytes_received"] / messages,
        "bytes from MariaDB": status["Bytes_sent"] / messages,
        "bytes of its redo log": status["Innodb_os_log_written"] / messages,
        "times that a thread waited": sum(t.voluntary for t in counted.threads.values()) / messages,
        "times that a thread had to leave its core": sum(
            t.involuntary for t in counted.threads.values()
        )
        / messages,
        "µs that threads waited for a core": sum(t.runnable for t in counted.threads.values())
        / messages
        * 1e6,
    }.items():
        yield f"| {name} | {value:,.2f} |" if value < 10 else f"| {name} | {value:,.0f} |"


def measure(seconds: float, keep: Path | None) -> Iterator[str]:
    """Measure; the tables as Markdown. Three parts of so many seconds."""
    program, spy = build(), tool()
    with ExitStack() as stack:
        mariadb = MariaDB(PortReservations())
        stack.callback(mariadb.close)
        mariadb.start()
        url = mariadb.create_database()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="im-profile-")))
        tokens = folder / "tokens"
        tokens.write_text(asyncio.run(prepare(url)))
        kept = keep or folder
        data = folder / "data"
        data.mkdir()
        running = stack.enter_context(nodes(url, 2, data))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        ends = (running[0].port, running[-1].port)
        load = pool.submit(talk, program, ends, tokens, PAIRS, 3 * seconds + 10, IN_FLIGHT, 0)
        time.sleep(WARM)
        before = count(running, mariadb)
        begun = time.monotonic()
        time.sleep(seconds)
        counted = count(running, mariadb).since(before)
        rate = counted.messages / (time.monotonic() - begun)
        pids = [node.pid for node in running]
        samples = record(spy, pids, kept, "processor", seconds, "--native")
        waiting = list(waits(record(spy, pids, kept, "waiting", seconds, "--idle")))
        done = load.result()
    steps = Steps()
    yield f"{rate:,.0f} messages/s; {sum(s.count for s in samples):,} samples;"
    yield f"{done['answered']:,} answered, {done['delivered']:,} delivered\n"
    times = divided(shares(samples, steps.of), counted.threads, counted.messages)
    yield from show(steps, times, counted)
    yield f"\nThe log writer's thread: {', '.join(waiting)}"
