"""Nothing that strangers can send makes a node fail; ``make fuzz`` has millions of cases."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.fuzz import datagrams, frames

CASES = 5000


def changed(rng: random.Random, case: bytes, other: bytes) -> bytes:
    """One of two cases with some of its bytes changed, doubled, gone or the other's."""
    data = bytearray(case)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 2, 8, 100)))
        match rng.randrange(4):
            case 0:
                data[at:end] = rng.randbytes(end - at)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case _:
                begin = rng.randrange(len(other))
                data[at:end] = other[begin : begin + end - at]
    return bytes(data)


@pytest.mark.parametrize(
    ("seeds", "check"),
    [(frames.seeds, frames.check), (datagrams.seeds, datagrams.check)],
    ids=["frames", "datagrams"],
)
def test_no_bytes_are_too_odd(
    seeds: Callable[[], list[bytes]], check: Callable[[bytes], None]
) -> None:
    rng, begun_with = random.Random(1), seeds()
    for seed in begun_with:
        check(seed)
    for _ in range(CASES):
        case = changed(rng, rng.choice(begun_with), rng.choice(begun_with))
        try:
            check(case)
        except Exception as error:
            pytest.fail(f"{case.hex()}: {error!r}")
