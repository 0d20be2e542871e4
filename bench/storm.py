"""What it does to those who are connected when thousands come at once, and how long that takes.

    python -m bench.storm                  three rounds of everything
    python -m bench.storm --rounds 1 --people 2000

On one node with the embedded database 50 pairs write to each other, 500 messages a second in all.
Then 5,000 others, who are logged in, connect and ask for a handshake at the same moment; each is
served when the welcome has come, or a refusal. Times of the pairs' messages are from sending to the
other one's reading, and to the answer, as long as the storm lasts. Node, pairs and storm share this
machine. Needs a C compiler and OpenSSL's headers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.durable import Figures
from bench.durable import build as build_talk
from bench.servers import BUILD, MEMBERS, OURS, ROOT, Server, compile_load, prepare, serving
from bench.throwaway import throwaway_file

PAIRS = 50
RATE = 500
"""Messages a second of all pairs together."""
WARM_SECONDS = 2.5
QUIET_SECONDS = 5.0
STORM_SECONDS = 60
"""Whoever is not served by then is counted as waiting."""
LIMIT = 2000


@dataclass(frozen=True)
class Case:
    """Something to measure.

    Attributes:
        share: of the people, who come at once.
        limit: sockets from one address.
    """

    name: str
    share: float = 1.0
    limit: int = 20_000
    secure: bool = False


CASES = {
    "quiet": Case("nobody comes", 0),
    "plain": Case("all come at once"),
    "limit": Case(f"all come at once, {LIMIT:,} are let in", limit=LIMIT),
    "tls": Case("all come at once inside TLS", secure=True),
}


def measure(programs: tuple[Path, Path], people: int, case: Case, source: Path) -> Figures:
    """The figures of the pairs, and of the storm under ``storm``."""
    folder = Path(tempfile.mkdtemp(prefix="im-storm-"))
    try:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        certificate = throwaway_file(folder) if case.secure else None
        settings = {"IM_HTTP_MAX_CONNECTIONS_PER_ADDRESS": str(case.limit)}
        with serving(OURS, Path(sys.executable), folder, certificate, settings) as server:
            return rage(programs, int(people * case.share), server, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rage(programs: tuple[Path, Path], people: int, server: Server, folder: Path) -> Figures:
    """Let the pairs talk, and the others come if there are any."""
    wstalk, wsstorm = programs
    port = str(server.port)
    talk = subprocess.Popen(
        [wstalk, port, port, str(PAIRS), folder / "pairs", "300", "100", str(RATE)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(WARM_SECONDS)
        talk.send_signal(signal.SIGUSR1)
        storm: Figures = {}
        if people:
            address = "tls:127.0.0.1" if server.secure else "127.0.0.1"
            command: list[str | Path] = [wsstorm, address, str(server.port), "/ws", str(people)]
            command += [folder / "tokens", "1"]
            done = subprocess.run(
                [*command, str(STORM_SECONDS)], stdout=subprocess.PIPE, text=True, check=True
            )
            storm = json.loads(done.stdout)
        else:
            time.sleep(QUIET_SECONDS)
        talk.terminate()
        said, _ = talk.communicate(timeout=60)
        if talk.returncode:
            raise RuntimeError("somebody who was connected is lost")
        found: Figures = json.loads(said)
        found["storm"] = storm
        return found
    finally:
        talk.kill()
        talk.wait()


def show(found: dict[str, list[Figures]]) -> Iterator[str]:
    """Medians of all rounds, as Markdown; of the worst, the worst."""
    yield (
        "| | delivered ms, p50, p99, worst | answered ms, p50, p99, worst"
        " | let in | 429 | lost | all served after s | p50, p99 s |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for name, rounds in found.items():
        cells = []
        for kind in ("delivery_ms", "answer_ms"):
            middle = [statistics.median(f[kind][share] for f in rounds) for share in ("p50", "p99")]
            worst = max(figures[kind]["max"] for figures in rounds)
            cells.append(f"{middle[0]:.1f}, {middle[1]:.1f}, {worst:.1f}")
        storms = [figures["storm"] for figures in rounds if figures["storm"]]
        if storms:
            lost = ("lost", "lost_later", "waiting", "otherwise", "without_retry")
            cells += [
                f"{statistics.median(s[key] for s in storms):,.0f}" for key in ("let_in", "429")
            ]
            cells.append(str(max(sum(storm[key] for key in lost) for storm in storms)))
            cells.append(f"{statistics.median(storm['seconds'] for storm in storms):.1f}")
            times = [
                statistics.median(storm["served_ms"][share] for storm in storms) / 1000
                for share in ("p50", "p99")
            ]
            cells.append(f"{times[0]:.1f}, {times[1]:.1f}")
        else:
            cells += [""] * 5
        yield f"| {CASES[name].name} | " + " | ".join(cells) + " |"


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=5000, help="who come at once")
    parser.add_argument("--only", default=",".join(CASES))
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    wsstorm = BUILD / "wsstorm"
    compile_load(ROOT / "bench" / "wsstorm.c", wsstorm)
    programs = (build_talk(), wsstorm)
    found: dict[str, list[Figures]] = defaultdict(list)
    source = Path(tempfile.mkdtemp(prefix="im-storm-"))
    try:
        people = max(arguments.people, MEMBERS)
        ids = asyncio.run(prepare(source, people + 2 * PAIRS))
        lines = (source / "tokens").read_text().splitlines()
        (source / "pairs").write_text(
            "".join(f"{lines[who]} {ids[who]}\n" for who in range(people, people + 2 * PAIRS))
        )
        for number in range(arguments.rounds):
            for name in arguments.only.split(","):
                found[name].append(measure(programs, arguments.people, CASES[name], source))
                print(f"{name}: {json.dumps(found[name][-1])}", flush=True)
            print(f"round {number + 1} of {arguments.rounds} is over", flush=True)
    finally:
        shutil.rmtree(source, ignore_errors=True)
    print(f"\nPython {sys.version.split()[0]}, medians of {arguments.rounds} rounds\n")
    print("\n".join(show(found)))


if __name__ == "__main__":
    main()
