"""One receiver by itself: what it does when memory for early datagrams runs out."""

from __future__ import annotations

from relay.frames import Data, Frame
from relay.receiver import CONFIRM_TIME, Budget, Receiver


class Heard:
    """A receiver with room for so many bytes, and what it delivered."""

    def __init__(self, room: int) -> None:
        self.delivered: list[bytes] = []
        self.gaps = 0
        self.budget = Budget(room)
        self.receiver = Receiver(
            b"sender..",
            1,
            self.budget,
            lambda: 0.001,
            lambda: CONFIRM_TIME,
            lambda topic, payload: self.delivered.append(payload),
            self._gap,
        )

    def take(self, number: int, *, ordered: bool = True, and_unordered: bool = False) -> bool:
        frames: list[Frame] = [Data("t", b"%4d" % number, ordered)]
        if and_unordered:
            frames.append(Data("t", b"u%3d" % number, False))
        return self.receiver.receive(number, frames, 100.0)

    def asked(self, now: float) -> set[int]:
        self.receiver.handle_timer(now)
        naks = self.receiver.take_naks()
        return {n for nak in naks for start, stop in nak.missing for n in range(start, stop)}

    def _gap(self) -> None:
        self.gaps += 1


def test_the_latest_that_is_held_makes_room_for_an_earlier_one_and_is_asked_for_again() -> None:
    heard = Heard(room=16)  # three payloads that come early
    for number in (7, 8, 9):
        assert heard.take(number)
    assert not heard.take(10), "later than all that is held"
    assert heard.take(3)
    assert heard.budget.used == 12
    assert heard.asked(101.0) == {1, 2, 4, 5, 6, 9, 10}
    for number in (1, 2, 4, 5, 6, 9, 10):
        assert heard.take(number)
    assert heard.delivered == [b"%4d" % number for number in range(1, 11)]
    assert heard.gaps == 0 and heard.budget.used == 0


def test_what_has_been_delivered_in_part_is_not_dropped() -> None:
    heard = Heard(room=8)
    assert heard.take(5, and_unordered=True)
    assert heard.delivered == [b"u  5"]
    assert not heard.take(3), "the room is taken by what can't be asked for again"
    for number in (1, 2, 3, 4):
        assert heard.take(number)
    assert heard.delivered == [b"u  5", *(b"%4d" % number for number in range(1, 6))]


def test_memory_stays_bounded_when_datagrams_are_dropped_and_come_again_and_again() -> None:
    heard = Heard(room=16)
    for _ in range(100):
        for number in (90, 80, 70, 60, 50, 40):
            if heard.receiver.is_new(number):
                heard.take(number)
        assert heard.budget.used <= 12
    for number in range(1, 101):
        if heard.receiver.is_new(number):
            heard.take(number)
    assert heard.delivered == [b"%4d" % number for number in range(1, 101)]
    assert heard.budget.used == 0
