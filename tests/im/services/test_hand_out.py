"""Many readers get their frames in slices, in order, and keep nobody else waiting."""

from __future__ import annotations

import pytest

from im.protocol.outgoing import Outgoing
from im.services.hand_out import (
    BEHIND_BYTES,
    BEHIND_FRAMES,
    FEW,
    MOST_BYTES,
    READERS_IN_TURN,
    ROUND_BYTES,
    HandOut,
)
from tests.im.services.test_delivery_turns import Reader, Turn, arrival

ROOM = 3 * READERS_IN_TURN


class Readers:
    """Who reads what: a room, another one, and two people."""

    def __init__(self) -> None:
        self.by_name = {
            "g:1": [Reader(user) for user in range(ROOM)],
            "g:2": [Reader(user) for user in range(ROOM)],
            "p:1:2": [Reader(user) for user in (1, 2)],
        }

    def find(self, conversation: str) -> list[Reader]:
        return list(self.by_name[conversation])

    def told(self, conversation: str, seq: int) -> int:
        return sum((conversation, seq) in reader.seen for reader in self.by_name[conversation])


def frame(conversation: str, seq: int, size: int = 1) -> Outgoing:
    return arrival(seq, conversation, "x" * size).outgoing


@pytest.fixture
def ready() -> tuple[Turn, Readers, HandOut]:
    turn, readers = Turn(), Readers()
    return turn, readers, HandOut(readers.find, turn.soon)


Ready = tuple[Turn, Readers, HandOut]


def test_a_private_message_waits_for_no_room(ready: Ready) -> None:
    turn, readers, hand_out = ready
    hand_out.add("g:1", frame("g:1", 1))
    turn.end()
    assert readers.told("g:1", 1) == READERS_IN_TURN
    hand_out.add("p:1:2", frame("p:1:2", 1))
    turn.end()
    assert readers.told("p:1:2", 1) == 2
    assert readers.told("g:1", 1) == 2 * READERS_IN_TURN
    turn.end()
    assert readers.told("g:1", 1) == ROOM
    turn.end()
    assert not turn.waiting and hand_out.delivered == ROOM + 2


def test_rooms_take_turns(ready: Ready) -> None:
    turn, readers, hand_out = ready
    hand_out.add("g:1", frame("g:1", 1))
    hand_out.add("g:2", frame("g:2", 1))
    for _ in range(2):
        turn.end()
    assert readers.told("g:1", 1) == readers.told("g:2", 1) == READERS_IN_TURN


def test_what_comes_during_a_round_goes_together_in_the_next_one(ready: Ready) -> None:
    turn, readers, hand_out = ready
    for seq in range(1, 6):
        hand_out.add("g:1", frame("g:1", seq))
        turn.end()
    while turn.waiting:
        turn.end()
    for reader in readers.by_name["g:1"]:
        assert [seq for _, seq in reader.seen] == [1, 2, 3, 4, 5]
    assert readers.by_name["g:1"][0].sizes == [1, 2, 2]


def test_who_comes_or_goes_during_a_round_reads_from_and_to_their_place(ready: Ready) -> None:
    turn, readers, hand_out = ready
    everyone = readers.by_name["g:1"]
    goes, comes = everyone[-1], Reader(9999)
    hand_out.add("g:1", frame("g:1", 1))
    turn.end()
    hand_out.add("g:1", frame("g:1", 2))
    hand_out.cut("g:1")
    everyone.remove(goes)
    everyone.append(comes)
    hand_out.add("g:1", frame("g:1", 3))
    while turn.waiting:
        turn.end()
    assert [seq for _, seq in everyone[0].seen] == [1, 2, 3]
    assert [seq for _, seq in goes.seen] == [1, 2]
    assert [seq for _, seq in comes.seen] == [3]


def test_one_reader_gets_no_more_than_a_round_before_the_next(ready: Ready) -> None:
    turn, readers, hand_out = ready
    for seq in range(1, 9):
        hand_out.add("g:1", frame("g:1", seq, ROUND_BYTES // 3))
    turn.end()
    first, *_, last = readers.by_name["g:1"]
    assert len(first.seen) == 2 and not last.seen
    while turn.waiting:
        turn.end()
    assert [seq for _, seq in last.seen] == list(range(1, 9))


def test_who_writes_more_than_is_read_waits_for_the_readers(ready: Ready) -> None:
    turn, readers, hand_out = ready

    told: list[str] = []
    hand_out.when_room("g:1", lambda: told.append("before"))
    for seq in range(1, 8):
        hand_out.add("g:1", frame("g:1", seq, BEHIND_BYTES // 5))
    hand_out.when_room("g:1", lambda: told.append("behind"))
    hand_out.when_room("p:1:2", lambda: told.append("elsewhere"))
    assert told == ["before", "elsewhere"]
    while "behind" not in told:
        turn.end()
    assert readers.told("g:1", 1) == ROOM


def test_what_nobody_holds_back_is_bounded_all_the_same(ready: Ready) -> None:
    turn, readers, hand_out = ready
    size = MOST_BYTES // 8
    hand_out.add("g:1", frame("g:1", 1, size))
    turn.end()
    for seq in range(2, 20):
        hand_out.add("g:1", frame("g:1", seq, size))
    assert readers.told("g:1", 11) == ROOM
    while turn.waiting:
        turn.end()
    assert all(len(reader.seen) == 19 for reader in readers.by_name["g:1"])


def test_few_are_told_at_once(ready: Ready) -> None:
    turn, readers, hand_out = ready
    readers.by_name["g:1"] = readers.by_name["g:1"][:FEW]
    for seq in (1, 2):
        hand_out.add("g:1", frame("g:1", seq))
    turn.end()
    assert readers.told("g:1", 2) == FEW and not turn.waiting


def test_who_hears_that_a_room_is_behind_is_called_when_it_has_caught_up(ready: Ready) -> None:
    turn, readers, hand_out = ready
    for conversation in ("g:1", "p:1:2"):
        hand_out.add(conversation, frame(conversation, 1))
    turn.end()
    for conversation in ("g:1", "p:1:2"):
        for seq in range(2, BEHIND_FRAMES + 1):
            hand_out.add(conversation, frame(conversation, seq))
    assert not hand_out.is_behind("g:1")
    hand_out.add("g:1", frame("g:1", BEHIND_FRAMES + 1))
    assert hand_out.is_behind("g:1") and not hand_out.is_behind("p:1:2")
    told: list[int] = []
    hand_out.when_caught_up("g:1", lambda: told.append(readers.told("g:1", BEHIND_FRAMES + 1)))
    while turn.waiting:
        turn.end()
    # When the next round began, and not at its end.
    assert told == [0] and not hand_out.is_behind("g:1")


def test_a_room_that_all_have_left_is_behind_no_more(ready: Ready) -> None:
    turn, readers, hand_out = ready
    hand_out.add("g:1", frame("g:1", 1))
    turn.end()
    for seq in range(2, BEHIND_FRAMES + 2):
        hand_out.add("g:1", frame("g:1", seq))
    told: list[str] = []
    hand_out.when_caught_up("g:1", lambda: told.append("on"))
    readers.by_name["g:1"].clear()
    while turn.waiting:
        turn.end()
    assert told == ["on"]
