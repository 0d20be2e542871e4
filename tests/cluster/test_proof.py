"""The proof fails for every kind of broken promise that is planted into a good history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.checker import Acknowledged, Attempt, Head, Received, Row
from tests.cluster.history import Book, History, Reading, Recalled
from tests.cluster.proof import prove

CONV = "p:1:2"


def good() -> tuple[History, Book]:
    """Five messages of which the second was taken back, and two devices that read all of it."""
    history, book = History(), Book()
    history.writers[1] = []
    for seq in range(1, 6):
        key, text = f"key {seq}", f"text {seq}"
        history.writers[1] += [Attempt(1, CONV, key, text), Acknowledged(1, CONV, key, seq)]
        recalled = seq == 2
        book.rows.append(Row(CONV, seq, seq, 1, key, True, None if recalled else text, recalled))
    book.rows.append(Row(CONV, 6, 5, 1, "of a node", False, None))
    history.recalled.append(Recalled(CONV, 2))
    book.heads.append(Head(CONV, 6, 5))
    book.views = {1: {CONV: (1, None)}, 2: {CONV: (1, None)}}
    for user, late in ((1, False), (2, True)):
        shown: list[Received | Recalled] = [
            Received(f"device {user}", CONV, row.seq, 1, row.text) for row in book.rows
        ]
        if not late:
            shown[1] = Received("device 1", CONV, 2, 1, "text 2")
        shown.append(Recalled(CONV, 2))
        history.readings.append(Reading(f"device {user}", user, late, shown))
    return history, book


def lose_a_row(history: History, book: Book) -> None:
    """The last message is not in the database, and the numbers hide it."""
    book.rows[4:] = [replace(book.rows[5], seq=5, ordinal=4)]
    book.heads[0] = Head(CONV, 5, 4)


def put_another_in_its_place(history: History, book: Book) -> None:
    book.rows[3] = replace(book.rows[3], key="another", sender=2)


def store_a_key_twice(history: History, book: Book) -> None:
    book.rows[3] = replace(book.rows[3], key=book.rows[4].key)


def acknowledge_a_key_twice(history: History, book: Book) -> None:
    history.writers[1].append(Acknowledged(1, CONV, "key 1", 4))


def leave_a_gap(history: History, book: Book) -> None:
    book.rows[5] = replace(book.rows[5], seq=7)
    book.heads[0] = Head(CONV, 7, 5)


def number_twice(history: History, book: Book) -> None:
    book.rows.append(replace(book.rows[4], key="another"))


def forget_to_count(history: History, book: Book) -> None:
    book.heads[0] = Head(CONV, 5, 5)


def give_a_wrong_ordinal(history: History, book: Book) -> None:
    book.rows[2] = replace(book.rows[2], ordinal=4)


def change_a_text(history: History, book: Book) -> None:
    book.rows[0] = replace(book.rows[0], text="text")


def store_in_another_order(history: History, book: Book) -> None:
    one, two = book.rows[2:4]
    book.rows[2] = replace(two, seq=3, ordinal=3)
    book.rows[3] = replace(one, seq=4, ordinal=4)
    told = history.writers[1]
    told[5], told[7] = Acknowledged(1, CONV, "key 3", 4), Acknowledged(1, CONV, "key 4", 3)


def show_another_text(history: History, book: Book) -> None:
    history.readings[0].shown[0] = Received("device 1", CONV, 1, 1, "tex")


def show_another_sender(history: History, book: Book) -> None:
    history.readings[0].shown[0] = Received("device 1", CONV, 1, 2, "text 1")


def show_nothing(history: History, book: Book) -> None:
    history.readings[0].shown.clear()


def hide_the_first(history: History, book: Book) -> None:
    del history.readings[1].shown[0]


def hide_one(history: History, book: Book) -> None:
    del history.readings[1].shown[3]


def hide_the_last(history: History, book: Book) -> None:
    del history.readings[1].shown[5]


def show_one_twice(history: History, book: Book) -> None:
    history.readings[0].shown.insert(4, history.readings[0].shown[3])


def turn_two_round(history: History, book: Book) -> None:
    shown = history.readings[0].shown
    shown[2], shown[3] = shown[3], shown[2]


def show_what_is_not_theirs(history: History, book: Book) -> None:
    book.views[2] = {}


def show_what_came_before_they_joined(history: History, book: Book) -> None:
    book.views[2] = {CONV: (2, None)}


def show_what_came_after_they_left(history: History, book: Book) -> None:
    book.views[2] = {CONV: (1, 5)}


def keep_the_text_taken_back(history: History, book: Book) -> None:
    book.rows[1] = replace(book.rows[1], text="text 2")


def forget_the_recall(history: History, book: Book) -> None:
    book.rows[1] = replace(book.rows[1], text="text 2", recalled=False)
    history.readings[1].shown[1] = Received("device 2", CONV, 2, 1, "text 2")


def show_what_was_taken_back(history: History, book: Book) -> None:
    history.readings[1].shown[1] = Received("device 2", CONV, 2, 1, "text 2")


def show_it_after_the_recall_was_shown(history: History, book: Book) -> None:
    history.readings[0].shown.append(Received("device 1", CONV, 2, 1, "text 2"))


Plant = Callable[[History, Book], None]


def test_a_good_history_is_proved_good() -> None:
    assert prove(*good()) == []


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (lose_a_row, "lost"),
        (put_another_in_its_place, "lost"),
        (store_a_key_twice, "double"),
        (acknowledge_a_key_twice, "double"),
        (leave_a_gap, "gap"),
        (number_twice, "gap"),
        (forget_to_count, "gap"),
        (give_a_wrong_ordinal, "ordinal"),
        (change_a_text, "changed"),
        (store_in_another_order, "disorder"),
        (show_another_text, "changed"),
        (show_another_sender, "invented"),
        (show_nothing, "unseen"),
        (hide_the_first, "unseen"),
        (hide_one, "unseen"),
        (hide_the_last, "unseen"),
        (show_one_twice, "seen again"),
        (turn_two_round, "seen again"),
        (show_what_is_not_theirs, "foreign"),
        (show_what_came_before_they_joined, "foreign"),
        (show_what_came_after_they_left, "foreign"),
        (keep_the_text_taken_back, "recall"),
        (forget_the_recall, "recall"),
        (show_what_was_taken_back, "recall"),
        (show_it_after_the_recall_was_shown, "recall"),
    ],
)
def test_a_planted_fault_is_found(plant: Plant, found: str) -> None:
    history, book = good()
    plant(history, book)
    sentences = prove(history, book)
    assert any(sentence.startswith(found) for sentence in sentences), sentences
