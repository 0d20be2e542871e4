"""Draws what ``bench.growth`` and ``bench.million`` have kept, for the documents.

    python -m bench.plots                        docs/images/growth-*.svg

matplotlib is installed under ``build/``; this file runs itself with that Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "growth.json"
IMAGES = ROOT / "docs" / "images"
PYTHON = ROOT / "build" / "plots" / "bin" / "python"
PACKAGES = ("matplotlib==3.11.2",)
NAMES = {
    "im": "this messenger",
    "tornado": "Tornado",
    "jetstream": "NATS, stream in a file",
    "nats": "NATS",
    "socketio": "python-socketio",
    "xmpp": "ejabberd",
}
COLOURS = {
    "im": "#0b7a66",
    **{"tornado": "#b4572d", "websockets": "#5a5fa8", "picows": "#b58a1b"},
    **{"nats": "#b4572d", "jetstream": "#5a5fa8", "socketio": "#b58a1b", "xmpp": "#7a7f87"},
}


def draw() -> None:
    """All plots."""
    import matplotlib  # type: ignore[import-not-found]

    matplotlib.use("svg")
    # The same figures give the same file.
    matplotlib.rcParams |= {"svg.hashsalt": "growth", "font.size": 10, "font.family": "sans-serif"}
    kept = json.loads(RESULTS.read_text())
    of = {row: found["of"] for row, found in kept.items() if isinstance(found, dict)}
    if "memory" in of:
        _plot("memory", of["memory"], 1, "idle connections", "MiB of memory (RSS)")
    if "fan" in of:
        _plot("fan", of["fan"], 1, "members of a group", "deliveries/s", log="xy")
    if "latency" in of:
        _plot("latency", of["latency"], 3, "messages/s", "ms until heard, median", log="xy")
        _plot("latency-p99", of["latency"], 4, "messages/s", "ms until heard, p99", log="xy")
    if "nodes" in of:
        words = "thousandths of a core, a node that is idle"
        _plot("nodes", of["nodes"], 1, "nodes", words)
        # Of one or two nodes there are none that a message does not concern.
        others = {name: [row for row in rows if row[0] > 2] for name, rows in of["nodes"].items()}
        _plot("nodes-others", others, 3, "nodes", "µs for a message, each node not concerned")


def _plot(name: str, of: dict[str, Any], column: int, x: str, y: str, log: str = "") -> None:
    from matplotlib import pyplot  # type: ignore[import-not-found]

    figure, axes = pyplot.subplots(figsize=(6.4, 3.6))
    for server, rows in of.items():
        xs, ys = [row[0] for row in rows], [row[column] for row in rows]
        width = 2.5 if server == "im" else 1.5
        axes.plot(
            *(xs, ys),
            marker="o",
            markersize=4,
            linewidth=width,
            color=COLOURS[server],
            label=NAMES.get(server, server),
        )
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    for axis in log:
        getattr(axes, f"set_{axis}scale")("log")
    if not log:
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if len(of) > 1:
        axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(IMAGES / f"growth-{name}.svg", metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    """Draw with a Python that has matplotlib."""
    if Path(sys.prefix) == PYTHON.parent.parent:
        draw()
        return
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", PYTHON.parent.parent], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    subprocess.run([PYTHON, "-m", "bench.plots"], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
