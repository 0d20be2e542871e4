"""Silent connections are pinged, dead ones dropped, and the others left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from im.wire.connection import CloseCode
from im.wire.heartbeat import Heartbeat


class Silent:
    """A connection that answers pings for as long as it lives."""

    address = "127.0.0.1"

    def __init__(self, now: float, dies_at: float) -> None:
        self.heard = now
        self.closed = False
        self.dropped_at: float | None = None
        self.pings: list[float] = []
        self.now = now
        self._dies_at = dies_at

    def send(self, encoded: bytes) -> None:
        raise AssertionError("a heartbeat is no message")

    def ping(self) -> None:
        self.pings.append(self.now)
        if self.now < self._dies_at:
            self.heard = self.now

    def close(self, code: CloseCode, reason: str = "") -> None:
        raise AssertionError("who is dead hears no goodbye")

    def abort(self) -> None:
        self.closed = True
        self.dropped_at = self.now


@given(st.floats(0, 50), st.floats(0, 200))
def test_who_dies_is_dropped_in_time_and_who_lives_is_not(begin: float, dies_at: float) -> None:
    connection = Silent(begin, begin + dies_at)
    open_now = [connection]
    heartbeat = Heartbeat(open_now, ping_seconds=30, dead_seconds=60)
    heartbeat.turn(begin)
    now = begin
    while now < begin + 300:
        now += 1.0
        connection.now = now
        heartbeat.turn(now)
        if connection.closed:
            open_now.clear()
    assert connection.dropped_at is not None
    silence = connection.dropped_at - connection.heard
    assert 60 <= silence <= 61 + 1e-9
    assert heartbeat.dropped == 1


def test_who_answers_is_pinged_once_in_a_while_and_never_dropped() -> None:
    connection = Silent(0.0, 1e9)
    heartbeat = Heartbeat([connection], ping_seconds=30, dead_seconds=60)
    for second in range(1, 601):
        connection.now = float(second)
        heartbeat.turn(float(second))
    assert not connection.closed
    assert len(connection.pings) == 600 / 30


@given(st.lists(st.floats(0.1, 7), min_size=100, max_size=200))
def test_who_does_not_answer_is_pinged_once(pauses: list[float]) -> None:
    connection = Silent(0.0, 0.0)
    open_now = [connection]
    heartbeat = Heartbeat(open_now, ping_seconds=30, dead_seconds=60)
    for pause in pauses:
        connection.now += pause
        heartbeat.turn(connection.now)
        if connection.closed:
            open_now.clear()
    assert len(connection.pings) == (connection.now >= 30)


def test_a_node_that_stood_still_drops_nobody_whose_answer_it_has_not_read() -> None:
    answered, dead, quiet = people = [Silent(0.0, 0.0), Silent(0.0, 0.0), Silent(20.0, 0.0)]
    heartbeat = Heartbeat(people, ping_seconds=30, dead_seconds=60)
    for second in (*range(1, 32), 120):
        for connection in people:
            connection.now = float(second)
        heartbeat.turn(float(second))
    assert not any(connection.closed for connection in people)
    assert quiet.pings == [120.0], "who was not asked before is asked now"
    answered.heard = 120.5
    for second in range(121, 151):
        dead.now = quiet.now = float(second)
        heartbeat.turn(float(second))
    assert not answered.closed
    assert dead.dropped_at == quiet.dropped_at == 150.0
