"""Whom the book of presence shows as there, away and gone, with time given by hand."""

from __future__ import annotations

from pyroaring import BitMap64

from im.services.presence_book import MAX_LOST_NODES, People, PresenceBook, Standing

ANNA, BO, CY = 1, 2, 3
GRACE = 30_000
HOUR = 3_600_000
GONE, AWAY, HERE = Standing


def people(*online: int, away: tuple[int, ...] = ()) -> People:
    """What a node says."""
    return People(BitMap64(online), BitMap64(away))


def end_grace(book: PresenceBook, now: int, left: Standing = GONE) -> dict[int, int]:
    """What a node does at a time: those whose grace is over have what their connections say."""
    own, _ = book.ended(now)
    for user in own:
        book.move(user, left)
    return own


def test_whoever_loses_the_connection_is_gone_after_the_grace_and_not_before() -> None:
    book = PresenceBook(GRACE)
    book.move(ANNA, HERE)
    book.lose(ANNA, 1_000)
    assert book.due() == 31_000
    assert end_grace(book, 30_999) == {}
    assert book.standing(ANNA) is HERE
    assert end_grace(book, 31_000) == {ANNA: 1_000}
    assert book.standing(ANNA) is GONE
    assert book.due() is None


def test_whoever_comes_back_in_time_has_never_been_gone_and_gets_a_whole_grace_again() -> None:
    book = PresenceBook(GRACE)
    book.move(ANNA, HERE)
    book.lose(ANNA, 0)
    book.move(ANNA, HERE)
    book.lose(ANNA, 20_000)
    assert end_grace(book, 49_999) == {}
    assert end_grace(book, 50_000) == {ANNA: 20_000}


def test_a_clock_that_is_put_back_keeps_nobody_there_and_nobody_after_them() -> None:
    book = PresenceBook(GRACE)
    book.move(ANNA, HERE)
    book.move(BO, HERE)
    book.say("other", people(CY))
    book.lose(ANNA, HOUR)
    book.lose_node("other", HOUR)
    book.lose(BO, 1_000)
    own, others = book.ended(30_000)
    assert own == {ANNA: HOUR}
    assert others == [(HOUR, people(CY))]
    assert book.due() == 31_000
    assert end_grace(book, 31_000) == {BO: 1_000}


def test_a_clock_that_is_put_forward_ends_the_grace() -> None:
    book = PresenceBook(GRACE)
    book.move(ANNA, HERE)
    book.lose(ANNA, 1_000)
    assert end_grace(book, HOUR) == {ANNA: 1_000}
    book.move(BO, HERE)
    book.lose(BO, HOUR)
    assert end_grace(book, HOUR + 29_999) == {}


def test_a_connection_that_breaks_again_in_the_grace_does_not_make_it_longer() -> None:
    book = PresenceBook(GRACE)
    book.move(ANNA, HERE)
    book.lose(ANNA, 0)
    book.lose(ANNA, 29_000)
    assert end_grace(book, 30_000) == {ANNA: 0}


def test_who_goes_from_one_node_to_another_is_there_all_the_time() -> None:
    book = PresenceBook(GRACE)
    book.move(ANNA, HERE)
    book.lose(ANNA, 0)
    book.say("other", people(ANNA))
    assert end_grace(book, 30_000) == {ANNA: 0}
    assert book.standing(ANNA) is HERE


def test_the_people_of_a_node_that_is_down_have_the_grace() -> None:
    book = PresenceBook(GRACE)
    book.say("other", people(ANNA, BO, away=(BO,)))
    book.lose_node("other", 1_000)
    assert (book.standing(ANNA), book.standing(BO)) == (HERE, AWAY)
    book.move(ANNA, HERE)
    assert book.due() == 31_000
    assert book.ended(30_999) == ({}, [])
    (lost,) = book.ended(31_000)[1]
    assert lost == (1_000, people(ANNA, BO, away=(BO,)))
    assert (book.standing(ANNA), book.standing(BO)) == (HERE, GONE)


def test_nodes_that_come_and_go_do_not_fill_the_memory() -> None:
    book = PresenceBook(GRACE)
    for number in range(MAX_LOST_NODES + 1):
        book.say("other", people(ANNA + number))
        book.lose_node("other", number)
    assert book.due() == 0
    assert len(book.ended(MAX_LOST_NODES)[1]) == 1
    assert book.standing(ANNA) is GONE
    assert book.standing(ANNA + 1) is HERE


def test_the_most_active_node_counts() -> None:
    book = PresenceBook(GRACE)
    book.move(ANNA, AWAY)
    assert book.standing(ANNA) is AWAY
    book.say("other", people(ANNA))
    assert book.standing(ANNA) is HERE
    book.say("other", people(ANNA, away=(ANNA,)))
    assert book.standing(ANNA) is AWAY
    assert len(book.everyone()) == 1


def test_a_node_says_what_changed_or_all_of_it() -> None:
    book = PresenceBook(GRACE)
    book.say("other", people(ANNA, BO, away=(BO,)))
    changed = book.with_changes("other", people(CY, BO), BitMap64([ANNA]))
    assert book.differing("other", changed) == BitMap64([ANNA, BO, CY])
    book.say("other", changed)
    assert [book.standing(user) for user in (ANNA, BO, CY)] == [GONE, HERE, HERE]
    assert not book.differing("other", changed)


def test_whoever_was_here_before_the_node_began_has_what_is_left_of_the_grace() -> None:
    book = PresenceBook(GRACE)
    book.move(BO, HERE)
    book.lose(BO, 12_000)
    book.expect(ANNA, 10_000)
    assert book.standing(ANNA) is HERE
    assert end_grace(book, 40_000) == {ANNA: 10_000}
    assert end_grace(book, 42_000) == {BO: 12_000}
