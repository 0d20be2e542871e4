"""How many sockets there is room for."""

from __future__ import annotations

import pytest

from im.wire.descriptors import KEPT_FREE, room


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
