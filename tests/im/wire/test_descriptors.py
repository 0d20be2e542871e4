"""How many sockets there is room for."""

from __future__ import annotations

import os
import resource
import socket

import pytest

from im.wire.descriptors import KEPT_FREE, are_short, room


@pytest.mark.parametrize(
    ("most", "descriptors", "expected"),
    [
        (19_000, 1_048_576, 19_000),
        (19_000, 19_000 + KEPT_FREE, 19_000),
        (19_000, 1024, 1024 - KEPT_FREE),
        (100, 1024, 100),
        (19_000, 300, 150),
    ],
)
def test_sockets_leave_descriptors_for_all_else(most: int, descriptors: int, expected: int) -> None:
    assert room(most, descriptors) == expected


def test_some_descriptors_are_kept_from_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as some:
        lowest = os.dup(some.fileno())
        os.close(lowest)
        for allowed, short in ((lowest + 1, True), (lowest * 8 // 7 + 10, False), (-1, False)):
            monkeypatch.setattr(resource, "getrlimit", lambda _, found=allowed: (found, found))
            assert are_short(some.fileno()) == short
