"""Names of conversations and of those who can be written to.

A conversation is ``p:<low>:<high>`` (two people, lower id first), ``g:<id>`` (a group) or ``all``.
A target, where a message is sent to, is ``u:<id>``, ``g:<id>`` or ``all``.
"""

from __future__ import annotations

import re

ALL = "all"
MAX_ID = 2**53 - 1
"""Largest id that a JavaScript number holds exactly."""

_TARGET = re.compile(r"(?:u:([1-9][0-9]{0,15})|g:([1-9][0-9]{0,15})|all)\Z", re.ASCII)
_FILE = re.compile(r"/api/media/([1-9][0-9]{0,15})(?:/thumbnail)?\Z", re.ASCII)
_CONVERSATION = re.compile(
    r"(?:p:([1-9][0-9]{0,15}):([1-9][0-9]{0,15})|g:([1-9][0-9]{0,15})|all)\Z", re.ASCII
)


def file_address(file: int) -> str:
    """Where an uploaded file is."""
    return f"/api/media/{file}"


def addressed_file(address: str) -> int | None:
    """The file that is at this address; None if it is none of ours."""
    match = _FILE.match(address)
    return int(match[1]) if match is not None and int(match[1]) <= MAX_ID else None


def private(one: int, other: int) -> str:
    """The name of the conversation of two people; the same whoever asks."""
    low, high = sorted((one, other))
    return f"p:{low}:{high}"


def group(group_id: int) -> str:
    """The name of a group's conversation."""
    return f"g:{group_id}"


def parse_target(text: str) -> tuple[str, int] | None:
    """``("u", id)``, ``("g", id)`` or ``("all", 0)``; None when it is not a target."""
    match = _TARGET.match(text)
    if match is None:
        return None
    user, group_id = match.groups()
    if user is not None:
        return ("u", int(user)) if int(user) <= MAX_ID else None
    if group_id is not None:
        return ("g", int(group_id)) if int(group_id) <= MAX_ID else None
    return (ALL, 0)


def parse_conversation(text: str) -> tuple[str, tuple[int, ...]] | None:
    """``("p", (low, high))``, ``("g", (id,))`` or ``("all", ())``; None when it is no name."""
    match = _CONVERSATION.match(text)
    if match is None:
        return None
    low, high, group_id = match.groups()
    if low is not None:
        pair = (int(low), int(high))
        return ("p", pair) if pair[0] < pair[1] <= MAX_ID else None
    if group_id is not None:
        return ("g", (int(group_id),)) if int(group_id) <= MAX_ID else None
    return (ALL, ())


def target_for(conversation: str, me: int) -> str | None:
    """Where ``me`` writes to in order to write into ``conversation``; None if not mine."""
    parsed = parse_conversation(conversation)
    if parsed is None:
        return None
    kind, ids = parsed
    if kind == "p":
        if me not in ids:
            return None
        return f"u:{ids[0] if ids[1] == me else ids[1]}"
    return conversation
