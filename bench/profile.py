"""Where the processor's time goes of a durable message between two nodes.

    python -m bench.profile
    python -m bench.profile --seconds 20 --keep build/profile

The nodes, MariaDB and the load are those of ``bench.durable``, as many messages as go. First, while
nothing disturbs them, what the kernel, the nodes and MariaDB count: processor time of each thread,
how often threads left their core, statements, commits, bytes. Then py-spy takes samples of both
nodes: which part of each thread's time is in which step; ``steps.toml`` says which function is in
which. Time of a step is that part of the time counted before: what the samples cost is not in it.
At last samples of the log writers' threads, waiting included.

With ``--keep`` the samples stay in a folder, for other tools and for what the map does not know
yet. Needs Linux and what ``bench.durable`` needs, and may have to be root to look into processes;
py-spy is installed under ``build/``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.durable import IN_FLIGHT, PAIRS, RunningNode, build, nodes, prepare, talk
from bench.stacks import REST, Sample, Steps, read_samples
from bench.threads import Usage, processor_seconds, read_threads, spent
from tests.services.mariadb import MariaDB
from tests.services.ports import PortReservations

BUILD = Path(__file__).resolve().parent.parent / "build" / "profile"
PACKAGE = "py-spy==0.4.3"
RATE = 100
"""Samples a second of each node."""
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


def tool() -> Path:
    """py-spy, installed if it is not there."""
    program = BUILD / "tools" / "bin" / "py-spy"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", BUILD / "tools"], check=True)
        python = program.with_name("python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    return program


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


def record(
    spy: Path, running: list[RunningNode], folder: Path, name: str, seconds: float, *options: str
) -> list[Sample]:
    """Samples of all nodes at the same time."""
    files = [folder / f"{name}-{number}.txt" for number in range(len(running))]
    recorders = [
        subprocess.Popen(
            [
                *(spy, "record", "--pid", str(node.pid), "--output", file, "--format", "raw"),
                *("--rate", str(RATE), "--duration", str(round(seconds))),
                *("--threads", "--function", "--full-filenames", *options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for node, file in zip(running, files, strict=True)
    ]
    for recorder in recorders:
        _, said = recorder.communicate(timeout=seconds + 60)
        if recorder.returncode:
            raise RuntimeError(f"py-spy: {said}")
    return [sample for file in files for sample in read_samples(file.read_text())]


def by_step(steps: Steps, samples: list[Sample], counted: Counted) -> dict[str, float]:
    """Microseconds of a message in each step, all nodes together."""
    found: dict[str, float] = defaultdict(float)
    shares = steps.shares(samples)
    for thread, usage in counted.threads.items():
        # What was never seen at work has next to nothing.
        for step, share in shares.get(thread, {REST: 1.0}).items():
            found[step] += share * usage.processor / counted.messages * 1e6
    return found


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


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10, help="of each of the three parts")
    parser.add_argument("--keep", type=Path, help="a folder for the samples")
    arguments = parser.parse_args()
    seconds, program, spy = arguments.seconds, build(), tool()
    with ExitStack() as stack:
        mariadb = MariaDB(PortReservations())
        stack.callback(mariadb.close)
        mariadb.start()
        url = mariadb.create_database()
        folder = Path(tempfile.mkdtemp(prefix="im-profile-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        tokens = folder / "tokens"
        tokens.write_text(asyncio.run(prepare(url)))
        kept = arguments.keep or folder / "samples"
        kept.mkdir(parents=True, exist_ok=True)
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
        samples = record(spy, running, kept, "processor", seconds, "--native")
        waiting = list(waits(record(spy, running, kept, "waiting", seconds, "--idle")))
        done = load.result()
    steps = Steps()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {rate:,.0f} messages/s;")
    print(f"{sum(s.count for s in samples):,} samples; load {os.getloadavg()[0]:.1f};")
    print(f"{done['answered']:,} answered, {done['delivered']:,} delivered\n")
    print("\n".join(show(steps, by_step(steps, samples, counted), counted)))
    print(f"\nThe log writer's thread: {', '.join(waiting)}")


if __name__ == "__main__":
    main()
