"""How many messages the relay carries, how late, at which loss, beside NORM, Redis and NATS.

    python -m bench.relay                  everything, five rounds: 40 minutes
    python -m bench.relay --rounds 1 --losses 0,20 --carriers relay,norm
    python -m bench.relay --rounds 1 --append  one more round to those that are kept

Needs root on Linux: two hosts are network namespaces on one bridge, and loss is drawn on the input
of both, for UDP and TCP alike. Rounds are interleaved: each goes through all carriers, and the
medians of all rounds are printed and kept in ``bench/results/relay.json``. The machine's load is
printed, since whatever else runs takes its share; CPU figures hardly depend on it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import relay_life
from bench.relay_goals import goals
from bench.relay_hosts import drop, hosts_and_servers, run_pair
from bench.relay_norm import load_norm

RESULTS = Path(__file__).with_name("results") / "relay.json"
LOSSES = (0, 1, 5, 20, 50)
PACED = 6000
"""Messages a second at which latency is measured."""
SECONDS = 3.0
FIGURES = ("rate", "lost", "gaps", "cpu_us", "p50", "p99", "p999", "wire_bytes")

Figures = dict[str, Any]


def carriers_at_hand() -> list[str]:
    """Those whose servers and libraries are installed here."""
    found = ["relay"]
    if load_norm() is not None:
        found.append("norm")
    found += ["redis"] if shutil.which("redis-server") else []
    found += ["nats"] if shutil.which("nats-server") else []
    return found


def once(carrier: str, loss: int, rate: float, seconds: float) -> Figures:
    """One measurement on hosts of its own."""
    with hosts_and_servers(carrier) as (hosts, words):

        def begin_to_lose() -> None:
            for host in hosts:
                drop(host, loss)

        words |= {"carrier": carrier, "rate": rate, "seconds": seconds, "loss": loss}
        sent, received, wire = run_pair(hosts, words, begin_to_lose)
    count = max(received["received"], 1)
    return {
        "rate": received["received"] / max(received["seconds"], sent["seconds"]),
        "lost": sent["sent"] - received["received"],
        "gaps": received.get("gaps", 0),
        "cpu_us": (sent["cpu"] + received["cpu"]) / count * 1e6,
        "p50": received["p50"],
        "p99": received["p99"],
        "p999": received["p999"],
        "wire_bytes": wire / count,
    }


def median_of(rounds: Sequence[Figures]) -> Figures:
    """The median of each figure; of losses and gaps the worst."""
    return {
        name: (max if name in ("lost", "gaps") else statistics.median)(r[name] for r in rounds)
        for name in FIGURES
    }


def show(title: str, rows: list[tuple[str, int, Figures]]) -> None:
    """A table."""
    print(f"\n{title}")
    print(
        f"{'carrier':8}{'loss %':>7}{'messages/s':>12}{'lost':>9}{'gaps':>6}{'CPU us':>8}"
        f"{'p50 ms':>9}{'p99 ms':>9}{'p999 ms':>9}{'wire B':>8}"
    )
    for carrier, loss, f in rows:
        print(
            f"{carrier:8}{loss:7}{f['rate']:12,.0f}{f['lost']:9,}{f['gaps']:6}{f['cpu_us']:8.1f}"
            f"{f['p50']:9.2f}{f['p99']:9.2f}{f['p999']:9.2f}{f['wire_bytes']:8.0f}"
        )


def rounded(value: Any) -> Any:
    """The same with floats of three decimals."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value


def load_line() -> str:
    """What else keeps the machine busy."""
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, load {one:.1f} (5 min: {five:.1f})"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.relay", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--losses", default=",".join(map(str, LOSSES)))
    parser.add_argument("--carriers", default="")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--no-life", action="store_true", help="only the tables")
    parser.add_argument("--append", action="store_true", help="add to the rounds that are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where to keep them")
    chosen = parser.parse_args()
    if os.geteuid() != 0 or sys.platform != "linux":
        sys.exit("network namespaces need root on Linux")
    carriers = chosen.carriers.split(",") if chosen.carriers else carriers_at_hand()
    losses = [int(loss) for loss in chosen.losses.split(",")]
    print(f"Python {platform.python_version()}, {load_line()}", flush=True)
    kept = json.loads(chosen.results.read_text("utf-8")) if chosen.append else {}
    found: dict[tuple[str, str, int], list[Figures]] = defaultdict(list)
    for row in kept.get("tables", ()):
        found[row["kind"], row["carrier"], row["loss"]] += row["rounds"]
    lives = list(kept.get("lives", ()))
    loads = [*kept.get("loads", ()), os.getloadavg()[0]]
    for number in range(chosen.rounds):
        for kind, rate in (("most", 0), ("paced", PACED)):
            for loss in losses:
                for carrier in carriers:
                    try:
                        figures = once(carrier, loss, rate, chosen.seconds)
                    except (TimeoutError, subprocess.SubprocessError, OSError) as error:
                        print(f"{carrier} at {loss} %: {error}", file=sys.stderr)
                        continue
                    found[kind, carrier, loss].append(figures)
                    loads.append(os.getloadavg()[0])
        if not chosen.no_life:
            lives.append(relay_life.measure())
        print(f"round {number + 1} of {chosen.rounds} is over; {load_line()}", flush=True)
    medians = {key: median_of(rounds) for key, rounds in found.items()}
    for kind, title in (
        ("most", "As many as each takes, 150 bytes each, from one host to another"),
        ("paced", f"{PACED:,} a second"),
    ):
        rows = [(c, at, medians[kind, c, at]) for at in losses for c in carriers
                if (kind, c, at) in medians]  # fmt: skip
        show(title, rows)
    results: dict[str, Any] = {
        "measured": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "loads": [round(load, 1) for load in loads],
        "tables": [
            {"kind": kind, "carrier": carrier, "loss": loss, **figures,
             "rounds": found[kind, carrier, loss]}
            for (kind, carrier, loss), figures in medians.items()
        ],
        "lives": lives,
    }  # fmt: skip
    print("\nWhat it must reach")
    for what, wanted, measured in goals(results):
        print(f"{what:64}{wanted:>16}{measured:>20}")
    chosen.results.parent.mkdir(exist_ok=True)
    chosen.results.write_text(json.dumps(rounded(results), indent=1) + "\n", "utf-8")
    print(f"\nkept in {chosen.results}; {load_line()}")


if __name__ == "__main__":
    main()
