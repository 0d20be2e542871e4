"""Who belonged to a group when, and who might not write, as its log says; and who did all the same.

Entries and changes of rights have their numbers from one line, so whoever was put out or silenced
with a number may have no message after it, whatever was on its way when the change was committed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.checker import Row
from tests.cluster.history import Change, View

Spans = dict[tuple[int, str], list[View]]
"""Of each person and group: from which number to which; None: no end."""


def stays(changes: Iterable[Change]) -> Spans:
    """When each person belonged to each group, the numbers of coming and going included."""
    return _spans(changes, "came", "went")


def silences(changes: Iterable[Change]) -> Spans:
    """When each person might not write in a group."""
    return _spans(changes, "silenced", "unsilenced")


def stay_of(spans: Sequence[View], seq: int) -> int | None:
    """Which of the spans has this number."""
    for number, (first, last) in enumerate(spans):
        if first <= seq and (last is None or seq <= last):
            return number
    return None


def unrightful(rows: Iterable[Row], changes: Sequence[Change]) -> Iterable[str]:
    """Messages and edits in groups by those who had no right to write when they were numbered."""
    belonged, silent = stays(changes), silences(changes)
    groups = {change.conversation for change in changes}
    for row in rows:
        writes = row.is_message or row.text is not None
        if row.conversation not in groups or not writes:
            continue
        key = (row.sender, row.conversation)
        where = f"{row.conversation} {row.seq} of {row.sender}"
        if stay_of(belonged.get(key, ()), row.seq) is None:
            yield f"rights: {where}, who did not belong to it"
        if stay_of(silent.get(key, ()), row.seq) is not None:
            yield f"rights: {where}, who was silenced"


def _spans(changes: Iterable[Change], begin: str, end: str) -> Spans:
    spans: Spans = defaultdict(list)
    for change in changes:
        name = change.conversation
        if change.kind == begin:
            for user in change.users or ():
                if not spans[user, name] or spans[user, name][-1][1] is not None:
                    spans[user, name].append((change.seq, None))
        elif change.kind == end:
            for (user, conversation), views in spans.items():
                concerned = change.users is None or user in change.users
                if conversation == name and concerned and views and views[-1][1] is None:
                    views[-1] = (views[-1][0], change.seq)
    return dict(spans)
