"""As many entries may wait as get their outcome in the time that each has."""

from __future__ import annotations

from im.store.room import WINDOW_SECONDS, Room

MOST = 10_000
LEAST = 10


def busy(room: Room, seconds: float, rate: int, start: float = 0.0) -> float:
    """Somebody always waits for so long, while so many are told a second; the time then."""
    now = start
    for _ in range(int(seconds * rate)):
        now += 1 / rate
        room.entries(now)
        room.told(1)
    return start + seconds


def test_what_is_told_in_the_time_is_what_may_wait() -> None:
    room = Room(LEAST, MOST, 2.0)
    assert room.entries(0.0) == MOST, "nothing is known yet"
    now = busy(room, 10 * WINDOW_SECONDS, 100)
    assert 190 <= room.entries(now) <= 210
    now = busy(room, 20 * WINDOW_SECONDS, 1000, now)
    assert 1900 <= room.entries(now) <= 2100
    now = busy(room, 20 * WINDOW_SECONDS, 20_000, now)
    assert room.entries(now) == MOST


def test_a_short_pause_is_not_the_pace_and_a_long_one_is() -> None:
    room = Room(LEAST, MOST, 2.0)
    now = busy(room, 10 * WINDOW_SECONDS, 1000)
    assert room.entries(now + WINDOW_SECONDS) > 900
    for step in range(2, 20):
        left = room.entries(now + step * WINDOW_SECONDS)
    assert left == LEAST


def test_when_nobody_waits_any_more_all_is_forgotten() -> None:
    room = Room(LEAST, MOST, 2.0)
    now = busy(room, 10 * WINDOW_SECONDS, 100)
    room.told(0)
    assert room.entries(now) == MOST
