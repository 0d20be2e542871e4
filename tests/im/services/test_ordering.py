"""A conversation's entries come out once and in order, however they go in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.services.ordering import Ordering


@given(st.data())
def test_every_entry_comes_out_once_and_in_order(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 30))
    start = data.draw(st.integers(0, count))
    numbers = list(range(1, count + 1))
    arrivals = data.draw(st.permutations(numbers))
    repeats = data.draw(st.lists(st.sampled_from(numbers), max_size=20))
    ordering: Ordering[int] = Ordering()
    ordering.open("g:1", start)
    due: list[int] = []
    for number in [*arrivals, *repeats]:
        due += ordering.offer("g:1", number, number)
    assert due == numbers[start:]
    assert ordering.cursor("g:1") == count
    assert not ordering.waiting("g:1")


@given(st.lists(st.integers(1, 50)))
def test_nothing_passes_a_hole(numbers: list[int]) -> None:
    ordering: Ordering[int] = Ordering()
    ordering.open("all", 0)
    due: list[int] = []
    for number in numbers:
        due += ordering.offer("all", number, number)
    last = len(due)
    assert due == list(range(1, last + 1))
    assert last + 1 not in numbers
    assert ordering.waiting("all") == any(number > last + 1 for number in numbers)


@given(st.integers(1, 20), st.integers(21, 60))
def test_what_is_held_is_bounded(most: int, count: int) -> None:
    ordering: Ordering[int] = Ordering(max_held=most)
    ordering.open("p:1:2", 0)
    for number in range(2, count + 2):
        assert ordering.offer("p:1:2", number, number) == []
    # What was dropped is in the log: offering it again brings the rest.
    due = [out for number in range(1, count + 2) for out in ordering.offer("p:1:2", number, number)]
    assert due == list(range(1, count + 2))


def test_conversations_do_not_touch_each_other() -> None:
    ordering: Ordering[str] = Ordering()
    ordering.open("g:1", 0)
    ordering.open("g:2", 5)
    assert ordering.offer("g:1", 2, "two") == []
    assert ordering.offer("g:2", 6, "six") == ["six"]
    assert ordering.offer("g:1", 1, "one") == ["one", "two"]
    ordering.close("g:1")
    assert ordering.conversations() == ["g:2"]
    with pytest.raises(KeyError):
        ordering.offer("g:1", 3, "three")


def test_opening_twice_keeps_the_cursor() -> None:
    ordering: Ordering[int] = Ordering()
    ordering.open("all", 3)
    ordering.open("all", 9)
    assert ordering.cursor("all") == 3
