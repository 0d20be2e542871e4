"""How long a node gathers who came and went before it tells the others."""

from __future__ import annotations

import pytest

from im.services.presence import GATHER_SECONDS, SIGNALS_A_SECOND, gather_seconds


@pytest.mark.parametrize("others", [0, 1, 5])
def test_few_nodes_tell_at_once(others: int) -> None:
    assert gather_seconds(others) == GATHER_SECONDS


@pytest.mark.parametrize("others", [1, 7, 53, 63])
def test_however_many_nodes_there_are_one_hears_no_more_of_them(others: int) -> None:
    assert others / gather_seconds(others) <= SIGNALS_A_SECOND
