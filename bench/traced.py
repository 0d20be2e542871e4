"""``run.py``, that says where in its code what it keeps was allocated.

SIGUSR1 makes it write that down (``tracemalloc``) in the file that ``IM_TRACED`` names, without
what nobody needs any more. Only what comes after the first one is remembered: a start would take
minutes. ``allocations`` sends it and reads the file.
"""

from __future__ import annotations

import ast
import gc
import linecache
import os
import runpy
import signal
import sys
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAMES = 12
"""Innermost functions that are remembered of each allocation."""
WRITE_SECONDS = 120
OWN = tuple(f"{ROOT / folder}{os.sep}" for folder in ("im", "handlers", "relay"))


@dataclass(slots=True)
class Allocated:
    """By line of the messenger's own code: bytes and objects that are there."""

    size: Counter[str] = field(default_factory=Counter)
    count: Counter[str] = field(default_factory=Counter)

    def since(self, before: Allocated) -> Allocated:
        """What is there now and was not before; less than before is below zero."""
        found = Allocated(Counter(self.size), Counter(self.count))
        found.size.subtract(before.size)
        found.count.subtract(before.count)
        return found


def allocations(pid: int, path: Path) -> Allocated:
    """What the process keeps of what it has allocated since this was first asked; ``path`` is its
    ``IM_TRACED``."""
    path.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    end = time.monotonic() + WRITE_SECONDS
    while not path.exists():
        if time.monotonic() > end:
            raise RuntimeError("it does not say what it keeps")
        time.sleep(0.05)
    found = Allocated()
    for trace in tracemalloc.Snapshot.load(str(path)).traces:
        place = _place(trace.traceback)
        found.size[place] += trace.size
        found.count[place] += 1
    return found


def _place(trace: tracemalloc.Traceback) -> str:
    """The innermost line of the messenger's own: ``file:function`` and its text."""
    for frame in reversed(trace):
        if frame.filename.startswith(OWN):
            path = Path(frame.filename)
            text = linecache.getline(frame.filename, frame.lineno).strip()
            return f"{path.relative_to(ROOT)}:{_function(path, frame.lineno)}\n{text}"
    return "libraries\n"


@cache
def _function(path: Path, line: int) -> str:
    """The innermost function around a line."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    around = [
        node
        for node in ast.walk(_tree(path))
        if isinstance(node, kinds) and node.lineno <= line <= (node.end_lineno or line)
    ]
    return max(around, key=lambda node: node.lineno).name if around else ""


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def main() -> None:
    """Be ``run.py``."""
    path = Path(os.environ.pop("IM_TRACED"))

    def write(*_: object) -> None:
        gc.collect()
        if not tracemalloc.is_tracing():
            tracemalloc.start(FRAMES)
        part = path.with_suffix(".part")
        tracemalloc.take_snapshot().dump(str(part))
        part.rename(path)

    signal.signal(signal.SIGUSR1, write)
    sys.path[0] = str(ROOT)
    sys.argv[0] = str(ROOT / "run.py")
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
