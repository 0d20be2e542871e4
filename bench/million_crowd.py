"""The people of all nodes: a load generator (``wshold.c``) for each, and orders to all of them."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.million_machine import Plan
from bench.million_people import People
from bench.servers import compile_load

SOURCE = Path(__file__).with_name("wshold.c")
LOOK_SECONDS = 0.2
WINDOW = 48
"""People of one node who come at the same time while everyone comes for the first time: a few more
than it lets in at once, so that it asks the database for many together."""
SUM = 2**64
"""Numbers of messages are added up modulo this."""


@dataclass(frozen=True, slots=True)
class Count:
    """What load generators have counted since the round began, added up.

    ``figures``: as ``wshold.c`` names them; ``opened_at``: when the last one came (monotonic).
    """

    figures: Counter[str]
    opened_at: float
    answer_ms: list[float] = field(default_factory=list)
    reading_ms: list[float] = field(default_factory=list)

    def __getitem__(self, name: str) -> int:
        return self.figures[name]

    @property
    def all_arrived(self) -> bool:
        """Whether each message that was sent was read, and none in the place of another."""
        counted = self["heard"] == self["sent"]
        return counted and self["heard_sum"] % SUM == self["sent_sum"] % SUM


class Holder:
    """A running load generator: the people of one node."""

    def __init__(self, program: Path, port: int, node: int, plan: Plan, people: People) -> None:
        # 127.1.0.1 and on: each has all ports of an address of its own.
        address = f"127.1.{node // 250}.{node % 250 + 1}"
        self.process = subprocess.Popen(
            [
                *(program, str(port), address, str(node), str(plan.nodes), str(plan.each)),
                *(people.secret, str(people.first)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, words: str) -> None:
        """Give an order."""
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        """The answer to ``state`` or ``times``. Raises ``RuntimeError`` when it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a load generator has ended with {self.process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """End it, with all its connections."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Crowd:
    """Everyone, or those of some nodes."""

    def __init__(self, holders: Sequence[Holder]) -> None:
        self.holders = list(holders)
        self._round = 0

    def order(self, words: str) -> None:
        """The same order for all."""
        for holder in self.holders:
            holder.order(words)

    def count(self, *, times: bool = False) -> Count:
        """What all have counted in this round."""
        self.order("times" if times else "state")
        figures: Counter[str] = Counter()
        opened_at, answer_ms, reading_ms = 0.0, list[float](), list[float]()
        for holder in self.holders:
            found = holder.read()
            opened_at = max(opened_at, found.pop("opened_at"))
            answer_ms += found.pop("answer_ms", [])
            reading_ms += found.pop("reading_ms", [])
            figures.update(found)
        return Count(figures, opened_at, answer_ms, reading_ms)

    def begin_round(self, *, once: bool = False) -> int:
        """Begin to count anew; ``once``: of each person the first message alone. Its number."""
        self._round += 1
        self.order(f"round {self._round} {int(once)}")
        return self._round

    def come(self, people: int, at_once: int, progress: Callable[[int], None]) -> None:
        """Let everyone come, the people of ``at_once`` nodes at a time; ``people`` for each."""
        waiting, coming, here = list(self.holders), list[Holder](), 0
        while waiting or coming:
            while waiting and len(coming) < at_once:
                coming.append(waiting.pop(0))
                coming[-1].order(f"connect {WINDOW}")
            time.sleep(LOOK_SECONDS)
            some = 0
            for holder in list(coming):
                open_now = Crowd([holder]).count()["open"]
                if open_now >= people:
                    coming.remove(holder)
                    here += people
                else:
                    some += open_now
            progress(here + some)

    def until(
        self, reached: Callable[[Count], bool], seconds: float, progress: Callable[[Count], None]
    ) -> Count:
        """The count when something is reached, or when the time is over."""
        end = time.monotonic() + seconds
        while True:
            count = self.count()
            progress(count)
            if reached(count) or time.monotonic() >= end:
                return count
            time.sleep(LOOK_SECONDS)


@contextmanager
def gather(folder: Path, ports: Sequence[int], plan: Plan, people: People) -> Iterator[Crowd]:
    """The people of the nodes with these ports, none of them here yet; all gone at the end."""
    program = folder / "wshold"
    compile_load(SOURCE, program)
    with ExitStack() as stack:
        holders = []
        for node, port in enumerate(ports):
            holders.append(Holder(program, port, node, plan, people))
            stack.callback(holders[-1].close)
        yield Crowd(holders)
