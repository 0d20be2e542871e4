"""Samples of a node, and which step of a message each of them is in.

A sample is a line of py-spy's format ``raw``: the thread, its functions from the outermost to the
innermost, each with its file, and how often that was seen.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.threads import Usage

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "bench" / "steps.toml"
REST = "the rest"
GARBAGE = "the garbage collector"
LOOP = "the event loop itself"
OWN = ("im/", "relay/", "handlers/")
THREAD = re.compile(r"thread \((\d+)\)")
FRAME = re.compile(r"(.+) \((.+?)(?::\d+)?\)")
PLACES = re.compile(rf"^(?:.*/site-packages|.*/lib/python3\.\d+|{re.escape(str(ROOT))})/")
"""What stands before a file's own place: the project, a library, the standard library."""


@dataclass(frozen=True, slots=True)
class Sample:
    """So many times a thread was seen within these functions, ``file:name``, innermost last."""

    thread: int
    functions: tuple[str, ...]
    count: int


def read_samples(raw: str) -> Iterator[Sample]:
    """The samples of a recording."""
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        first, *frames = stack.split(";")
        thread = THREAD.match(first)
        if thread is not None:
            yield Sample(int(thread[1]), tuple(map(_function, frames)), int(count))


class Steps:
    """Which step a sample is in, by the map."""

    def __init__(self, path: Path = MAP) -> None:
        self.names: list[str] = []
        self._at: dict[str, str] = {}
        self._within: dict[str, str | None] = {}
        found = tomllib.loads(path.read_text())
        for step in found["step"]:
            self.names.append(step["name"])
            self._at |= dict.fromkeys(step.get("at", ()), step["name"])
            self._within |= dict.fromkeys(step.get("within", ()), step["name"])
        self._within |= dict.fromkeys(found["waiting"]["within"])
        self.names.append(REST)

    @property
    def places(self) -> set[str]:
        """What the map names: ``file``, ``file:function``, or a function in C."""
        return self._at.keys() | self._within.keys()

    def of(self, sample: Sample) -> str | None:
        """The step of its innermost function that has one; None: it waits."""
        within = self.within(sample)
        if within != "":
            return within
        for function in reversed(sample.functions):
            step = self._at.get(function) or self._at.get(function.rpartition(":")[0])
            if step is not None:
                return step
        return REST

    def within(self, sample: Sample) -> str | None:
        """What counts wherever in a sample it is; "" where there is none, None: it waits."""
        for function in reversed(sample.functions):
            if function in self._within:
                return self._within[function]
        return ""


class OwnFunctions:
    """Which function of the messenger's own a sample is in: its innermost one. What libraries and
    the kernel do for it counts as its time."""

    def __init__(self) -> None:
        self._steps = Steps()

    def of(self, sample: Sample) -> str | None:
        """That function, ``file:name``, or what stands in for one; None: it waits."""
        if (step := self._steps.within(sample)) is None:
            return None
        if step == GARBAGE:
            return step
        for function in reversed(sample.functions):
            if function.startswith(OWN):
                return function
        return LOOP if "asyncio/base_events.py:_run_once" in sample.functions else REST


def shares(
    samples: Iterable[Sample], of: Callable[[Sample], str | None]
) -> dict[int, dict[str, float]]:
    """For each thread, what part of its samples at work is where, by ``of``; None: it waits."""
    counts: dict[int, Counter[str]] = {}
    for sample in samples:
        place = of(sample)
        if place is not None:
            counts.setdefault(sample.thread, Counter())[place] += sample.count
    return {
        thread: {place: count / found.total() for place, count in found.items()}
        for thread, found in counts.items()
    }


def divided(
    found: dict[int, dict[str, float]], threads: dict[int, Usage], count: int
) -> dict[str, float]:
    """Microseconds of each of ``count`` in each place: the threads' time, by their shares."""
    times: dict[str, float] = defaultdict(float)
    for thread, usage in threads.items():
        # What was never seen at work has next to nothing.
        for place, share in found.get(thread, {REST: 1.0}).items():
            times[place] += share * usage.processor / count * 1e6
    return times


def _function(frame: str) -> str:
    """``file:name`` of a frame, in C the name; what a function defines counts as that function."""
    found = FRAME.fullmatch(frame)
    if found is None:
        return frame
    name = found[1].partition(".<locals>")[0].rpartition(".")[2]
    if not found[2].endswith(".py"):
        return name
    return f"{PLACES.sub('', found[2])}:{name}"
