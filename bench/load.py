"""Thousands who behave like people, for minutes; then more than the nodes can take.

    make load                                  5,000 people, five minutes
    make load PEOPLE=500 SECONDS=60

Two nodes of ``run.py`` on a MariaDB of their own (it flushes at every commit), the UDP relay on the
loopback interface, and Redis where it is installed; people, nodes and databases share this machine.

1. People log in, read history, type, write to each other and to groups, send pictures, mark what
   they have read, leave and come again.
2. More and more is written until answers are late or refused: what the nodes take.
3. Three times as much is written, while an administrator looks at both nodes, over HTTP and over a
   socket. Then it is waited until they are as before.

At the end every row of the log is held against what people were told. Figures are printed and kept
as JSON (``--results``). Exit code 0: nothing was lost, nobody was refused before the third part,
all goals are kept; 1: something was not as it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import gc
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.load_notes import Notes
from bench.load_overload import TIMES, WRITERS, overload, ramp, rude
from bench.load_people import Person
from bench.load_world import Memory, World, world
from bench.million_report import Figures, Progress, keep, shares, table
from im.wire.descriptors import raise_limit

RESULTS = Path(__file__).with_name("results") / "load.json"
LATE_MS = 100.0
"""A message that takes longer is late."""
SETTLE_SECONDS = 20.0
"""What has not arrived by then is missing."""
MEMORY_LOOKS = 11
"""Of the memory of each node, in the figures."""
COME_SHARE = 0.2
"""Of the time, in which everyone comes for the first time."""
LIFE_SECONDS = 60.0
"""In less time everything is done faster, so that something is done."""


async def live(
    chosen: argparse.Namespace, place: World, notes: Notes
) -> tuple[list[Person], Figures]:
    """Everyone lives for a while; the people, and what was found."""
    rng = random.Random(chosen.seed)
    hurry = max(1.0, LIFE_SECONDS / chosen.seconds)
    people = [Person(each, notes, random.Random(rng.random()), hurry) for each in place.accounts]
    memory = Memory(place.nodes)
    watching = asyncio.create_task(memory.watch(max(0.2, chosen.seconds / 100)))
    before, began = place.processor(), time.monotonic()
    end = began + chosen.seconds
    progress = Progress("people", chosen.seconds)

    async def arrive(person: Person) -> None:
        await asyncio.sleep(rng.uniform(0, chosen.seconds * COME_SHARE))
        await person.live(end)

    lives = [asyncio.create_task(arrive(person)) for person in people]
    while time.monotonic() < end:
        progress(int(time.monotonic() - began))
        await asyncio.sleep(0.5)
    await asyncio.gather(*lives)
    seconds = time.monotonic() - began
    spent = place.spent(before, seconds)
    missing = await settled(people, notes)
    watching.cancel()
    progress.end(f"{notes.done['messages']:,} messages")
    delivered, answered = (_ms(times) for times in (notes.delivered, notes.answered))
    return people, {
        "people": len(people),
        "seconds": round(seconds, 1),
        "done": dict(sorted(notes.done.items())),
        "messages a second": round(len(notes.answered) / seconds, 1),
        "deliveries a second": round(len(notes.delivered) / seconds, 1),
        "let in, ms": shares(_ms(notes.came)),
        "answered, ms": shares(answered),
        "delivered, ms": shares(delivered),
        "missing": missing,
        "read from the log, for the relay had lost it": await place.counted("im_healed_total"),
        "refused since a node was behind": await place.counted("im_shed_total"),
        "refused": dict(notes.refused),
        "memory, MiB": memory.looks(MEMORY_LOOKS),
        "memory, MiB a minute": memory.slopes(),
        "processor, cores": spent,
    }


async def settled(people: Sequence[Person], notes: Notes) -> int:
    """Wait until everyone has what was acknowledged while they were there; how much is missing."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        missing = sum(
            person.last[conversation] < seq
            for person in people
            for conversation in person.last
            for seq, sent in (notes.heads.get(conversation, (0, 0.0)),)
            if person.here
        )
        if not missing or time.monotonic() > end:
            return missing
        await asyncio.sleep(0.05)


def _missed(chosen: argparse.Namespace, found: Figures) -> Iterator[str]:
    """The goals that were not reached."""
    slowest = found["delivered, ms"].get("p99", 0.0)
    if slowest > chosen.late_ms:
        yield f"a hundredth of the messages took {slowest} ms or more"
    for number, slope in enumerate(found["memory, MiB a minute"], 1):
        if slope > chosen.grow_mib:
            yield f"node {number} grew by {slope} MiB a minute"
    if found["missing"]:
        yield f"{found['missing']} people have not seen the last of a conversation"
    for code, count in found["refused"].items():
        yield f"{count} messages were refused: {code}"


def _ms(times: Sequence[float]) -> list[float]:
    return [seconds * 1000 for seconds in times]


async def play(chosen: argparse.Namespace, place: World) -> tuple[Figures, list[str]]:
    """All phases: figures, and what was not as it should be."""
    notes = Notes()
    people, found = await live(chosen, place, notes)
    figures = {"people": found}
    failures = list(_missed(chosen, found))
    writers = [person for person in people if person.here][:WRITERS]
    steps = max(0.5, chosen.seconds / 100)
    figures["capacity"] = taken = await ramp(writers, notes, LATE_MS, steps)
    rate = TIMES * taken["messages a second"]
    figures["overload"] = await overload(writers, notes, place, rate, steps * 5)
    figures["overload"]["missing"] = await settled(people, notes)
    failures += rude(figures["overload"])
    for person in people:
        person.leave()
    failures += notes.faults
    problems = await asyncio.to_thread(notes.problems, place.url)
    return figures, failures + problems


def main() -> int:
    """Read the command line, measure, print."""
    chosen = _read_arguments()
    raise_limit()
    # What is kept for the proof grows: a full collection takes 0.3 s, in which all seem to wait.
    gc.disable()
    began = time.monotonic()
    with world(chosen.people, {}) as place:
        place.processes["load generator"] = os.getpid()
        figures, failures = asyncio.run(play(chosen, place))
    whole = {
        "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load of the machine": round(os.getloadavg()[0], 1),
        "seconds in all": round(time.monotonic() - began),
        **figures,
        "failures": failures[:100],
    }
    keep(whole, chosen.results)
    print(table(figures))
    print(f"\n{whole['seconds in all']:,} s in all, kept in {chosen.results}")
    for failure in failures[:20]:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add: Callable[..., object] = parser.add_argument
    add("--people", type=int, default=5000)
    add("--seconds", type=float, default=300.0, help="for which people live")
    add("--late-ms", type=float, default=LATE_MS, help="a hundredth of the messages may be later")
    add("--grow-mib", type=float, default=2.0, help="memory a node may grow by in a minute")
    add("--seed", type=int, default=1)
    add("--results", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
