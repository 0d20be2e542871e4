"""Who someone has shown to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from im.i18n import Language


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or program with a valid session.

    Attributes:
        user: id of the person.
        session: id of the session.
        name: the person's name.
        kind: ``user``, ``guest`` or ``bot``.
        role: ``user`` or ``admin``.
        language: in which to speak to them.
    """

    user: int
    session: int
    name: str
    kind: Literal["user", "guest", "bot"]
    role: Literal["user", "admin"]
    language: Language

    @property
    def is_admin(self) -> bool:
        """Whether this person may administer."""
        return self.role == "admin"
