"""When people left, as nodes tell each other."""

from __future__ import annotations

from typing import Any, cast

from pyroaring import BitMap64

from im.services import presence
from im.services.presence import Presence
from im.services.presence_book import Standing
from im.services.signals import PresenceSignal


class Others:
    """The other nodes, by what they say."""

    def __init__(self) -> None:
        self.hear: dict[type, Any] = {}

    def on(self, kind: type, hear: Any) -> None:
        self.hear[kind] = hear

    def on_up(self, hear: Any) -> None:
        """Nobody comes."""

    on_gap = on_down = on_up

    def say(self, online: set[int], offline: set[int], seen: dict[int, int]) -> None:
        """Who came and went at the other node."""
        signal = PresenceSignal(
            online=BitMap64(online).serialize(),
            offline=BitMap64(offline).serialize(),
            whole=False,
            away=BitMap64().serialize(),
            seen=seen,
        )
        self.hear[PresenceSignal]("other", signal)


class Nobody:
    """No connections."""

    def standing(self, user: int) -> Standing:
        return Standing.GONE


def beside(others: Others) -> Presence:
    nothing = cast(Any, None)  # the database is not asked here
    return Presence(cast(Any, others), "this", nothing, Nobody(), 0.0, lambda: 2_000)


def test_when_someone_left_another_node_is_known_before_it_is_stored() -> None:
    others = Others()
    here = beside(others)
    others.say({7}, set(), {})
    assert here.of(7).online
    others.say(set(), {7}, {7: 1_000})
    assert (here.of(7).online, here.of(7).last_seen) == (False, 1_000)
    assert here.of(7, last_seen=1_500).last_seen == 1_500, "another node knows better"
    others.say({7}, set(), {})
    assert here.of(7).last_seen == 0


def test_however_many_leave_no_more_than_the_latest_are_kept() -> None:
    others = Others()
    here = beside(others)
    many = presence.MAX_RECENT + 5
    others.say(set(), set(range(1, many + 1)), {user: user for user in range(1, many + 1)})
    assert [here.of(user).last_seen for user in (1, 5, 6, many)] == [0, 0, 6, many]
