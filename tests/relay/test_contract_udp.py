"""The bus over UDP keeps what every bus promises."""

from __future__ import annotations

import pytest

from tests.relay.buses import Words
from tests.relay.contract import Contract
from tests.relay.nodes import free_port


class TestUdp(Contract):
    """By multicast, and by unicast to listed peers, on loopback."""

    @pytest.fixture(params=["multicast", "peers"])
    def words(self, request: pytest.FixtureRequest) -> Words:
        return {"kind": request.param, "port": free_port()}
