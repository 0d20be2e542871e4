"""Holds what people were told and saw against what the database holds.

``prove`` returns a sentence for each broken promise; none is the proof that, in this history,
nothing acknowledged was lost, doubled, changed or out of order, neither in the database nor for
anyone who reads. ``tests.checker`` looks at the log itself and at the order on each device; here is
who must have seen what in the end, that what was taken back is nowhere any more, that nobody wrote
who had no right to any more, and that no read mark went back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from tests.checker import Attempt, Head, Received, Row, problems
from tests.cluster.history import Book, History, Reading, Recalled, View
from tests.cluster.membership import Spans, stay_of, stays, unrightful
from tests.cluster.read_marks import backwards
from tests.cluster.words import words_in

Place = tuple[str, int]
"""Conversation and number."""


def prove(history: History, book: Book) -> list[str]:
    """Sentences about what is wrong; empty if all promises were kept."""
    belonged = stays(book.changes)
    screens = [_screens(reading, belonged) for reading in history.readings]
    found = problems(
        [*history.writers.values(), *screens, of_services(book.rows)], book.rows, book.heads
    )
    rows = {(row.conversation, row.seq): row for row in book.rows}
    heads = {head.conversation: head for head in book.heads}
    return [
        *(f"{problem.kind}: {problem.detail}" for problem in found),
        *_recalls(history, rows),
        *_words(history, book),
        *unrightful(book.rows, book.changes),
        *backwards(history, book),
        *(
            problem
            for reading in history.readings
            for problem in _reading(
                reading, book.views.get(reading.user, {}), heads, rows, belonged
            )
        ),
    ]


def of_services(rows: Iterable[Row]) -> list[Attempt]:
    """Events of services, as if they had been announced: only the node knew their keys."""
    return [
        Attempt(row.sender, row.conversation, row.key, row.text)
        for row in rows
        if not row.is_message
    ]


def figures(history: History, problems: Iterable[str]) -> str:
    """Lost of acknowledged, in words."""
    lost = sum(problem.startswith("lost") for problem in problems)
    return f"lost {lost} of {history.acknowledged} acknowledged"


def _recalls(history: History, rows: dict[Place, Row]) -> Iterable[str]:
    for recalled in history.recalled:
        row = rows.get((recalled.conversation, recalled.seq))
        if row is None or not row.recalled:
            yield f"recall: {recalled} was acknowledged, and the message is still there"
    for row in rows.values():
        if row.recalled and row.text is not None:
            yield f"recall: {row.conversation} {row.seq} is marked so and still has its text"


def _words(history: History, book: Book) -> Iterable[str]:
    """What was taken back is in no table, and no search found it."""
    texts = {
        (event.sender, event.key): event.text or ""
        for written in history.writers.values()
        for event in written
        if isinstance(event, Attempt)
    }
    for row in book.rows:
        if row.recalled:
            for word in words_in(texts.get((row.sender, row.key))):
                if word in book.words:
                    tables = ", ".join(sorted(book.words[word]))
                    yield f"recall: the text of {row.conversation} {row.seq} is still in {tables}"
    yield from (f"recall: a search found {found}" for found in history.found)


def _screens(reading: Reading, belonged: Spans) -> list[Received]:
    """What a device was shown; each stay in a group is a screen of its own, without what was said
    between them."""
    entries = []
    for shown in reading.shown:
        if isinstance(shown, Received):
            spans = belonged.get((reading.user, shown.conversation), ())
            number = stay_of(spans, shown.seq)
            device = f"{shown.device}, stay {number}" if number else shown.device
            entries.append(replace(shown, device=device))
    return entries


def _reading(
    reading: Reading,
    views: dict[str, View],
    heads: dict[str, Head],
    rows: dict[Place, Row],
    belonged: Spans,
) -> Iterable[str]:
    """A device was shown all that its owner may see, once, and nothing that was taken back.

    Who went may not have been there when the last of it was said, and was not told afterwards; who
    came again sees nothing of the stay before, except what was shown while it lasted.
    """
    seen: dict[str, list[int]] = {conversation: [] for conversation in views}
    taken_back: set[Place] = set()
    for shown in reading.shown:
        place = (shown.conversation, shown.seq)
        if isinstance(shown, Recalled):
            taken_back.add(place)
            continue
        if shown.conversation not in seen:
            yield f"foreign: {reading.device} was shown {place}"
            continue
        seen[shown.conversation].append(shown.seq)
        row = rows.get(place)
        if row is not None and row.recalled and shown.text is not None:
            if reading.late:
                yield f"recall: {reading.device} was shown the text of {place} afterwards"
            if place in taken_back:
                yield f"recall: {reading.device} was shown the text of {place} again"
    for conversation, (first, last) in views.items():
        counts = Counter(seen[conversation])
        end = heads[conversation].last_seq if last is None else last
        due = end if last is None else max((n for n in counts if n <= end), default=0)
        before = () if reading.late else belonged.get((reading.user, conversation), ())
        wrong = {
            "unseen": [number for number in range(first, due + 1) if number not in counts],
            "seen again": [number for number, count in counts.items() if count > 1],
            "foreign": [
                number
                for number in counts
                if not first <= number <= end and stay_of(before, number) is None
            ],
        }
        for what, numbers in wrong.items():
            if numbers:
                where = f"{reading.device} (user {reading.user}), {conversation}"
                yield f"{what}: {where}: {numbers[:10]}, {len(numbers)} in all"
