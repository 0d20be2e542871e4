"""Read marks only ever move on: in the database, and in what each device is told of them."""

from __future__ import annotations

from collections.abc import Iterable

from tests.cluster.history import Book, History, Mark

Place = tuple[int, str]
"""Person and conversation."""


def backwards(history: History, book: Book) -> Iterable[str]:
    """Marks that went back, or whose move was answered and is not stored."""
    for glance in history.glances:
        mark = glance.mark
        if mark.seq < glance.known:
            where = f"{glance.device}, {mark.user} in {mark.conversation}"
            yield f"mark: {where}: {glance.known}, and then {mark.seq}"
    before: dict[Place, int] = {}
    for sample in [*history.samples, book.marks]:
        now = {(mark.user, mark.conversation): mark.seq for mark in sample}
        for place, seq in before.items():
            if now.get(place, 0) < seq:
                yield f"mark: {place} is stored as {now.get(place)}, and was {seq}"
        before = now
    told: dict[Place, Mark] = {}
    for mark in history.read:
        place = mark.user, mark.conversation
        if place not in told or told[place].seq < mark.seq:
            told[place] = mark
    for place, mark in told.items():
        if before.get(place, 0) < mark.seq:
            yield f"mark: {mark} was acknowledged, and {before.get(place)} is stored"
