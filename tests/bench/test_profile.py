"""The profile puts samples where they belong, its map names what is there, and all of it runs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.profile_message import Counted
from bench.stacks import LOOP as IN_LOOP
from bench.stacks import REST, ROOT, OwnFunctions, Sample, Steps, divided, read_samples, shares
from bench.threads import Usage

LOOP = f"_run_once ({ROOT}/lib/python3.11/asyncio/base_events.py:1900)"
FLUSH_PLACE = "im/wire/websocket.py:flush"
FLUSH = f"WebSocketConnection.flush ({ROOT}/im/wire/websocket.py:288)"
DELIVER = f"Client.deliver_all.<locals>.<listcomp> ({ROOT}/im/wire/client.py:80)"
ENCODE = f"encode_frame ({ROOT}/im/wire/frames.py:262)"
GARBAGE = "gc_collect_main (/usr/lib/libpython3.11.so.1.0)"
ASLEEP = "epoll_wait (/usr/lib/libc.so.6)"


@pytest.mark.parametrize(
    ("frames", "step"),
    [
        ((LOOP,), "the event loop itself"),
        ((LOOP, FLUSH), "send to the sockets"),
        ((LOOP, FLUSH, "sock_send (/build/Modules/socketmodule.c:4207)"), "send to the sockets"),
        ((LOOP, DELIVER, ENCODE), "hand out to readers"),
        ((LOOP, DELIVER, GARBAGE), "the garbage collector"),
        ((LOOP, ASLEEP), None),
        (("main (/srv/other.py:3)",), REST),
    ],
)
def test_a_sample_is_in_the_step_of_its_innermost_function_that_has_one(
    frames: tuple[str, ...], step: str | None
) -> None:
    (sample,) = read_samples(f"thread (17): MainThread;{';'.join(frames)} 5\n")
    assert (sample.thread, sample.count) == (17, 5)
    assert Steps().of(sample) == step


def test_the_times_of_the_steps_are_the_threads_time() -> None:
    threads = {1: Usage(processor=0.9), 2: Usage(processor=0.1), 3: Usage(processor=0.5)}
    counted = Counted(10_000, threads, 0, Counter())
    loop, flush = ("asyncio/base_events.py:_run_once",), ("im/wire/websocket.py:flush",)
    samples = [Sample(1, loop, 20), Sample(1, (*loop, *flush), 60), Sample(1, ("poll",), 500)]
    of = Steps().of
    found = divided(shares([*samples, Sample(2, flush, 1)], of), counted.threads, counted.messages)
    assert found == {
        "the event loop itself": pytest.approx(22.5),
        "send to the sockets": pytest.approx(67.5 + 10),
        REST: pytest.approx(50),
    }


@pytest.mark.parametrize(
    ("frames", "function"),
    [
        ((LOOP, FLUSH, "sock_send (/build/Modules/socketmodule.c:4207)"), FLUSH_PLACE),
        ((LOOP, DELIVER, ENCODE), "im/wire/frames.py:encode_frame"),
        ((LOOP, DELIVER, GARBAGE), "the garbage collector"),
        ((LOOP, FLUSH, ASLEEP), None),
        ((LOOP,), IN_LOOP),
        (("main (/srv/other.py:3)",), REST),
    ],
)
def test_what_is_done_for_a_function_counts_as_that_function(
    frames: tuple[str, ...], function: str | None
) -> None:
    (sample,) = read_samples(f"thread (17): MainThread;{';'.join(frames)} 5\n")
    assert OwnFunctions().of(sample) == function


def test_a_delivery_and_a_connection_are_profiled(tmp_path: Path) -> None:
    words = f"--what delivery,connection --seconds 2 --people 500 --keep {tmp_path}"
    program = [sys.executable, "-m", "bench.profile", *words.split()]
    printed = subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True, timeout=240)
    assert len(re.findall("[1-9][0-9,]* deliveries", printed.stdout)) == 2
    assert "`im/wire/websocket.py:_send`" in printed.stdout
    assert re.search("[1-9][0-9,]* people came, were greeted and went", printed.stdout)
    assert re.search(r"WebSocketConnection\(.*\)` \| 1\.00 \| ", printed.stdout)
    kept = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.txt"))
    assert kept == [
        "connection/functions-0.txt",
        *("delivery/functions-1-0.txt", "delivery/functions-32-0.txt"),
    ]


def test_the_map_names_functions_that_there_are() -> None:
    for place in Steps().places:
        path, _, name = place.partition(":")
        if not path.startswith(("im/", "relay/")):
            continue
        tree = ast.parse((ROOT / path).read_text())
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        names = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
        assert not name or name in names, place
