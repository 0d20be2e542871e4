"""The parts of ``docs/relay.md`` that are made from code and measurements, and its curves.

Each stands between ``<!-- made: NAME -->`` and ``<!-- end -->``; ``scripts/docs.py`` writes them,
and a test fails when they are old.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.relay_goals import goals
from relay import bus, flow, frames, holes, keyring, membership, outgoing, peer, receiver, sender
from relay.frames import FrameType, encode_data
from relay.keyring import Keyring
from relay.packet import HEADER, TAG_SIZE, Header, Space, seal, unseal
from relay.states import HOLE_MOVES, PEER_MOVES, HoleState, PeerState

HOME = Path(__file__).resolve().parent.parent
PAGE = HOME / "docs" / "relay.md"
CURVES = HOME / "docs" / "images" / "relay-loss.svg"
RESULTS = HOME / "bench" / "results" / "relay.json"
MARK = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.S)

COLOURS = {"relay": "#0a7d4b", "norm": "#b3541e", "redis": "#b01f3c", "nats": "#3355bb"}
NAMES = {
    "relay": "the relay (encrypted)",
    "norm": "NORM (libnorm 1.5)",
    "redis": "Redis pub/sub (TCP)",
    "nats": "NATS (TCP)",
}
EXAMPLE_KEY = bytes(range(32))
EXAMPLE_SENDER = b"sender 1"


def example_datagram() -> bytes:
    """Two payloads of one sender, its first datagram."""
    ring = Keyring(b"cluster1", {1: EXAMPLE_KEY}, 1)
    header = Header(Space.RELIABLE, ring.cluster, EXAMPLE_SENDER, 1, 1)
    return seal(_key(ring), header, _example_frames())


def example() -> str:
    """The datagram byte by byte."""
    datagram = example_datagram()
    ring = Keyring(b"cluster1", {1: EXAMPLE_KEY}, 1)
    magic, version, flags, cluster, sender_id, last = HEADER.unpack_from(datagram)
    header = Header(Space(flags), cluster, sender_id, last >> 56, last & (1 << 56) - 1)
    plain = unseal(_key(ring), header, datagram) or b""
    rows = [
        (0, datagram[0:2], f"`{magic.decode()}`"),
        (2, datagram[2:3], f"version {version}"),
        (3, datagram[3:4], f"flags: number space {flags} ({header.space.name.lower()})"),
        (4, datagram[4:8], "first four bytes of the cluster id `cluster1`"),
        (8, datagram[8:16], f"sender `{sender_id.decode()}` (random in real life)"),
        (16, datagram[16:17], f"key number {header.key}"),
        (17, datagram[17:24], f"number {header.number}"),
        (24, datagram[24:-TAG_SIZE], f"{len(plain)} bytes of frames, encrypted"),
        (len(datagram) - TAG_SIZE, datagram[-TAG_SIZE:], "tag"),
    ]
    lines = ["| at | bytes | meaning |", "|---|---|---|"]
    lines += [f"| {at} | `{shown.hex(' ')}` | {meaning} |" for at, shown, meaning in rows]
    lines += ["", "The frames, opened:", "", "| at | bytes | meaning |", "|---|---|---|"]
    position = 0
    for decoded in frames.decode_frames(Space.RELIABLE, plain):
        kind, length = plain[position], int.from_bytes(plain[position + 1 : position + 3], "big")
        body = position + 3
        topic_end = body + 2 + plain[body + 1]
        if not isinstance(decoded, frames.Data):
            raise TypeError(decoded)
        order = "ordered" if decoded.ordered else "not ordered"
        name = FrameType(kind).name
        parts = [
            (position, plain[position : position + 1], f"frame type {kind}: `{name}`"),
            (position + 1, plain[position + 1 : body], f"{length} bytes of body"),
            (body, plain[body : body + 1], f"flags: {order}"),
            (body + 1, plain[body + 1 : body + 2], f"{plain[body + 1]} bytes of topic"),
            (body + 2, plain[body + 2 : topic_end], f"topic `{decoded.topic}`"),
            (topic_end, plain[topic_end : body + length], f"payload `{decoded.payload.decode()}`"),
        ]
        lines += [f"| {at} | `{shown.hex(' ')}` | {meaning} |" for at, shown, meaning in parts]
        position = body + length
    return "\n".join(lines) + "\n"


def states(moves: Mapping[tuple[Any, Any], StrEnum], first: StrEnum, begins: str) -> str:
    """A state machine, drawn from the table by which the code moves."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}: {begins}"]
    for (state, cause), following in moves.items():
        lines.append(f"    {state} --> {'[*]' if following == 'gone' else following}: {cause}")
    return "\n".join([*lines, "```"]) + "\n"


def limits() -> str:
    """Every limit and time, from the code."""
    rows = [
        ("nodes of a cluster", membership.MAX_NODES, "the next is refused"),
        ("candidates", membership.MAX_CANDIDATES, "the one heard longest ago goes"),
        ("a payload", _mib(bus.MAX_PAYLOAD), "`PayloadTooLarge`"),
        ("a topic", f"{bus.MAX_TOPIC} bytes", "`ValueError`"),
        ("sent, not confirmed", _mib(sender.KEPT_BYTES), "the oldest goes: a gap"),
        ("ephemeral, not sent", _mib(sender.EPHEMERAL_BYTES), "the oldest goes"),
        ("repairs that wait", sender.REPAIRS, "asked for again"),
        ("received, waiting for its turn", _mib(receiver.HELD_BYTES), "the newest goes, asked for"
         " again"),
        ("ranges of one sender with holes between", receiver.MAX_RANGES, "the oldest hole: a gap"),
        ("holes that are timed", holes.MAX_HOLES, "those filled meanwhile are thrown out"),
        ("addresses greeted without a group", outgoing.MAX_SEEDS, "the rest is left out"),
        ("keys in a ring", keyring.MAX_KEYS, "`ValueError`"),
        ("a hole", f"{holes.GIVE_UP:g} s", "a gap"),
        ("a member that doesn't confirm", f"{flow.LAG:g} s", "not waited for: a gap there"),
        ("silence of a member", f"{peer.DOWN_TIME:g} s", "`gap`, `down`"),
        ("in flight", "¼ of the smallest receive buffer", "the rest waits in the queue"),
    ]  # fmt: skip
    lines = ["| what | limit | beyond it |", "|---|---|---|"]
    lines += [f"| {what} | {limit} | {beyond} |" for what, limit, beyond in rows]
    return "\n".join(lines) + "\n"


def figures(results: Mapping[str, Any]) -> str:
    """Tables of the measurement."""
    loads, rounds = results["loads"], max(len(row["rounds"]) for row in results["tables"])
    lines = [
        f"Measured {results['measured']} on {results['cores']} cores with Python"
        f" {results['python']}, medians of {rounds} interleaved rounds, at a load of"
        f" {statistics.median(loads):.1f} in the median and up to {max(loads):.1f}. What counts is"
        " how the rows compare; CPU time, of sender and receiver together with the measuring"
        " program, depends on the load the least. *Lost* is what had not come when nothing had"
        " come for six seconds; of several rounds the worst.",
    ]
    for kind, title in (
        ("most", "As many messages of 150 bytes as each takes"),
        ("paced", "6,000 messages a second"),
    ):
        lines += ["", f"**{title}:**", ""]
        lines += [
            "| carrier | loss | messages/s | lost | gaps | p50 ms | p99 ms | p999 ms "
            "| bytes on the wire | CPU µs |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for row in sorted(results["tables"], key=lambda r: (r["loss"], list(NAMES).index(
                r["carrier"]))):  # fmt: skip
            if row["kind"] == kind:
                lines.append(
                    f"| {row['carrier']} | {row['loss']} % | {row['rate']:,.0f} | {row['lost']:,}"
                    f" | {row['gaps']} | {row['p50']:.2f} | {row['p99']:.2f} | {row['p999']:.2f}"
                    f" | {row['wire_bytes']:.0f} | {row['cpu_us']:.1f} |"
                )
    lines += ["", "**What it must reach:**", "", "| what | must be | measured |", "|---|---|---|"]
    lines += [f"| {what} | {wanted} | {measured} |" for what, wanted, measured in goals(results)]
    return "\n".join(lines) + "\n"


def curves(results: Mapping[str, Any]) -> str:
    """Messages a second by loss, a line for each carrier, as SVG with a logarithmic axis."""
    rows = [row for row in results["tables"] if row["kind"] == "most"]
    losses = sorted({row["loss"] for row in rows})
    left, top, width, height = 80, 30, 460, 260
    low, high = 2.0, 5.5  # powers of ten

    def x(loss: int) -> float:
        return left + width * losses.index(loss) / max(len(losses) - 1, 1)

    def y(rate: float) -> float:
        power = min(max(math.log10(max(rate, 1)), low), high)
        return top + height * (high - power) / (high - low)

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 350" font-family="sans-serif"'
        ' font-size="13" role="img" aria-label="Messages a second by loss">',
        '<rect width="760" height="350" fill="#ffffff"/>',
    ]
    for power in range(2, 6):
        at = y(10**power)
        parts.append(f'<path d="M{left} {at:.0f}H{left + width}" stroke="#dddddd"/>')
        parts.append(
            f'<text x="{left - 8}" y="{at + 4:.0f}" text-anchor="end">{10**power:,}</text>'
        )
    for loss in losses:
        at = x(loss)
        parts.append(f'<text x="{at:.0f}" y="{top + height + 20}" text-anchor="middle">'
                     f"{loss} %</text>")  # fmt: skip
    parts.append(f'<text x="{left + width / 2:.0f}" y="{top + height + 44}" text-anchor="middle">'
                 "datagrams lost on input of both hosts</text>")  # fmt: skip
    parts.append('<text x="12" y="18">messages a second (150 bytes)</text>')
    for number, (carrier, colour) in enumerate(COLOURS.items()):
        points = [(x(r["loss"]), y(r["rate"])) for r in rows if r["carrier"] == carrier]
        if not points:
            continue
        path = " ".join(f"{a:.0f},{b:.0f}" for a, b in sorted(points))
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
        )
        parts += [f'<circle cx="{a:.0f}" cy="{b:.0f}" r="4" fill="{colour}"/>' for a, b in points]
        at = top + 14 + 24 * number
        parts.append(f'<circle cx="{left + width + 24}" cy="{at - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{left + width + 36}" y="{at}">{NAMES[carrier]}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def render(page: str, results: Mapping[str, Any]) -> str:
    """The page with its made parts made anew."""
    made = {
        "example": example(),
        "peer_states": states(PEER_MOVES, PeerState.CANDIDATE, "a hello opens"),
        "hole_states": states(
            HOLE_MOVES, HoleState.WAITING, "a number is missing, or a hello names a higher one"
        ),
        "limits": limits(),
        "figures": figures(results),
    }
    return MARK.sub(lambda found: f"{found[1]}\n{made[found[2]]}\n{found[3]}", page)


def read_results() -> dict[str, Any]:
    """The measurement that is kept."""
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    return found


def write() -> None:
    """Write the page and its curves."""
    results = read_results()
    PAGE.write_text(render(PAGE.read_text("utf-8"), results), "utf-8")
    CURVES.write_text(curves(results), "utf-8")


def _key(ring: Keyring) -> AESGCM:
    key = ring.key(EXAMPLE_SENDER, 1)
    if key is None:
        raise LookupError("the example's key is held")
    return key


def _example_frames() -> bytes:
    return encode_data(b"greetings", b"hello", True) + encode_data(b"news", b"rain", False)


def _mib(size: int) -> str:
    return f"{size // (1024 * 1024)} MiB"
