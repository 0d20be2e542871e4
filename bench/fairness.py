"""What a busy room does to a private message between two others on the same node.

    python -m bench.fairness                  three rounds of everything
    python -m bench.fairness --rounds 1 --seconds 5

A room of 1,000 members on one node with the embedded database. In it one member, or each of
several, keeps as many messages unanswered as a node takes of one connection
(``limits.pending_frames``), and the limit of frames a second is lifted; everyone reads everything.
Meanwhile two people who are not in the room write to each other. Times are from sending to the
other one's reading, and to the answer. Node, members and pair share this machine. Needs a C
compiler.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.access import TEXT
from bench.durable import Figures
from bench.durable import build as build_talk
from bench.servers import MEMBERS, OURS, Load, build, prepare, serving

PENDING = 256
"""``limits.pending_frames`` by default."""
ROOMS = {
    "no room": (0, 0),
    "1 member writes, 32 on their way": (1, 32),
    "1 member writes, 256 on their way": (1, PENDING),
    "8 members write, 256 of each on their way": (8, PENDING),
}
"""Members who write, and messages of each that are on their way."""
RATE = 100
"""Private messages a second; the two take turns."""


def talk(program: Path, port: int, tokens: Path, seconds: float) -> Figures:
    """What the two found."""
    command: list[str | Path] = [program, str(port), str(port), "1", tokens]
    command += [str(seconds), "100", str(RATE)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    found: Figures = json.loads(done.stdout)
    return found


def measure(program: Path, seconds: float, senders: int, in_flight: int) -> Figures:
    """The pair's figures, and how much goes on in the room."""
    folder = Path(tempfile.mkdtemp(prefix="im-fairness-"))
    try:
        people = asyncio.run(prepare(folder, MEMBERS + 2))
        lines = (folder / "tokens").read_text().splitlines()
        pair = folder / "pair"
        both = range(MEMBERS, MEMBERS + 2)
        pair.write_text("".join(f"{lines[who]} {people[who]}\n" for who in both))
        with serving(OURS, Path(sys.executable), folder) as server, ExitStack() as stack:
            room: Load | None = None
            if senders:
                send = json.dumps({"op": "send", "to": "g:1", "text": TEXT})
                words = (send, str(in_flight), str(senders))
                room = server.load(MEMBERS, "fan", seconds + 4, *words)
                stack.callback(room.end)
                room.line()
            found = talk(program, server.port, pair, seconds)
            if room is not None:
                counted = room.line()
                found["room"] = counted["frames"] / counted["seconds"]
            return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show(found: dict[str, list[Figures]]) -> Iterator[str]:
    """Medians of all rounds, as Markdown; of the worst, the worst."""
    yield "| | deliveries/s in the room | delivered, p50, p99, worst | answered, p50, p99, worst |"
    yield "|---|---|---|---|"
    for name, rounds in found.items():
        room = statistics.median(figures.get("room", 0.0) for figures in rounds)
        cells = []
        for kind in ("delivery_ms", "answer_ms"):
            middle = [statistics.median(f[kind][share] for f in rounds) for share in ("p50", "p99")]
            worst = max(figures[kind]["max"] for figures in rounds)
            cells.append(f"{middle[0]:.1f}, {middle[1]:.1f}, {worst:.1f}")
        yield f"| {name} | {room:,.0f} | " + " | ".join(cells) + " |"


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    arguments = parser.parse_args()
    build()
    program = build_talk()
    found: dict[str, list[Figures]] = defaultdict(list)
    for number in range(arguments.rounds):
        for name, (senders, in_flight) in ROOMS.items():
            found[name].append(measure(program, arguments.seconds, senders, in_flight))
        print(f"round {number + 1} of {arguments.rounds} is over", flush=True)
    print(f"\nPython {sys.version.split()[0]}, medians of {arguments.rounds} rounds\n")
    print("\n".join(show(found)))


if __name__ == "__main__":
    main()
