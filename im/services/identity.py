"""Who someone has shown to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from im.errors import Forbidden
from im.i18n import Language
from im.protocol.scopes import Scope


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
        scopes: what a program's token may do; None for a person, who may do all.
        lacks_factor: an administrator, who must have a second factor and has none.
    """

    user: int
    session: int
    name: str
    kind: Literal["user", "guest", "bot"]
    role: Literal["user", "admin"]
    language: Language
    scopes: frozenset[str] | None = None
    lacks_factor: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether this person, or program for them, may administer."""
        scoped = self.scopes is None or "admin" in self.scopes
        return self.role == "admin" and scoped and not self.lacks_factor

    def check_admin(self) -> None:
        """Refuse whoever may not administer. Raises ``Forbidden``, which says what is missing."""
        if self.is_admin:
            return
        raise factor_needed() if self.lacks_factor else Forbidden("administrators only")

    def check_scope(self, scope: Scope | None) -> None:
        """Refuse a program that has not this scope; None is for people alone.

        Raises ``Forbidden``.
        """
        if self.scopes is None:
            return
        if scope is None:
            raise Forbidden("for people only", values={"reason": "people"})
        if scope not in self.scopes:
            raise Forbidden(f"needs {scope}", values={"reason": "scope", "scope": scope})


def lacks_factor(role: str, has_second_factor: int, required: bool) -> bool:
    """Whether this is an administrator who must have a second factor and has none."""
    return required and role == "admin" and not has_second_factor


def factor_needed() -> Forbidden:
    """The refusal of an administrator who lacks one."""
    return Forbidden("needs a second factor", values={"reason": "factor"})
