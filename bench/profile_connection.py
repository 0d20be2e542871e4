"""What a connection costs a node, by function: ``bench.profile``.

People come with their session, as many as go, are looked up and greeted, and go again: processor
time. Then, on a node that remembers where what it keeps was allocated, half of them come and stay
and the other half comes besides: what the node keeps for each who is there. All have been there
before, so that what is only ever allocated once is there already.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.profile_functions import by_function, show
from bench.servers import OURS, Server, build, prepare, serving
from bench.traced import Allocated, allocations

WAVE = 250
"""People who come before all of them go."""
SETTLE_SECONDS = 4.0
"""Longer than what is kept of those who have just come or gone (the grace of presence)."""
PATIENT = {"IM_DATABASE_TIMEOUT_SECONDS": "60"}
"""A node that is looked into stands still at times; nobody shall be sent away for that."""
LEAST = 1.0
"""Bytes of a connection: what is less has no row of its own."""


class Visits:
    """People who come and go, a wave of them after the other, until it is told to end.

    Raises ``RuntimeError`` at the end when somebody was sent away.
    """

    def __init__(self, server: Server, waves: list[Path]) -> None:
        self.count = 0
        self._server = server
        self._waves = waves
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._failure: RuntimeError | None = None

    def __enter__(self) -> Visits:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        for wave in itertools.cycle(self._waves):
            if self._over.is_set():
                return
            self._server.tokens = wave
            load = self._server.load(WAVE, "idle", 3600)
            try:
                load.line()
            except RuntimeError as failure:
                self._failure = failure
                return
            finally:
                load.end()
            self.count += WAVE


def measure(seconds: float, keep: Path | None, people: int) -> Iterator[str]:
    """Measure; the tables as Markdown. Two parts of so many seconds, then the memory."""
    build(peers=False)
    with tempfile.TemporaryDirectory(prefix="im-profile-") as name:
        folder = Path(name)
        asyncio.run(prepare(folder, people))
        waves = _waves(folder, people)
        yield from _time(folder, waves, seconds, keep or folder)
        yield ""
        yield from _memory(folder, waves)


def _waves(folder: Path, people: int) -> list[Path]:
    tokens = (folder / "tokens").read_text().splitlines(keepends=True)
    found = []
    for start in range(0, people - WAVE + 1, WAVE):
        found.append(folder / f"tokens-{start}")
        found[-1].write_text("".join(tokens[start : start + WAVE]))
    return found


def _time(folder: Path, waves: list[Path], seconds: float, kept: Path) -> Iterator[str]:
    with (
        serving(OURS, Path(sys.executable), folder, settings=PATIENT) as server,
        Visits(server, waves) as visits,
    ):
        time.sleep(SETTLE_SECONDS)
        times, count = by_function(server, lambda: visits.count, seconds, kept)
    yield f"{count:,} people came, were greeted and went\n"
    yield from show(times, "a visit")


def _memory(folder: Path, waves: list[Path]) -> Iterator[str]:
    path = folder / "traced"
    program = Path(__file__).with_name("traced.py")
    settings = PATIENT | {"IM_TRACED": str(path)}
    half = len(waves) // 2
    with serving(OURS, Path(sys.executable), folder, settings=settings, program=program) as server:
        for wave in waves:
            with _present(server, [wave]):
                pass
        allocations(server.process.pid, path)
        with _present(server, waves[:half]):
            time.sleep(SETTLE_SECONDS)
            before = allocations(server.process.pid, path)
            with _present(server, waves[half:]):
                time.sleep(SETTLE_SECONDS)
                kept = allocations(server.process.pid, path).since(before)
    yield from _show(kept, WAVE * (len(waves) - half))


@contextmanager
def _present(server: Server, waves: list[Path]) -> Iterator[None]:
    """These people are there."""
    with ExitStack() as stack:
        for wave in waves:
            server.tokens = wave
            load = server.load(WAVE, "idle", 3600)
            stack.callback(load.end)
            load.line()
        yield


def _show(kept: Allocated, connections: int) -> Iterator[str]:
    yield "| allocated in | | objects | bytes |"
    yield "|---|---|---|---|"
    small = Counter[str]()
    for place, size in kept.size.most_common():
        function, _, text = place.partition("\n")
        each, objects = size / connections, kept.count[place] / connections
        if abs(each) < LEAST:
            small.update(size=size, count=kept.count[place])
        else:
            yield f"| `{function}` | `{text}` | {objects:.2f} | {each:.0f} |"
    each, objects = small["size"] / connections, small["count"] / connections
    yield f"| what is less than a byte each | | {objects:.2f} | {each:.0f} |"
    objects = kept.count.total() / connections
    yield f"| a connection | | {objects:.2f} | {kept.size.total() / connections:.0f} |"
