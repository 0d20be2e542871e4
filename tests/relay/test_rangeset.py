"""Ranges against a plain set, the replay window against a plain set with a memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.rangeset import RangeSet
from relay.window import WINDOW, ReplayWindow

ranges = st.tuples(st.integers(0, 60), st.integers(1, 8)).map(lambda r: (r[0], r[0] + r[1]))


@given(st.lists(ranges, max_size=30), ranges)
def test_a_range_set_is_a_set(added: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    compact, plain = RangeSet(), set[int]()
    for start, stop in added:
        compact.add(start, stop)
        plain.update(range(start, stop))
    assert {n for start, stop in compact for n in range(start, stop)} == plain
    assert all(number in compact for number in plain)
    assert not any(number in compact for number in range(-5, 80) if number not in plain)
    found = [n for start, stop in compact.missing(*asked) for n in range(start, stop)]
    assert found == [n for n in range(*asked) if n not in plain]
    kept = list(compact)
    assert all(before[1] < after[0] for before, after in pairwise(kept))
    assert len(compact) == len(kept)
    if len(kept) > 1:
        assert compact.first_hole == (kept[0][1], kept[1][0])


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError):
        RangeSet().add(3, 3)


@given(st.lists(st.one_of(st.integers(1, 3000), st.integers(1, 2**48)), max_size=200))
def test_a_number_is_never_new_twice(numbers: list[int]) -> None:
    window, taken = ReplayWindow(), set[int]()
    for number in numbers:
        if number in taken:
            assert window.seen(number)
        elif number > window.highest - WINDOW:
            assert not window.seen(number), "new, within the window"
        else:
            assert window.seen(number), "too old to tell"
        window.add(number)
        taken.add(number)
        assert window.highest == max(taken)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_what_lies_below_a_closed_number_counts_as_seen(start: int, closed: int) -> None:
    window = ReplayWindow(start)
    window.add(start + 5)
    window.close_below(closed)
    assert all(window.seen(number) for number in range(max(0, closed - 1100), closed + 1))
    assert not window.seen(max(start + 5, closed) + 1)
    if closed < start + 4:
        assert not window.seen(start + 4)


@given(st.sets(st.integers(0, 60), min_size=1), st.data())
def test_a_number_that_is_removed_is_missing_and_the_others_stay(
    numbers: set[int], data: st.DataObject
) -> None:
    ranges = RangeSet()
    for number in numbers:
        ranges.add(number, number + 1)
    gone = data.draw(st.sampled_from(sorted(numbers)))
    ranges.remove(gone)
    assert {n for start, stop in ranges for n in range(start, stop)} == numbers - {gone}
    with pytest.raises(KeyError):
        ranges.remove(gone)
