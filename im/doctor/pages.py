"""What the HTTP ports of nodes answer: whether they can be reached, and what time it is there."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from im.store.nodes import NodeRow

ANSWER_SECONDS = 2.0
MAX_ASKED = 64
ANSWER_BYTES = 64 * 1024
WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104


@dataclass(frozen=True, slots=True)
class NodePages:
    """One node's HTTP port.

    Attributes:
        url: what was asked.
        reached: it answered as one of ours.
        clock: that node's clock minus the reference clock, ms; None if it didn't answer.
    """

    url: str
    reached: bool
    clock: int | None = None


def host_of(row: NodeRow) -> str:
    """The address of a node's machine; empty if its row doesn't tell."""
    # The zone of a link-local address is a name on that machine, not here.
    host = row.relay_address.rpartition(":")[0].strip("[]").partition("%")[0]
    if host:
        return host
    return "" if row.address in WILDCARDS else row.address


async def ask_all(
    rows: Iterable[NodeRow], clock: Callable[[], int], offset: int
) -> dict[str, NodePages]:
    """Ask each node for its time; the reference clock is ``clock()`` minus ``offset`` ms."""
    asked = [row for row in rows if host_of(row)][:MAX_ASKED]
    answers = await asyncio.gather(*(_ask(row, clock, offset) for row in asked))
    return {row.name: answer for row, answer in zip(asked, answers, strict=True)}


async def _ask(row: NodeRow, clock: Callable[[], int], offset: int) -> NodePages:
    host = host_of(row) if row.address in WILDCARDS else row.address
    url = _url(host, row.port)
    before = clock()
    theirs = await asyncio.to_thread(_time, url)
    after = clock()
    if theirs is None:
        return NodePages(url, reached=False)
    return NodePages(url, True, theirs - ((before + after) // 2 - offset))


async def is_ours(address: str, port: int) -> bool:
    """Whether a node of ours answers on a port of this machine."""
    host = "127.0.0.1" if address in WILDCARDS else address
    return await asyncio.to_thread(_time, _url(host, port)) is not None


def port_fault(address: str, port: int) -> str:
    """Why a node could not listen there; empty if it could."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _time(url: str) -> int | None:
    """UTC ms by the node at ``url``; None if none of ours answers there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/api/time", timeout=ANSWER_SECONDS) as response:
            answer = json.loads(response.read(ANSWER_BYTES))
        return int(answer["data"]["time"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
