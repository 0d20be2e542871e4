"""What is only late is waited for, and not read from the log again and again."""

from __future__ import annotations

from im.services.patience import LEAST_SECONDS, MOST_SECONDS, Patience


def test_a_wait_that_proved_too_short_is_doubled_once_for_all_who_waited() -> None:
    patience = Patience()
    for conversation in ("p:1:2", "p:1:3", "p:1:4"):
        patience.ran_out(conversation, 7)
    for conversation in ("p:1:2", "p:1:3"):
        patience.came(conversation, 7)
    assert patience.seconds == 2 * LEAST_SECONDS
    patience.ran_out("p:1:2", 9)
    patience.came("p:1:2", 9)
    assert patience.seconds == 4 * LEAST_SECONDS
    patience.came("p:1:4", 7)
    assert patience.seconds == 4 * LEAST_SECONDS


def test_what_never_comes_by_itself_makes_nobody_wait_longer() -> None:
    patience = Patience()
    patience.ran_out("p:1:2", 7)
    for number in (6, 8, 9):
        patience.came("p:1:2", number)
    patience.came("p:1:3", 7)
    assert patience.seconds == LEAST_SECONDS


def test_the_wait_has_an_end_and_gets_shorter_when_nothing_is_late() -> None:
    patience = Patience()
    for number in range(1, 20):
        patience.ran_out("g:1", number)
        patience.came("g:1", number)
    assert patience.seconds == MOST_SECONDS
    patience.relax()
    assert patience.seconds == MOST_SECONDS
    patience.ran_out("g:1", 20)
    patience.relax()
    assert patience.seconds == MOST_SECONDS / 2
    for _ in range(9):
        patience.relax()
    assert patience.seconds == LEAST_SECONDS
