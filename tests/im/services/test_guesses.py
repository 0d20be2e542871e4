"""Which passwords withstand a million guesses."""

from __future__ import annotations

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from im.services.guesses import withstands

MILLION = 1_000_000


def test_of_the_most_used_passwords_none_does() -> None:
    long_enough = [each for each in FREQUENCY_LISTS["passwords"] if len(each) >= 8]
    assert len(long_enough) > 10_000
    taken = [each for each in long_enough if withstands(each.title(), MILLION, ())]
    assert taken == []


@pytest.mark.parametrize(
    "password",
    [
        "88888888",
        "987654321",
        "qwertyuiop",
        "20080808",
        "P@ssw0rd1",
        "woaini1314",
        "5201314520",
        "123456789012345678901234567890",
        "passwordpasswordpassword",
        "abcd" * 32,
        "a" * 128,
    ],
)
def test_keys_in_a_row_dates_and_repetitions_do_not(password: str) -> None:
    assert not withstands(password, MILLION, ())


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "xk3!9vQz",
        "北京欢迎你我爱你",
        "swim-in-the-pool",
        "love is all you need",
        "\u0000\ud800 çğİß" * 3,
    ],
)
def test_words_that_do_not_belong_together_and_random_signs_do(password: str) -> None:
    assert withstands(password, MILLION, ("Ann Lee", "ann@example.com"))


def test_names_within_longer_words_take_nothing_from_them() -> None:
    assert withstands("annual-leeway-70", MILLION, ("Ann Lee",))
    assert not withstands("geronimo", MILLION, ()), "the product's name is a part of it"


def test_what_can_be_read_in_a_thousand_ways_is_told_soon() -> None:
    # Looked at as a whole, it would take minutes.
    assert withstands("4@({[<691!|7$5+8" * 8, MILLION, ())
