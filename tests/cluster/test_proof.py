"""The proof fails for every kind of broken promise that is planted into a good history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.checker import Acknowledged, Attempt, Head, Received, Row
from tests.cluster.history import Book, Change, Glance, History, Mark, Reading, Recalled, Told, View
from tests.cluster.proof import figures, prove
from tests.cluster.words import word_of

CONV = "p:1:2"
GROUP = "g:7"


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


def leave_the_words_in_a_table(history: History, book: Book) -> None:
    """As an index would that the recall forgot."""
    word = word_of(1, "key 2")
    history.writers[1][2] = Attempt(1, CONV, "key 2", f"text 2 {word}")
    book.words = {word: {"postings"}}


def find_what_was_taken_back(history: History, book: Book) -> None:
    history.found.append("a word")


def change_an_edited_text(history: History, book: Book) -> None:
    book.rows[0] = replace(book.rows[0], edits=("text 1", "another"))


def show_a_text_of_no_edit(history: History, book: Book) -> None:
    book.rows[0] = replace(book.rows[0], text="another", edits=("another",))
    history.readings[0].shown[0] = Received("device 1", CONV, 1, 1, "a third")


def group(history: History, book: Book, *changes: Change, view: View = (1, None)) -> None:
    """A group of 1 and 2; ``changes`` follow its beginning, and a message of 2 is its last entry.

    2 is shown all that is in ``view``.
    """
    book.changes += [Change(GROUP, 1, "came", (1,)), Change(GROUP, 2, "came", (2,)), *changes]
    last = len(book.changes) + 1
    book.rows += [Row(GROUP, seq, 0, 1, f"of a node {seq}", False, None) for seq in range(1, last)]
    history.writers[2] = [Attempt(2, GROUP, "late", "hello"), Acknowledged(2, GROUP, "late", last)]
    book.rows.append(Row(GROUP, last, 1, 2, "late", True, "hello"))
    book.heads.append(Head(GROUP, last, 1))
    book.views[1][GROUP] = (1, None)
    book.views[2][GROUP] = view
    first, end = view[0], view[1] or last
    for user, numbers in ((1, range(1, last + 1)), (2, range(first, end + 1))):
        history.readings[user - 1].shown += [
            Received(
                f"device {user}",
                *(GROUP, seq, 2 if seq == last else 1, "hello" if seq == last else None),
            )
            for seq in numbers
        ]


def write_after_being_put_out(history: History, book: Book) -> None:
    """Its right was looked up before, and not again at the commit."""
    group(history, book, Change(GROUP, 3, "went", (2,)), view=(2, 3))


def write_in_silence(history: History, book: Book) -> None:
    group(history, book, Change(GROUP, 3, "silenced", (2,)), view=(2, None))


def write_in_a_dissolved_group(history: History, book: Book) -> None:
    group(history, book, Change(GROUP, 3, "went", None), view=(2, 3))


def edit_in_silence(history: History, book: Book) -> None:
    group(history, book, Change(GROUP, 3, "silenced", (2,)), view=(2, None))
    book.rows[-1] = replace(book.rows[-1], is_message=False, ordinal=0)
    book.heads[-1] = replace(book.heads[-1], last_ordinal=0)


def show_the_group_to_who_was_put_out(history: History, book: Book) -> None:
    group(history, book, Change(GROUP, 3, "went", (2,)), view=(2, None))
    book.views[2][GROUP] = (2, 3)


def show_what_was_said_between_two_stays(history: History, book: Book) -> None:
    group(history, book, *away(), view=(2, None))
    book.views[2][GROUP] = (5, None)


def show_the_stay_before_to_who_comes_late(history: History, book: Book) -> None:
    come_again(history, book)
    history.readings[1].shown.append(Received("device 2", GROUP, 2, 1, None))


def hide_some_of_the_stay_before(history: History, book: Book) -> None:
    come_again(history, book)
    history.readings[1] = replace(history.readings[1], late=False)
    history.readings[1].shown[-2:-2] = [
        Received("device 2", GROUP, 2, 1, None),
        Received("device 2", GROUP, 4, 1, None),
    ]


def away() -> tuple[Change, ...]:
    """2 goes and comes again."""
    return Change(GROUP, 3, "went", (2,)), Change(GROUP, 4, "silenced", (3,)), back()


def back() -> Change:
    return Change(GROUP, 5, "came", (2,))


def come_again(history: History, book: Book) -> None:
    """Allowed: 2 went and came again, and sees what is said from then on."""
    group(history, book, *away(), view=(5, None))


def have_read(history: History, book: Book) -> None:
    """Allowed: 2 reads on, all are told, and the last is stored."""
    history.read += [Mark(2, CONV, 3), Mark(2, CONV, 5)]
    history.samples += [[Mark(2, CONV, 3)], [Mark(2, CONV, 5), Mark(1, "all", 1)]]
    history.glances += [Glance("device 1", Mark(2, CONV, 5), 3)]
    book.marks = [Mark(2, CONV, 5), Mark(1, "all", 1)]


def store_a_mark_further_back(history: History, book: Book) -> None:
    have_read(history, book)
    history.samples.insert(1, [Mark(2, CONV, 6)])


def forget_a_mark(history: History, book: Book) -> None:
    have_read(history, book)
    del book.marks[0]


def lose_an_acknowledged_mark(history: History, book: Book) -> None:
    have_read(history, book)
    history.read.append(Mark(2, CONV, 6))


def tell_a_device_less_than_before(history: History, book: Book) -> None:
    have_read(history, book)
    history.glances.append(Glance("device 1", Mark(2, CONV, 3), 5))


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
        (leave_the_words_in_a_table, "recall"),
        (find_what_was_taken_back, "recall"),
        (change_an_edited_text, "changed"),
        (show_a_text_of_no_edit, "changed"),
        (write_after_being_put_out, "rights"),
        (write_in_silence, "rights"),
        (write_in_a_dissolved_group, "rights"),
        (edit_in_silence, "rights"),
        (show_the_group_to_who_was_put_out, "foreign"),
        (show_what_was_said_between_two_stays, "foreign"),
        (show_the_stay_before_to_who_comes_late, "foreign"),
        (hide_some_of_the_stay_before, "unseen"),
        (store_a_mark_further_back, "mark"),
        (forget_a_mark, "mark"),
        (lose_an_acknowledged_mark, "mark"),
        (tell_a_device_less_than_before, "mark"),
    ],
)
def test_a_planted_fault_is_found(plant: Plant, found: str) -> None:
    history, book = good()
    plant(history, book)
    sentences = prove(history, book)
    assert any(sentence.startswith(found) for sentence in sentences), sentences


def edit(history: History, book: Book) -> None:
    """Allowed: a message has its new text, and who was there before was shown the old one."""
    book.rows[0] = replace(book.rows[0], text="another", edits=("another",))
    history.readings[1].shown[0] = Received("device 2", CONV, 1, 1, "another")


def silence_for_a_while(history: History, book: Book) -> None:
    """Allowed: 2 may write again."""
    silence = [Change(GROUP, n, kind, (2,)) for n, kind in ((3, "silenced"), (4, "unsilenced"))]
    group(history, book, *silence, view=(2, None))


def go_before_the_end(history: History, book: Book) -> None:
    """Allowed: 1 was put out while not connected, and is told no more of the group."""
    group(history, book, view=(2, None))
    book.views[1][GROUP] = (1, 2)
    history.readings[0].shown[-2:] = []


@pytest.mark.parametrize(
    "act", [come_again, have_read, edit, silence_for_a_while, go_before_the_end]
)
def test_what_is_allowed_is_no_fault(act: Plant) -> None:
    history, book = good()
    act(history, book)
    assert prove(history, book) == []


def test_the_figures_are_of_what_was_lost_and_of_what_was_acknowledged() -> None:
    history, book = good()
    history.told.append(Told((CONV, 5), 0.0, 0.1, ""))
    assert figures(history, prove(history, book)) == "lost 0 of 1 acknowledged"
    lose_a_row(history, book)
    assert figures(history, prove(history, book)) == "lost 1 of 1 acknowledged"
