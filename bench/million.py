"""A million people who are connected: what that takes, and what it still can do.

    python -m bench.million                              a million
    python -m bench.million --connections 20000 --nodes 4
    python -m bench.million --check                      only whether this machine can

Nodes of ``run.py`` on one MariaDB of their own, over the UDP relay on the loopback interface, and a
load generator for each; all on this machine. As many nodes as the descriptors of a process ask for:
55 of 18,182 people with 20,000. Everyone is a person of the database with a session, and comes with
its token. Then, one after the other:

- nothing: everyone is pinged and answers; who does not is dropped by the node and counted as lost;
- private messages between people of different nodes, drawn at random, at a steady rate: first those
  who never wrote to each other before, slowly, then the same ones;
- a message of an administrator to all;
- one node is ended and started anew (``--kill``: by SIGKILL), and its people are written to
  meanwhile: they come back as the page does, and find what came while they were away.

Figures are printed and kept as JSON (``--results``). It may be stopped at any moment (Ctrl-C,
SIGTERM): nothing of it is left. Exit code 0: everything arrived; 1: something did not; 2: the
machine cannot, and why. Needs a C compiler, OpenSSL's headers and MariaDB.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.million_crowd import Count, Crowd, gather
from bench.million_machine import Plan, plan, read_machine, shortages
from bench.million_memory import Memory, read_memory
from bench.million_nodes import Heartbeat, RunningNode, cluster, database
from bench.million_people import People, make_people
from bench.million_report import Figures, Progress, keep, memory_figures, shares, table
from bench.threads import processor_seconds

RESULTS = Path(__file__).with_name("results") / "million.json"
PATIENCE_SECONDS = 120.0
"""What has not arrived by then is missing."""
RETURN_SECONDS = 600.0
"""Whoever is not back by then is missing."""
FIRST_RATE = 10
"""First words a second: for each the database makes a conversation."""
MISSED = 200
"""Messages to people of the node that is started anew."""
BROKEN_OFF = 130


@dataclass
class Results:
    """What was found so far, phase by phase, and what was not as it should be."""

    figures: Figures = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


class Stage:
    """Everything that runs: the nodes, the people, the database."""

    def __init__(
        self,
        chosen: argparse.Namespace,
        wanted: Plan,
        people: People,
        nodes: list[RunningNode],
        crowd: Crowd,
        database_pid: int,
        results: Results,
    ) -> None:
        self._chosen = chosen
        self._plan = wanted
        self._people = people
        self._nodes = nodes
        self._crowd = crowd
        self._database_pid = database_pid
        self._results = results

    def play(self) -> None:
        """All phases."""
        empty = self._memory()
        figures = self._results.figures
        for name, phase in (("log in", self._log_in), ("heartbeat", self._hold)):
            figures[name] = self._counted(phase)
        figures["memory"] = memory_figures(empty, self._memory(), self._plan)
        for name, phase in (
            ("first words", self._begin_talks),
            ("private messages", self._talk),
            ("broadcast", self._broadcast),
        ):
            figures[name] = self._counted(phase)
        figures["a node anew"] = self._restart()

    def _counted(self, phase: Callable[[], Figures]) -> Figures:
        """The figures of a phase, with the processor seconds that it took."""
        before = self._processor()
        figures = phase()
        after = self._processor()
        spent = {who: round(after[who] - before[who], 1) for who in before}
        return {**figures, "processor, s": spent}

    def _log_in(self) -> Figures:
        progress = Progress("log in", self._plan.people)
        self._crowd.begin_round()
        self._crowd.come(self._plan.each, self._chosen.at_once, progress)
        count, seconds = self._crowd.count(), progress.seconds
        progress.end(f"{count['open']:,} are here, {count['lost']} were lost meanwhile")
        self._expect(count["open"] == self._plan.people, "not everyone is here")
        self._expect(not count["lost"], f"{count['lost']} were lost while others came")
        return {
            "people": count["open"],
            "seconds": round(seconds, 1),
            "a second": round(count["open"] / seconds),
            "tried again": count["refused"],
        }

    def _hold(self) -> Figures:
        """Nobody does anything for longer than it takes to be pinged, not to answer and be dead."""
        progress = Progress("heartbeat", self._plan.people)
        self._crowd.begin_round()
        end = time.monotonic() + self._chosen.dead_seconds + 2
        count = self._crowd.until(
            lambda _: time.monotonic() >= end,
            PATIENCE_SECONDS + self._chosen.dead_seconds,
            lambda count: progress(count["pinged"]),
        )
        dead = sum(node.figures()["im_dead_connections_total"] for node in self._nodes)
        progress.end(f"{count['pinged']:,} were pinged, {count['lost']} lost, {dead} found dead")
        self._expect(count["pinged"] == self._plan.people, "not everyone was pinged")
        self._expect(not count["lost"] and not dead, f"{count['lost']} lost, {dead} found dead")
        return {
            "answered": count["pinged"],
            "pings a second": round(count["pings"] / progress.seconds),
            "lost": count["lost"],
        }

    def _begin_talks(self) -> Figures:
        return self._messages("first words", self._pairs, FIRST_RATE)

    def _talk(self) -> Figures:
        rate = self._chosen.rate
        each = max(1, round(rate * self._chosen.seconds / self._plan.nodes))
        return self._messages("private messages", each, rate)

    @property
    def _pairs(self) -> int:
        """How many people of each node write to someone of another."""
        return min(self._plan.each, max(1, self._chosen.pairs // self._plan.nodes))

    def _messages(self, name: str, each: int, rate: float) -> Figures:
        """So many messages of each node, at a rate of all nodes together."""
        progress = Progress(name, each * self._plan.nodes)
        self._crowd.begin_round()
        self._crowd.order(f"talk {each} {rate / self._plan.nodes} -1 {self._pairs}")
        self._crowd.until(
            lambda count: not count["to_send"] and count.all_arrived and _answered(count),
            each * self._plan.nodes / rate + PATIENCE_SECONDS,
            lambda count: progress(count["heard"]),
        )
        count = self._crowd.count(times=True)
        missing = count["sent"] - count["heard"]
        read, answered = shares(count.reading_ms), shares(count.answer_ms)
        progress.end(f"{count['sent']:,} sent, {missing} missing, read after ms: {read}")
        self._expect(count["sent"] == each * self._plan.nodes, f"{name}: not all were sent")
        self._expect(
            count.all_arrived and _answered(count),
            f"{name}: {missing} missing, {count['errors']} refused",
        )
        return {
            "sent": count["sent"],
            "a second": rate,
            "sent again": count["again"],
            "missing": missing,
            "read, ms": read,
            "answered, ms": answered,
        }

    def _broadcast(self) -> Figures:
        progress = Progress("broadcast", self._plan.people)
        number = self._crowd.begin_round(once=True)
        began = time.monotonic()
        _announce(self._nodes[0].node.url, self._people.admin, number)
        committed = time.monotonic() - began
        self._crowd.until(
            lambda count: count["heard"] >= self._plan.people,
            PATIENCE_SECONDS,
            lambda count: progress(count["heard"]),
        )
        count = self._crowd.count(times=True)
        read = shares(count.reading_ms)
        progress.end(f"{count['heard']:,} have it, ms: {read}")
        self._expect(count["heard"] == self._plan.people, "not everyone heard the broadcast")
        self._expect(not count["repeated"], f"{count['repeated']} heard the broadcast twice")
        return {
            "delivered": count["heard"],
            "committed, ms": round(committed * 1000, 1),
            "read, ms": read,
        }

    def _restart(self) -> Figures:
        """The last node goes; people of the first write to people of it all the time."""
        last = self._plan.nodes - 1
        node, away = self._nodes[last], Crowd(self._crowd.holders[last:])
        progress = Progress("a node anew", self._plan.each)
        self._crowd.begin_round(once=True)
        # As in life, nobody waits for anybody else to come back first.
        away.order(f"connect {self._plan.each}")
        count = min(MISSED, self._plan.each)
        self._crowd.holders[0].order(f"talk {count} {count / 10} {last} {self._plan.each}")
        began = time.monotonic()
        node.restart(kill=self._chosen.kill)
        started = time.monotonic() - began
        back = away.until(
            lambda count: count["lost"] >= self._plan.each and count["open"] == self._plan.each,
            RETURN_SECONDS,
            lambda count: progress(count["open"]),
        )
        found = self._crowd.until(
            lambda count: not count["to_send"] and count.all_arrived,
            PATIENCE_SECONDS,
            lambda _: None,
        )
        missing = found["sent"] - found["heard"]
        others = found["lost"] - back["lost"]
        progress.end(f"{back['open']:,} are back, {missing} of {found['sent']} messages missing")
        self._expect(back["lost"] >= self._plan.each, "the node's people did not notice")
        self._expect(back["open"] == self._plan.each, "not everyone is back")
        self._expect(found.all_arrived, f"{missing} messages to those who were away are missing")
        self._expect(not others, f"{others} people of other nodes were lost")
        return {
            "people": self._plan.each,
            "ended by": "SIGKILL" if self._chosen.kill else "SIGTERM",
            "ready again after s": round(started, 1),
            "all back after s": round(back.opened_at - began, 1),
            "written to meanwhile": found["sent"],
            "missing": missing,
        }

    def _memory(self) -> Memory:
        return read_memory(*self._processes())

    def _processor(self) -> dict[str, float]:
        nodes, holders, database_pid = self._processes()
        return {
            "nodes": sum(map(processor_seconds, nodes)),
            "load generators": sum(map(processor_seconds, holders)),
            "database": processor_seconds(database_pid),
        }

    def _processes(self) -> tuple[list[int], list[int], int]:
        nodes = [node.pid for node in self._nodes]
        return nodes, [holder.process.pid for holder in self._crowd.holders], self._database_pid

    def _expect(self, held: bool, otherwise: str) -> None:
        if not held:
            self._results.failures.append(otherwise)


def run(chosen: argparse.Namespace, wanted: Plan, results: Results) -> None:
    """Set everything up, play all phases, take everything down."""
    with ExitStack() as stack:
        stack.callback(_ignore_signals)  # Taking down is not broken off.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="im-million-")))
        progress = Progress("people", wanted.people)
        mariadb = stack.enter_context(database(wanted))
        url = mariadb.create_database()
        people = asyncio.run(make_people(url, wanted.people, progress))
        progress.end(f"{wanted.people:,} with a session each")
        progress = Progress("nodes", wanted.nodes)
        heartbeat = Heartbeat(chosen.ping_seconds, chosen.dead_seconds)
        nodes = stack.enter_context(cluster(wanted, url, heartbeat, chosen.at_once, progress))
        progress.end(f"{wanted.nodes} hear each other")
        ports = [node.node.port for node in nodes]
        crowd = stack.enter_context(gather(folder, ports, wanted, people))
        Stage(chosen, wanted, people, nodes, crowd, mariadb.process.pid, results).play()
        print("ending …", file=sys.stderr, flush=True)


def main() -> int:
    """Read the command line, look at the machine, measure, print."""
    chosen = _read_arguments()
    machine = read_machine()
    wanted = plan(chosen.connections, machine, chosen.nodes)
    print(f"{wanted.people:,} people on {wanted.nodes} nodes", file=sys.stderr)
    missing = list(shortages(wanted, machine))
    for shortage in missing:
        print(f"{'missing' if shortage.fatal else 'note'}: {shortage}", file=sys.stderr)
    if any(shortage.fatal for shortage in missing):
        return 2
    if chosen.check:
        return 0
    # SIGINT too: what a shell starts in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    results = Results()
    try:
        run(chosen, wanted, results)
    except KeyboardInterrupt:
        print("\nstopped: nothing is left; so far:", file=sys.stderr)
        return BROKEN_OFF
    finally:
        print(table(results.figures))
    whole = {
        "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "connections": wanted.people,
        "nodes": wanted.nodes,
        "seconds in all": round(time.monotonic() - began),
        **results.figures,
        "failures": results.failures,
    }
    keep(whole, chosen.results)
    print(f"\n{whole['seconds in all']:,} s in all, kept in {chosen.results}")
    for failure in results.failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if results.failures else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add: Callable[..., object] = parser.add_argument
    add("--connections", type=int, default=1_000_000, help="at least so many")
    add("--nodes", type=int, help="as few as there can be if not given")
    add("--at-once", type=int, default=2, help="nodes that start, and whose people come, at a time")
    add("--pairs", type=int, default=300, help="people who write to someone of another node")
    add("--rate", type=float, default=20, help="private messages a second, of all nodes together")
    add("--seconds", type=float, default=30, help="for which they are sent")
    add("--ping-seconds", type=float, default=60, help="silence after which nodes ping")
    add("--dead-seconds", type=float, default=120, help="silence after which nodes hang up")
    add("--kill", action="store_true", help="end the node that starts anew by SIGKILL")
    add("--check", action="store_true", help="only look at the machine")
    add("--results", type=Path, default=RESULTS, help="where figures are kept")
    chosen = parser.parse_args()
    if chosen.connections < 1 or (chosen.nodes is not None and chosen.nodes < 2):
        parser.error("there must be at least one connection and two nodes")
    return chosen


def _answered(count: Count) -> bool:
    return count["answered"] == count["sent"]


def _announce(url: str, token: str, number: int) -> None:
    """A message to all, in the form that the load generators read."""
    body = {"to": "all", "text": f"at {time.monotonic():.6f} by -1 in {number}: to everyone"}
    request = urllib.request.Request(
        f"{url}/api/messages",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        answer.read()


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
