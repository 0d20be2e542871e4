"""What permessage-deflate (RFC 7692) would take and give, were it offered.

    python -m bench.deflate

For each size of the window: memory of a connection's compressor and decompressor, KiB once one
message and once 250 have gone through them; and for messages and for pages of history, of the
protocol's own frames, bytes before and after and the processor time to pack and unpack one. Texts
are those of ``bench.search``.

*Takeover*: compressor and decompressor remember the messages before, so each connection keeps its
own. *No takeover*: nothing is remembered and nothing kept.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.memory import resident_kib
from bench.search import FIRST_TIME, SEED, vocabulary
from im.protocol.encoding import encode
from im.protocol.server import Entry, Message, Ok

if TYPE_CHECKING:
    from zlib import _Compress as Compressor
    from zlib import _Decompress as Decompressor

WINDOWS = (15, 12, 9)
"""Bits; what is remembered is 32 KiB, 4 KiB or 512 bytes."""
MEMORY_LEVEL = {15: 8, 12: 5, 9: 1}
"""As much as the window needs: a hash table of half its size, at least the smallest."""
LEVEL = 6
TAIL = b"\x00\x00\xff\xff"
"""Ends each message, and is left out (RFC 7692, section 7.2.1)."""
WARM, CONNECTIONS = 30, 300
MANY = 250
"""Messages that together are more than the largest window."""
PAGE = 50
KINDS = {"message": 2000, f"page of {PAGE}": 100}
"""What is sent, and how many of it are measured."""


def pack(compressor: Compressor, message: bytes) -> bytes:
    """A message as it goes over the wire."""
    packed = compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return packed.removesuffix(TAIL)


def unpack(decompressor: Decompressor, packed: bytes) -> bytes:
    """The message again."""
    return decompressor.decompress(packed + TAIL)


def connection(window: int) -> tuple[Compressor, Decompressor]:
    """What a connection needs, with windows of so many bits."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -window, MEMORY_LEVEL[window])
    return compressor, zlib.decompressobj(-window)


@dataclass(frozen=True, slots=True)
class Cost:
    """Means of one message: bytes before and after, processor time to pack and unpack it."""

    plain: float
    packed: float
    microseconds: float


def frames(kind: str, count: int) -> list[bytes]:
    """So many frames as a node sends them."""
    draw = random.Random(SEED)
    words = vocabulary(draw)
    lengths = (1, 2, 3, 4, 5, 6, 8, 12, 20, 40)

    def message(number: int) -> Message:
        text = "".join(draw.choices(words.words, words.weights, k=draw.choice(lengths)))
        at = FIRST_TIME + number * 7919
        who = draw.choice((57, 1203))
        return Message(
            conv="p:57:1203", seq=number, ordinal=number, sender=who, time=at, text=text.strip()
        )

    if kind == "message":
        return [encode(message(number)) for number in range(1, count + 1)]
    pages = []
    for first in range(1, count * PAGE, PAGE):
        last = first + PAGE - 1
        entries: list[Entry] = [message(number) for number in range(first, last + 1)]
        answer = Ok(conv="p:57:1203", entries=entries, first=first, last=last, more=True)
        pages.append(encode(answer))
    return pages


def cost(messages: list[bytes], window: int, *, takeover: bool) -> Cost:
    """Send messages over one connection, and see that they come as they went."""
    compressor, decompressor = connection(window)
    size = 0
    begun = time.process_time()
    for message in messages:
        if not takeover:
            compressor, decompressor = connection(window)
        packed = pack(compressor, message)
        size += len(packed)
        assert unpack(decompressor, packed) == message
    spent = time.process_time() - begun
    count = len(messages)
    return Cost(sum(map(len, messages)) / count, size / count, spent / count * 1e6)


def memory(window: int, count: int) -> float:
    """KiB of a connection that remembers, once so many messages went through it each way."""
    messages = frames("message", count)

    def opened() -> tuple[Compressor, Decompressor]:
        compressor, decompressor = connection(window)
        for message in messages:
            assert unpack(decompressor, pack(compressor, message)) == message
        return compressor, decompressor

    kept = [opened() for _ in range(WARM)]
    before = resident_kib()
    kept += [opened() for _ in range(CONNECTIONS)]
    return (resident_kib() - before) / CONNECTIONS


def alone(window: int, count: int) -> float:
    """``memory`` in a process of its own, in which nothing else was."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(memory, window, count).result()


def table() -> Iterator[str]:
    """All figures as Markdown."""
    yield "| window | KiB | | bytes | takeover | µs | no takeover | µs |"
    yield "|---|---|---|---|---|---|---|---|"
    for window in WINDOWS:
        kept = ", ".join(f"{alone(window, count):.0f}" for count in (1, MANY))
        for kind, count in KINDS.items():
            messages = frames(kind, count)
            one, other = (cost(messages, window, takeover=takeover) for takeover in (True, False))
            yield (
                f"| {window} bits | {kept} | {kind} | {one.plain:,.0f} "
                f"| {one.packed:,.0f} | {one.microseconds:,.0f} "
                f"| {other.packed:,.0f} | {other.microseconds:,.0f} |"
            )


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0]).parse_args()
    print(f"Python {sys.version.split()[0]}, zlib {zlib.ZLIB_RUNTIME_VERSION}, level {LEVEL}\n")
    for line in table():
        print(line, flush=True)


if __name__ == "__main__":
    main()
