"""The bus of a node that is alone keeps what every bus promises."""

from __future__ import annotations

import pytest

from tests.relay.buses import Words
from tests.relay.contract import LonelyContract


class TestNone(LonelyContract):
    """Nobody to tell."""

    @pytest.fixture
    def words(self) -> Words:
        return {"kind": "none"}
