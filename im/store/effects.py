"""What an entry may do besides being appended, in its transaction, under the conversation's lock.

All but ``Recall`` and ``Edit`` change rights, so they raise the conversation's epoch. Whether
someone may ask for an effect is decided before; here only what can change until the lock is held is
checked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Recall:
    """Take a message back: its text, file, search tokens and the texts of its edits are erased.

    Refused with ``NotFound`` (no such message), ``Forbidden`` (another's) or ``TooLate``. If it was
    taken back already, the entry that did it is returned.

    Attributes:
        limit_ms: oldest age, by the database's clock, in ms; None for no limit.
        anyone: also another's message, for moderators.
    """

    target_seq: int
    limit_ms: int | None = None
    anyone: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """Give one's own message the entry's ``content``; it is found by that from then on.

    Refused with ``NotFound``, ``Forbidden``, ``TooLate``, or ``Recalled``.

    Attributes:
        limit_ms: oldest age, by the database's clock, in ms; None for no limit.
        extra: replaces the message's ``extra``; None leaves it.
    """

    target_seq: int
    limit_ms: int | None = None
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Make users members from this entry on.

    They see what was before it if the group shows its past at that moment, now and later.
    Refused with ``AlreadyExists`` if all are members, or ``LimitReached``.

    Attributes:
        most: members that the conversation may then have; None for no limit.
    """

    users: tuple[int, ...]
    role: str = "member"
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """End the membership of users with this entry. Refused with ``NotFound`` if none is one."""

    users: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetRole:
    """Give a member a role. Refused with ``NotFound``."""

    user: int
    role: str


@dataclass(frozen=True, slots=True)
class Mute:
    """Keep a member from writing until a time (UTC ms), or let them again (None).

    Whoever leaves and comes back is kept from it still; who gets a role that leads is not.
    Refused with ``NotFound``, or ``Forbidden`` (they have such a role).
    """

    user: int
    until: int | None


@dataclass(frozen=True, slots=True)
class SetOwner:
    """Make a member the group's owner; the one before becomes an ordinary member.

    Refused with ``NotFound``.
    """

    user: int


@dataclass(frozen=True, slots=True)
class GroupChange:
    """Change columns of the conversation's ``group_basic`` row.

    Refused with ``Taken`` if the name is another group's, or ``NotFound`` after it was dissolved.

    Attributes:
        fields: column: value, out of ``CHANGEABLE``.
    """

    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dissolve:
    """End the group and all memberships with this entry; its name is free again."""


Effect = Recall | Edit | Join | Leave | SetRole | Mute | SetOwner | GroupChange | Dissolve

CHANGEABLE = frozenset(
    {
        *("name", "name_folded", "icon_id", "category", "note", "announcement"),
        *("approval", "shows_past", "leaders_invite", "muted_at"),
        *("invite_hash", "invite_expires_at"),
    }
)
"""Columns of ``group_basic`` that ``GroupChange`` may set."""
