"""What Galera costs: the log writer on one MariaDB, and on the writer of three, in turns.

    python -m bench.galera

The three are those of ``deploy/galera`` behind haproxy, on this machine, so their copies take part
in its cores. Each commit is on disk on the writer, and with the others, when it returns.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics

from bench.log_writer import CONVERSATIONS, measure, set_up
from tests.deploy.galera import galera
from tests.services.mariadb import MariaDB
from tests.services.ports import PortReservations

SIZES = (1, 100, 500)
"""Entries of a batch."""


def main() -> None:
    """Print a line per kind of database and size: medians of all rounds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=float, default=2.0)
    chosen = arguments.parse_args()
    ports = PortReservations()
    single = MariaDB(ports)
    try:
        single.start()
        with galera(ports) as three:
            urls = {"one MariaDB": single.create_database(), "three in a Galera": three.url}
            for url in urls.values():
                asyncio.run(set_up(url))
            found: dict[tuple[str, int], list[dict[str, float]]] = {}
            for _ in range(chosen.rounds):
                for size in SIZES:
                    for name, url in urls.items():
                        figures = asyncio.run(measure(url, size, chosen.seconds, CONVERSATIONS))
                        found.setdefault((name, size), []).append(figures)
    finally:
        single.close()
        ports.close()
    print("                  batch   rows/s   p50 ms   p99 ms   CPU us/row")
    for (name, size), rounds in found.items():
        middle = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        print(
            f"{name:18}{size:5} {middle['rows']:8.0f} {middle['p50']:8.1f}"
            f" {middle['p99']:8.1f} {middle['cpu']:8.0f}"
        )


if __name__ == "__main__":
    main()
