"""What a delivery costs a node, by function: ``bench.profile``.

One node with the embedded database and a group, whose members are all connected to it. One of them
keeps messages on their way: 32 at a time, as where a group is busy, and one at a time, where each
delivery takes a call of the kernel of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.profile_functions import by_function, show
from bench.servers import OURS, build, free_port, prepare, serving
from tests.cluster.figures import read_figures

IN_FLIGHT = (32, 1)
SPARE_SECONDS = 30
TEXT = "x" * 60


def measure(seconds: float, keep: Path | None, members: int) -> Iterator[str]:
    """Measure; the tables as Markdown. Two parts of so many seconds for each load."""
    build(peers=False)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="im-profile-")))
        asyncio.run(prepare(folder, members, members))
        port = free_port()
        server = stack.enter_context(
            serving(OURS, Path(sys.executable), folder, settings={"IM_METRICS_PORT": str(port)})
        )

        def delivered() -> int:
            return read_figures(f"http://127.0.0.1:{port}")["im_deliveries_total"]

        for in_flight in IN_FLIGHT:
            send = json.dumps({"op": "send", "to": "g:1", "text": TEXT})
            words = (send, str(in_flight))
            load = server.load(members, "fan", 2 * seconds + SPARE_SECONDS, *words)
            load.line()
            name = f"functions-{in_flight}"
            times, count = by_function(server, delivered, seconds, keep or folder, name)
            load.end()
            yield f"{members} members, {in_flight} on their way: {count:,} deliveries\n"
            yield from show(times, "a delivery")
            yield ""
