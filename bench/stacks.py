"""Samples of a node, and which step of a message each of them is in.

A sample is a line of py-spy's format ``raw``: the thread, its functions from the outermost to the
innermost, each with its file, and how often that was seen.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "bench" / "steps.toml"
REST = "the rest"
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
        for function in reversed(sample.functions):
            if function in self._within:
                return self._within[function]
        for function in reversed(sample.functions):
            step = self._at.get(function) or self._at.get(function.rpartition(":")[0])
            if step is not None:
                return step
        return REST

    def shares(self, samples: Iterable[Sample]) -> dict[int, dict[str, float]]:
        """For each thread, what part of its samples at work is in which step."""
        counts: dict[int, Counter[str]] = {}
        for sample in samples:
            step = self.of(sample)
            if step is not None:
                counts.setdefault(sample.thread, Counter())[step] += sample.count
        return {
            thread: {step: count / found.total() for step, count in found.items()}
            for thread, found in counts.items()
        }


def _function(frame: str) -> str:
    """``file:name`` of a frame, in C the name; what a function defines counts as that function."""
    found = FRAME.fullmatch(frame)
    if found is None:
        return frame
    name = found[1].partition(".<locals>")[0].rpartition(".")[2]
    if not found[2].endswith(".py"):
        return name
    return f"{PLACES.sub('', found[2])}:{name}"
