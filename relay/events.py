"""What happens at a node, as its core tells the driver."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Deliver(NamedTuple):
    """A payload of another node."""

    node: str
    topic: str
    payload: bytes


class Up(NamedTuple):
    """A node hears us and is heard."""

    node: str


class Down(NamedTuple):
    """A node left, died or can't be heard."""

    node: str


class Gap(NamedTuple):
    """Something of a node may never arrive here."""

    node: str


class Notice(NamedTuple):
    """A sentence for the log."""

    message: str


class Refused(NamedTuple):
    """This node, being new, must not stay; ``reason`` is for people."""

    reason: str


class KeyUnknown(NamedTuple):
    """Someone may send with a key that isn't held here. At most once a second."""

    number: int


Event: TypeAlias = Deliver | Up | Down | Gap | Notice | Refused | KeyUnknown
