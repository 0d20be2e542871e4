"""Holds what people were told and saw against what the database holds.

``prove`` returns a sentence for each broken promise; none is the proof that, in this history,
nothing acknowledged was lost, doubled, changed or out of order, neither in the database nor for
anyone who reads. ``tests.checker`` looks at the log itself and at the order on each device; here is
who must have seen what in the end, and that what was taken back is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.checker import Attempt, Head, Row, problems
from tests.cluster.history import Book, History, Reading, Recalled, View

Place = tuple[str, int]
"""Conversation and number."""


def prove(history: History, book: Book) -> list[str]:
    """Sentences about what is wrong; empty if all promises were kept."""
    # Events of services have keys that only the node knew.
    services = [
        Attempt(row.sender, row.conversation, row.key, row.text)
        for row in book.rows
        if not row.is_message
    ]
    found = problems([*history.events(), services], book.rows, book.heads)
    rows = {(row.conversation, row.seq): row for row in book.rows}
    heads = {head.conversation: head for head in book.heads}
    return [
        *(f"{problem.kind}: {problem.detail}" for problem in found),
        *_recalls(history, rows),
        *(
            problem
            for reading in history.readings
            for problem in _reading(reading, book.views.get(reading.user, {}), heads, rows)
        ),
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


def _reading(
    reading: Reading, views: dict[str, View], heads: dict[str, Head], rows: dict[Place, Row]
) -> Iterable[str]:
    """A device was shown all that its owner may see, once, and nothing that was taken back."""
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
        end = heads[conversation].last_seq if last is None else last
        counts = Counter(seen[conversation])
        wrong = {
            "unseen": [number for number in range(first, end + 1) if number not in counts],
            "seen again": [number for number, count in counts.items() if count > 1],
            "foreign": [number for number in counts if not first <= number <= end],
        }
        for what, numbers in wrong.items():
            if numbers:
                where = f"{reading.device} (user {reading.user}), {conversation}"
                yield f"{what}: {where}: {numbers[:10]}, {len(numbers)} in all"
