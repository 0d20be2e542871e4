"""What a transaction does, noted step by step, so that its steps can go to a server together.

Each answer that is waited for costs a way to the server and back, and the writer's thread its turn
with the interpreter; where nothing has to be decided in between, there is no need to wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from im.store.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Statement:
    """An SQL statement, with ``%s`` for its parameters."""

    sql: str
    params: Sequence[object] = ()


@dataclass(frozen=True, slots=True)
class Begin:
    """Open a transaction; ``patience``: seconds to wait for SQLite's lock."""

    patience: float


@dataclass(frozen=True, slots=True)
class Commit:
    """Make it durable."""


Step = Statement | Begin | Commit


class Executes(Protocol):
    """Takes statements whose results nobody asks for: at once (``Cursor``), or later."""

    @property
    def dialect(self) -> Dialect:
        """What differs between the databases."""

    def execute(self, sql: str, params: Sequence[object] = ()) -> object:
        """Run a statement, or note it."""


class Later:
    """Notes statements in ``steps`` instead of running them."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.steps: list[Step] = []

    def execute(self, sql: str, params: Sequence[object] = ()) -> None:
        """Note a statement."""
        self.steps.append(Statement(sql, params))
