"""What a message, a connection and a delivery cost, by function.

    python -m bench.profile                             all three
    python -m bench.profile --what connection
    python -m bench.profile --what message,delivery --seconds 20 --keep build/profile

- ``message``: a durable message between two nodes, by step (``bench.profile_message``);
- ``connection``: someone who comes, is greeted and goes, and what is kept for one who stays
  (``bench.profile_connection``);
- ``delivery``: a message in a large group, for each member (``bench.profile_delivery``).

Each time it is processor time that the kernel has counted while nothing else looked, and samples
taken afterwards (py-spy, 100 a second) that say which function had which part of it: what the
samples cost is not in it. Memory is what ``tracemalloc`` has counted in the node.

With ``--keep`` the samples stay in a folder, for other tools. Needs Linux and a C compiler, the
message also MariaDB; may have to be root to look into processes. py-spy is installed under
``build/``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import profile_connection, profile_delivery, profile_message

Measure = Callable[[argparse.Namespace, Path | None], Iterator[str]]

WHAT: dict[str, Measure] = {
    "message": lambda chosen, keep: profile_message.measure(chosen.seconds, keep),
    "connection": lambda chosen, keep: profile_connection.measure(
        chosen.seconds, keep, chosen.people
    ),
    "delivery": lambda chosen, keep: profile_delivery.measure(chosen.seconds, keep, chosen.people),
}


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--what", default=",".join(WHAT))
    parser.add_argument("--seconds", type=float, default=10, help="of each part")
    parser.add_argument("--people", type=int, default=1000, help="connections, members")
    parser.add_argument("--keep", type=Path, help="a folder for the samples")
    chosen = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    for what in chosen.what.split(","):
        keep = None if chosen.keep is None else chosen.keep / what
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
        print(f"\n{what}, load {os.getloadavg()[0]:.1f}\n", flush=True)
        for line in WHAT[what](chosen, keep):
            print(line, flush=True)


if __name__ == "__main__":
    main()
