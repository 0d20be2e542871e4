"""The checker finds each kind of broken promise where one was planted, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.checker import (
    Acknowledged,
    Attempt,
    Event,
    Head,
    HistoryFile,
    Received,
    Row,
    problems,
    read_history,
)

TALK = "p:1:2"


def _run() -> tuple[list[list[Event]], list[Row], list[Head]]:
    """A run in which all went well: two senders, a retry, an event, a recall, two devices."""
    rows = [
        Row(TALK, 1, 1, 1, "a", True, "one"),
        Row(TALK, 2, 2, 2, "a", True, "hello"),
        Row(TALK, 3, 3, 1, "b", True, None, recalled=True),
        Row(TALK, 4, 3, 1, "c", False, None),
        Row(TALK, 5, 4, 1, "d", True, "five"),
        Row("g:7", 1, 1, 1, "e", True, "elsewhere"),
    ]
    first: list[Event] = [
        Attempt(1, TALK, "a", "one"),
        Acknowledged(1, TALK, "a", 1),
        Attempt(1, TALK, "b", "oops"),
        Attempt(1, TALK, "b", "oops"),
        Acknowledged(1, TALK, "b", 3),
        Attempt(1, TALK, "c", None),
        Attempt(1, "g:7", "e", "elsewhere"),
        Acknowledged(1, "g:7", "e", 1),
        Attempt(1, TALK, "d", "five"),
        Acknowledged(1, TALK, "d", 5),
        Attempt(1, TALK, "never stored", "x"),
    ]
    second: list[Event] = [Attempt(2, TALK, "a", "hello"), Acknowledged(2, TALK, "a", 2)]
    third: list[Event] = [
        Received("phone", TALK, 2, 2, "hello"),
        Received("laptop", TALK, 4, 1, None),
        Received("phone", TALK, 3, 1, "oops"),
        Received("phone", TALK, 4, 1, None),
        Received("laptop", TALK, 5, 1, "five"),
        Received("phone", TALK, 5, 1, "five"),
        Received("phone", "g:7", 1, 1, "elsewhere"),
    ]
    return [first, second, third], rows, [Head(TALK, 5, 4), Head("g:7", 1, 1), Head("p:3:4", 0, 0)]


def _kinds(histories: list[list[Event]], rows: list[Row], heads: list[Head]) -> set[str]:
    return {problem.kind for problem in problems(histories, rows, heads)}


def test_a_run_in_which_all_went_well_has_no_problems() -> None:
    assert problems(*_run()) == []


def test_a_lost_entry_is_found() -> None:
    histories, rows, heads = _run()
    # As if the last committed transaction had vanished: the numbers are whole.
    del rows[4]
    heads[0] = Head(TALK, 4, 3)
    assert "lost" in _kinds(histories, rows, heads)
    assert "gap" not in _kinds(histories, rows, heads)


def test_a_gap_in_the_middle_is_found() -> None:
    histories, rows, heads = _run()
    del rows[1]
    assert {"gap", "lost"} <= _kinds(histories, rows, heads)


def test_a_number_given_twice_is_found() -> None:
    histories, rows, heads = _run()
    rows[4] = replace(rows[4], seq=4)
    assert "gap" in _kinds(histories, rows, heads)


def test_a_head_that_is_behind_or_ahead_is_found() -> None:
    histories, rows, heads = _run()
    for last_seq in (4, 6):
        assert "gap" in _kinds(histories, rows, [Head(TALK, last_seq, 4), heads[1]])
    assert _kinds(histories, rows, [Head(TALK, 5, 5), heads[1]]) == {"ordinal"}


def test_a_wrong_ordinal_is_found() -> None:
    histories, rows, heads = _run()
    rows[3] = replace(rows[3], ordinal=4)
    assert _kinds(histories, rows, heads) == {"ordinal"}


def test_a_message_stored_twice_is_found() -> None:
    histories, rows, heads = _run()
    rows.append(Row(TALK, 6, 5, 1, "a", True, "one"))
    heads[0] = Head(TALK, 6, 5)
    assert "double" in _kinds(histories, rows, heads)


def test_one_key_acknowledged_with_two_numbers_is_found() -> None:
    histories, rows, heads = _run()
    histories[0].append(Acknowledged(1, TALK, "a", 5))
    assert {"double", "lost"} == _kinds(histories, rows, heads)


def test_disorder_of_one_sender_is_found() -> None:
    histories, rows, heads = _run()
    rows[0], rows[4] = replace(rows[0], seq=5, ordinal=4), replace(rows[4], seq=1, ordinal=1)
    histories[0] = [event for event in histories[0] if isinstance(event, Attempt)]
    histories[2] = []
    assert _kinds(histories, rows, heads) == {"disorder"}


def test_an_entry_that_nobody_sent_is_found() -> None:
    histories, rows, heads = _run()
    rows.append(Row(TALK, 6, 5, 9, "z", True, "who?"))
    heads[0] = Head(TALK, 6, 5)
    assert _kinds(histories, rows, heads) == {"invented"}


def test_a_changed_text_is_found() -> None:
    histories, rows, heads = _run()
    rows[4] = replace(rows[4], text="fiv")
    assert _kinds(histories, rows, heads) == {"changed"}


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        (Received("phone", TALK, 3, 1, "oops"), "seen again"),
        (Received("phone", TALK, 5, 1, "five"), "seen again"),
        (Received("phone", TALK, 7, 1, "x"), "unseen"),
        (Received("phone", TALK, 6, 1, "x"), "invented"),
        (Received("tablet", TALK, 1, 1, "tampered"), "changed"),
        (Received("tablet", TALK, 1, 2, "one"), "invented"),
    ],
)
def test_what_a_device_should_not_have_shown_is_found(planted: Received, kind: str) -> None:
    histories, rows, heads = _run()
    histories[2].append(planted)
    assert kind in _kinds(histories, rows, heads)


def test_a_history_outlives_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "history"
    assert read_history(path) == []
    history = HistoryFile(path)
    events = _run()[0]
    for one in events:
        history.write(*one)
    history.close()
    written = [event for one in events for event in one]
    assert read_history(path) == written
    with path.open("ab") as file:
        file.write(b'{"event": "Attempt", "sender": 1')
    assert read_history(path) == written
