"""How many notes of who is writing are passed on, with time given by hand."""

from __future__ import annotations

from im.services.typing_pace import MAX_AT_ONCE, MAX_CONVERSATIONS, MAX_PEOPLE, TypingPace


def test_a_person_is_told_as_writing_once_in_a_second() -> None:
    pace = TypingPace()
    told = [moment / 10 for moment in range(600) if pace.admits("g:1", 1, moment / 10)]
    assert 60 <= len(told) <= 60 + MAX_AT_ONCE
    assert pace.admits("g:2", 1, told[-1])


def test_a_person_who_writes_short_messages_quickly_is_told_as_writing_each_time() -> None:
    pace = TypingPace()
    assert [pace.admits("g:1", 1, 10.0 + moment / 10) for moment in range(4)] == [
        *[True] * 3,
        False,
    ]
    assert pace.admits("g:1", 1, 12.0)


def test_few_people_of_a_conversation_are_told_at_once_and_others_when_those_are_done() -> None:
    pace = TypingPace()
    assert all(pace.admits("g:1", user, 10.0) for user in range(1, MAX_PEOPLE + 1))
    assert not pace.admits("g:1", 99, 11.0)
    assert pace.admits("g:1", 1, 12.0)
    assert pace.admits("g:1", 99, 16.0)


def test_what_is_remembered_has_an_end() -> None:
    pace = TypingPace()
    for number in range(MAX_CONVERSATIONS + 5):
        pace.admits(f"g:{number}", 1, 10.0)
    assert len(pace._told) == MAX_CONVERSATIONS


def test_conversations_are_forgotten_when_nobody_writes_in_them_any_more() -> None:
    pace = TypingPace()
    for number in range(100):
        pace.admits(f"g:{number}", 1, number / 10)
    assert len(pace._told) < 70
    pace.admits("g:1", 1, 30.0)
    assert len(pace._told) == 1
