"""Lines take turns, whoever has the longest."""

from __future__ import annotations

from im.store.fair_queue import FairQueue


def filled() -> FairQueue[str, str]:
    queue: FairQueue[str, str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        queue.append(item[0], item)
    return queue


def drained(queue: FairQueue[str, str]) -> list[str]:
    return [queue.popleft() for _ in range(len(queue))]


def test_one_of_each_line_comes_before_a_second_one_and_each_line_keeps_its_order() -> None:
    assert drained(filled()) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_who_comes_late_waits_for_one_turn_and_not_for_a_long_line() -> None:
    queue = filled()
    assert queue.popleft() == "a1"
    queue.append("d", "d1")
    assert drained(queue) == ["b1", "c1", "a2", "d1", "c2", "a3"]
    assert len(queue) == 0


def test_what_is_withdrawn_is_gone_and_the_others_keep_their_order() -> None:
    queue = filled()
    assert queue.first() == "a1" and queue.waiting("a") == 3
    assert queue.withdraw(lambda item: item in ("a1", "a3", "b1")) == ["a1", "a3", "b1"]
    assert queue.waiting("b") == 0 and len(queue) == 3
    assert drained(queue) == ["a2", "c1", "c2"]


def test_what_is_held_waits_in_order_and_keeps_nobody_waiting() -> None:
    queue = filled()
    queue.hold("a")
    queue.hold("d")
    queue.append("a", "a4")
    queue.append("d", "d1")
    assert queue.waiting("a") == 4 and len(queue) == 8
    assert [queue.popleft() for _ in range(3)] == ["b1", "c1", "c2"]
    assert not queue.ready and len(queue) == 5
    queue.hold("a")
    assert queue.withdraw(lambda item: item in ("a2", "d1")) == ["a2", "d1"]
    queue.append("b", "b2")
    queue.release("a")
    queue.release("d")
    queue.release("b")
    assert drained(queue) == ["b2", "a1", "a3", "a4"]


def test_all_that_is_held_is_given_out_in_the_end() -> None:
    queue = filled()
    for key in "abc":
        queue.hold(key)
    queue.release_all()
    assert queue.ready and drained(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]
