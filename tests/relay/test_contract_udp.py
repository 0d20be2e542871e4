"""The bus over UDP keeps what every bus promises."""

from __future__ import annotations

import pytest

from tests.relay.buses import Words
from tests.relay.contract import Contract, KillContract
from tests.relay.nodes import free_port


class TestUdp(Contract):
    """By multicast, and by unicast to listed peers, on loopback; the latter by IPv6."""

    @pytest.fixture(params=["multicast", "peers"])
    def words(self, request: pytest.FixtureRequest) -> Words:
        words = {"kind": request.param, "port": free_port()}
        return words if request.param == "multicast" else {**words, "peers": ["::1"]}


class TestKilledOverUdp(KillContract):
    """By multicast."""

    @pytest.fixture
    def words(self) -> Words:
        return {"kind": "multicast", "port": free_port()}
