"""Proves from what clients did and what the database holds that the promises were kept.

Clients write down what they do (``Attempt``), what they are told (``Acknowledged``) and what they
are shown (``Received``), each in the order in which it happened to them. After a run, however many
processes were killed, ``problems`` compares all that with the rows of the log. It knows nothing of
how the messenger works; it is used on the log writer alone and on whole clusters.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Attempt:
    """A client is about to send; written down before anything is sent, again for each retry.

    Attributes:
        sender: whose entry it is.
        conversation: where to.
        key: the same for each retry.
        text: what is sent; None for an event.
    """

    sender: int
    conversation: str
    key: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A client was told that its entry is stored, under this number."""

    sender: int
    conversation: str
    key: str
    seq: int


@dataclass(frozen=True, slots=True)
class Received:
    """A device was shown an entry."""

    device: str
    conversation: str
    seq: int
    sender: int
    text: str | None


Event = Attempt | Acknowledged | Received


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the database holds it; ``text`` is None for a recalled one.

    ``edits``: the texts that it was given after its first, in their order.
    """

    conversation: str
    seq: int
    ordinal: int
    sender: int
    key: str
    is_message: bool
    text: str | None
    recalled: bool = False
    edits: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """The last numbers that the database gave in a conversation."""

    conversation: str
    last_seq: int
    last_ordinal: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A promise that was broken.

    Attributes:
        kind: ``gap``, ``double``, ``ordinal``, ``lost``, ``disorder``, ``invented``, ``changed``
            (another text), ``unseen`` (a hole on a device) or ``seen again``.
    """

    kind: str
    detail: str


def problems(
    histories: Iterable[Sequence[Event]], rows: Iterable[Row], heads: Iterable[Head]
) -> list[Problem]:
    """Everything that is wrong; empty if all promises were kept.

    ``histories`` has one sequence per client (a client that was restarted goes on with its own),
    and an attempt for everything that was ever sent.
    """
    stored = list(rows)
    clients = [list(history) for history in histories]
    return [
        *_numbers(stored, heads),
        *_keys(stored),
        *_acknowledged(clients, stored),
        *_attempts(clients, stored),
        *_devices(clients, stored),
    ]


def _numbers(rows: list[Row], heads: Iterable[Head]) -> list[Problem]:
    found = []
    last = {head.conversation: head for head in heads}
    by_conversation: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_conversation[row.conversation].append(row)
    for name in sorted(last.keys() | by_conversation.keys()):
        entries = sorted(by_conversation[name], key=lambda row: row.seq)
        head = last.get(name, Head(name, 0, 0))
        numbers = [row.seq for row in entries]
        if numbers != list(range(1, head.last_seq + 1)):
            missing = sorted(set(range(1, head.last_seq + 1)) - set(numbers))
            extra = len(numbers) - len(set(numbers)) or max([0, *numbers]) - head.last_seq
            detail = f"{name}: up to {head.last_seq}, missing {missing[:10]}, {extra} too many"
            found.append(Problem("gap", detail))
        ordinal = 0
        for row in entries:
            ordinal += row.is_message
            if row.ordinal != ordinal:
                detail = f"{name} {row.seq}: {row.ordinal} instead of {ordinal}"
                found.append(Problem("ordinal", detail))
                break
        if head.last_ordinal != ordinal:
            detail = f"{name}: {head.last_ordinal} at its head, {ordinal} messages"
            found.append(Problem("ordinal", detail))
    return found


def _keys(rows: list[Row]) -> list[Problem]:
    first: dict[tuple[int, str], Row] = {}
    found = []
    for row in rows:
        other = first.setdefault((row.sender, row.key), row)
        if other is not row:
            places = f"{other.conversation} {other.seq} and {row.conversation} {row.seq}"
            found.append(Problem("double", f"key {row.key} of {row.sender} is {places}"))
    return found


def _acknowledged(clients: list[list[Event]], rows: list[Row]) -> list[Problem]:
    found = []
    places = {(row.sender, row.key): (row.conversation, row.seq) for row in rows}
    told: dict[tuple[int, str], tuple[str, int]] = {}
    for history in clients:
        for event in history:
            if isinstance(event, Acknowledged):
                key, place = (event.sender, event.key), (event.conversation, event.seq)
                if told.setdefault(key, place) != place:
                    detail = f"key {event.key} of {event.sender}: told {told[key]}, then {place}"
                    found.append(Problem("double", detail))
                if places.get(key) != place:
                    detail = (
                        f"key {event.key} of {event.sender}: told {place}, is {places.get(key)}"
                    )
                    found.append(Problem("lost", detail))
    return found


def _attempts(clients: list[list[Event]], rows: list[Row]) -> list[Problem]:
    found = []
    by_key = {(row.sender, row.key): row for row in rows}
    attempted: set[tuple[int, str]] = set()
    for history in clients:
        last: dict[tuple[int, str], Row] = {}
        for event in history:
            key = (event.sender, event.key) if isinstance(event, Attempt) else None
            if not isinstance(event, Attempt) or key is None or key in attempted:
                continue
            attempted.add(key)
            row = by_key.get(key)
            if row is None:
                continue
            last_text = row.edits[-1] if row.edits else event.text
            if row.text != last_text and not row.recalled:
                detail = f"{row.conversation} {row.seq}: {row.text!r} instead of {last_text!r}"
                found.append(Problem("changed", detail))
            line = (event.sender, event.conversation)
            before = last.get(line)
            if before is not None and before.seq > row.seq:
                detail = f"{row.conversation}: {row.text!r} ({row.seq}) was sent after"
                found.append(Problem("disorder", f"{detail} {before.text!r} ({before.seq})"))
            last[line] = row
    for row in rows:
        if (row.sender, row.key) not in attempted:
            detail = f"{row.conversation} {row.seq} of {row.sender}: nobody sent key {row.key}"
            found.append(Problem("invented", detail))
    return found


def _devices(clients: list[list[Event]], rows: list[Row]) -> list[Problem]:
    found = []
    by_place = {(row.conversation, row.seq): row for row in rows}
    firsts = {
        (event.sender, event.key): event.text
        for history in clients
        for event in history
        if isinstance(event, Attempt)
    }
    for history in clients:
        last: dict[tuple[str, str], int] = {}
        for event in history:
            if not isinstance(event, Received):
                continue
            where = f"{event.device}, {event.conversation} {event.seq}"
            screen = (event.device, event.conversation)
            before = last.get(screen)
            if before is not None and event.seq <= before:
                found.append(Problem("seen again", f"{where} after {before}"))
            elif before is not None and event.seq > before + 1:
                found.append(Problem("unseen", f"{where} right after {before}"))
            last[screen] = max(event.seq, before or 0)
            row = by_place.get((event.conversation, event.seq))
            if row is None or row.sender != event.sender:
                found.append(Problem("invented", f"{where}: is not in the log"))
            elif not row.recalled and event.text not in (
                row.text,
                *((firsts.get((row.sender, row.key)), *row.edits) if row.edits else ()),
            ):
                found.append(Problem("changed", f"{where}: {event.text!r}, stored {row.text!r}"))
    return found


class HistoryFile:
    """A client's history in a file, which outlives a client that is killed at any moment."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, *events: Event) -> None:
        """Write events down; once this returns, killing the process can't lose them."""
        lines = (json.dumps({"event": type(event).__name__, **asdict(event)}) for event in events)
        os.write(self._file, "".join(f"{line}\n" for line in lines).encode())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_history(path: Path) -> list[Event]:
    """The events of a file; a last line that a kill cut short never happened."""
    kinds = {kind.__name__: kind for kind in (Attempt, Acknowledged, Received)}
    events: list[Event] = []
    for line in path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []:
        if line.endswith("\n"):
            fields = json.loads(line)
            events.append(kinds[fields.pop("event")](**fields))
    return events
