"""The states of a peer and of a hole, and what leads from one to the next.

The code moves by these tables alone, and ``docs/relay.md`` draws them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class PeerState(StrEnum):
    """What a sender is that is heard."""

    CANDIDATE = "candidate"
    MEMBER = "member"
    SUSPECT = "suspect"
    GONE = "gone"


class PeerCause(StrEnum):
    """Why a peer changes its state, in the words of the documentation."""

    PROVED = "it names a hello of mine from the last 5 s (up, gap)"
    FORGOTTEN = "3 s of silence, or too many candidates"
    SILENT = "2 s of silence, or not naming me"
    BACK = "heard, and named me"
    LOST = "5 s (gap, down)"
    SUPERSEDED = "its name comes with a new sender (gap, down)"
    GOODBYE = "goodbye (a member: down)"


PEER_MOVES: Final[Mapping[tuple[PeerState, PeerCause], PeerState]] = {
    (PeerState.CANDIDATE, PeerCause.PROVED): PeerState.MEMBER,
    (PeerState.CANDIDATE, PeerCause.FORGOTTEN): PeerState.GONE,
    (PeerState.CANDIDATE, PeerCause.GOODBYE): PeerState.GONE,
    (PeerState.MEMBER, PeerCause.SILENT): PeerState.SUSPECT,
    (PeerState.MEMBER, PeerCause.SUPERSEDED): PeerState.GONE,
    (PeerState.MEMBER, PeerCause.GOODBYE): PeerState.GONE,
    (PeerState.SUSPECT, PeerCause.BACK): PeerState.MEMBER,
    (PeerState.SUSPECT, PeerCause.LOST): PeerState.GONE,
    (PeerState.SUSPECT, PeerCause.SUPERSEDED): PeerState.GONE,
    (PeerState.SUSPECT, PeerCause.GOODBYE): PeerState.GONE,
}


class HoleState(StrEnum):
    """What is done about missing numbers."""

    WAITING = "waiting"
    ASKED = "asked"
    GONE = "gone"


class HoleCause(StrEnum):
    """Why a hole changes its state, in the words of the documentation."""

    DUE = "0.5–1 ms, among more than 4 nodes a random time (first NAK)"
    AGAIN = "the round trip and 6 ms (NAK to the group)"
    HEARD = "another node asked the group: wait for what it gets"
    FILLED = "nothing of it is missing"
    LATE = "3 s (gap)"


HOLE_MOVES: Final[Mapping[tuple[HoleState, HoleCause], HoleState]] = {
    (HoleState.WAITING, HoleCause.DUE): HoleState.ASKED,
    (HoleState.WAITING, HoleCause.HEARD): HoleState.WAITING,
    (HoleState.WAITING, HoleCause.FILLED): HoleState.GONE,
    (HoleState.WAITING, HoleCause.LATE): HoleState.GONE,
    (HoleState.ASKED, HoleCause.AGAIN): HoleState.ASKED,
    (HoleState.ASKED, HoleCause.HEARD): HoleState.ASKED,
    (HoleState.ASKED, HoleCause.FILLED): HoleState.GONE,
    (HoleState.ASKED, HoleCause.LATE): HoleState.GONE,
}
