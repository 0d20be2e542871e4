"""What all people together did, were told and saw: the figures, and what the proof needs."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from im.services.keys import client_key
from tests.checker import Acknowledged, Attempt, problems
from tests.cluster.book import read_book
from tests.cluster.proof import of_services

Written = Attempt | Acknowledged


@dataclass
class Notes:
    """Kept by one process for all its people.

    Attributes:
        written: what each person sent and was told, in order.
        sent_at: when each message was sent for the first time, by key.
        answered, delivered: seconds from then until it was acknowledged, and until each reader had
            it.
        came: seconds that it took to be let in, log-in included.
        refused: refusals by code.
        refused_after: seconds until a message was refused.
        hints: ms that refusals asked to wait.
        done: how often people did what.
        faults: what should not have been, in words.
        heads: last number acknowledged in each conversation, and when that was sent.
    """

    written: dict[int, list[Written]] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    refused_after: list[float] = field(default_factory=list)
    hints: list[int] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    heads: dict[str, tuple[int, float]] = field(default_factory=dict)

    def begin(self) -> None:
        """Figures begin anew; what the proof needs stays."""
        self.answered, self.delivered, self.came, self.refused_after = [], [], [], []
        self.refused, self.done, self.hints = Counter(), Counter(), []

    def did(self, what: str) -> None:
        """Somebody has done something."""
        self.done[what] += 1

    def attempt(self, user: int, conversation: str, key: str, text: str) -> None:
        """A message is about to be sent."""
        now = time.monotonic()
        self.sent_at.setdefault(key, now)
        attempt = Attempt(user, conversation, client_key(key).hex(), text)
        self.written.setdefault(user, []).append(attempt)

    def acknowledge(self, user: int, conversation: str, key: str, seq: int) -> None:
        """A message was answered with ``ok``."""
        sent = self.sent_at[key]
        self.answered.append(time.monotonic() - sent)
        stored = Acknowledged(user, conversation, client_key(key).hex(), seq)
        self.written.setdefault(user, []).append(stored)
        if seq > self.heads.get(conversation, (0, 0.0))[0]:
            self.heads[conversation] = (seq, sent)

    def refuse(self, key: str, code: str, retry_after: int | None) -> None:
        """A message was refused."""
        self.refused[code] += 1
        self.refused_after.append(time.monotonic() - self.sent_at[key])
        if retry_after is not None:
            self.hints.append(retry_after)

    def show(self, text: str) -> None:
        """Someone was shown a message; its text begins with its key."""
        sent = self.sent_at.get(text.partition(" ")[0])
        if sent is not None:
            self.delivered.append(time.monotonic() - sent)

    def fault(self, words: str) -> None:
        """Something that should not have been."""
        self.faults.append(words)

    def problems(self, url: str) -> list[str]:
        """What the database holds otherwise than people were told. Blocks."""
        book = read_book(url)
        found = problems([*self.written.values(), of_services(book.rows)], book.rows, book.heads)
        return [f"{problem.kind}: {problem.detail}" for problem in found]
