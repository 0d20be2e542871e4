"""The profile puts samples where they belong, and its map names what is there."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from bench.profile import Counted, by_step
from bench.stacks import REST, ROOT, Sample, Steps, read_samples
from bench.threads import Usage

LOOP = f"_run_once ({ROOT}/lib/python3.11/asyncio/base_events.py:1900)"
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
    found = by_step(Steps(), [*samples, Sample(2, flush, 1)], counted)
    assert found == {
        "the event loop itself": pytest.approx(22.5),
        "send to the sockets": pytest.approx(67.5 + 10),
        REST: pytest.approx(50),
    }


def test_the_map_names_functions_that_there_are() -> None:
    for place in Steps().places:
        path, _, name = place.partition(":")
        if not path.startswith(("im/", "relay/")):
            continue
        tree = ast.parse((ROOT / path).read_text())
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        names = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
        assert not name or name in names, place
