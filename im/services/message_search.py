"""Looking for messages: the newest first, in what a person may see, within bounds of work.

The index names candidates, conversation by conversation in the order of their last change; each is
read and compared with the query. What the index has not got yet are candidates too. It ends when a
page is full and nothing younger can come, or when it has looked at enough: then it says so.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from im.store import members, messages, search_index
from im.store.cursor import Cursor
from im.store.messages import Said
from im.store.postings import BLOCK_BITS, falling
from im.store.search_words import LONG, Query, find, sender_token
from im.store.visible import Visible

CONVERSATIONS = (12, 25, 50, 100)
"""Conversations that are asked about together: few at first, for a frequent word is in those."""
BLOCKS = (1, 4, 16, 64)
"""Blocks of a long log that are asked about together: few at first, for most is found there."""
ROUND = 400
"""Messages that are read together."""
MOST_MESSAGES = 5_000
"""Messages that one search looks at."""
MOST_TEXT = 8 * 1024 * 1024
"""Characters that one search looks at."""
SECONDS = 1.0
"""How long one search may take."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A message's place in the order of all: by time, UTC ms."""

    time: int
    conversation: int
    seq: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Attributes:
        query: None for every message of ``sender``.
        sender: who wrote it; None for anyone.
        after, before: UTC ms; stored at or after the one, and before the other.
        behind: where the page before ended.
        limit: hits of a page.
    """

    query: Query | None
    sender: int | None
    after: int | None
    before: int | None
    behind: Position | None
    limit: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, and where in its text, in code points."""

    said: Said
    ranges: Sequence[tuple[int, int]]

    @property
    def position(self) -> Position:
        """Where it stands."""
        return _position(self.said)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, the newest first; ``incomplete``: not all could be looked at."""

    hits: list[Hit]
    more: bool
    incomplete: bool


@dataclass(slots=True)
class _Stream:
    """The candidates of one conversation, the newest first, and where reading them has come."""

    candidates: Iterator[int]
    conversation: int
    reached: Position | None = None
    ended: bool = False


def look(cursor: Cursor, user: int, scope: Sequence[Visible], wanted: Wanted) -> Found:
    """Search in ``scope``, which is in the order of the last change, the youngest first."""
    return _Look(cursor, user, wanted).run(scope)


class _Look:
    def __init__(self, cursor: Cursor, user: int, wanted: Wanted) -> None:
        self._cursor = cursor
        self._user = user
        self._wanted = wanted
        self._tokens = wanted.query.tokens if wanted.query is not None else ()
        self._sender = sender_token(wanted.sender) if wanted.sender is not None else None
        asked = [*self._tokens, *([LONG] if self._tokens else [])]
        asked += [self._sender] if self._sender is not None else []
        self._asked = search_index.hashed(cursor, asked)
        self._best: list[tuple[Position, Hit]] = []
        self._messages = MOST_MESSAGES
        self._text = MOST_TEXT
        self._end = time.monotonic() + SECONDS
        self._given_up = False

    def run(self, scope: Sequence[Visible]) -> Found:
        start = step = 0
        while start < len(scope):
            part = scope[start : start + CONVERSATIONS[min(step, len(CONVERSATIONS) - 1)]]
            start, step = start + len(part), step + 1
            if self._is_behind(Position(part[0].changed_at + 1, 0, 0)):
                break
            if self._exhausted:
                self._given_up = True
                break
            self._search(part)
        hits = [hit for _, hit in sorted(self._best, key=lambda best: best[0], reverse=True)]
        limit = self._wanted.limit
        return Found(hits[:limit], len(hits) > limit, self._given_up)

    @property
    def _exhausted(self) -> bool:
        return self._messages <= 0 or self._text <= 0 or time.monotonic() > self._end

    def _is_behind(self, position: Position | None) -> bool:
        """Whether a page is full of what is younger, with one more to tell that there is more."""
        full = len(self._best) > self._wanted.limit
        return position is not None and full and position < self._best[0][0]

    def _search(self, part: Sequence[Visible]) -> None:
        ends = self._ends(part)
        small = [each.conversation for each in part if each.last >> BLOCK_BITS == 0]
        known = search_index.sets(self._cursor, small, [0], self._asked)
        streams = [
            _Stream(self._candidates(each, ends[each.conversation], known), each.conversation)
            for each in part
            if ends[each.conversation] >= each.first
        ]
        take = 1 if len(streams) > 1 else self._wanted.limit + 1
        while streams and not self._exhausted:
            self._read(streams, max(1, min(take, ROUND // len(streams))))
            streams = [
                stream
                for stream in streams
                if not stream.ended and not self._is_behind(stream.reached)
            ]
            take *= 2
        self._given_up = self._given_up or bool(streams)

    def _ends(self, part: Sequence[Visible]) -> dict[int, int]:
        """The last number of each conversation that this page may show."""
        found: dict[int, int] = {}
        until: dict[int, dict[int, tuple[int, int]]] = {}
        for each in part:
            behind, latest = self._wanted.behind, None
            found[each.conversation] = each.last
            if self._wanted.before is not None:
                latest = self._wanted.before - 1
            if behind is not None and each.conversation == behind.conversation:
                found[each.conversation] = min(each.last, behind.seq - 1)
                continue
            if behind is not None:
                latest = behind.time - (each.conversation > behind.conversation)
            if latest is not None and each.changed_at > latest:
                until.setdefault(latest, {})[each.conversation] = (each.first, each.last)
        for latest, ranges in until.items():
            found |= messages.last_until(self._cursor, ranges, latest)
        return found

    def _candidates(
        self, each: Visible, end: int, known: dict[tuple[int, int], dict[str, int]]
    ) -> Iterator[int]:
        """Numbers of messages that may be wanted, from ``end`` down."""
        yield from range(end, max(each.indexed_seq, each.first - 1), -1)
        end = min(end, each.indexed_seq)
        lowest, block, step = each.first >> BLOCK_BITS, end >> BLOCK_BITS, 0
        while end >= each.first and block >= lowest:
            count = BLOCKS[min(step, len(BLOCKS) - 1)]
            blocks = range(block, max(lowest, block - count + 1) - 1, -1)
            if each.last >> BLOCK_BITS:
                known = search_index.sets(self._cursor, [each.conversation], blocks, self._asked)
            for number in blocks:
                base = number << BLOCK_BITS
                bits = self._joined(known.get((each.conversation, number), {}))
                bits &= (1 << max(0, end - base + 1)) - 1
                for place in falling(bits):
                    if base + place < each.first:
                        return
                    yield base + place
            block, step = blocks[-1] - 1, step + 1

    def _joined(self, sets: dict[str, int]) -> int:
        """Messages of a block that have all that is asked for."""
        bits = -1
        for token in self._tokens:
            bits &= sets.get(token, 0)
        if self._tokens:
            bits |= sets.get(LONG, 0)
        if self._sender is not None:
            bits &= sets.get(self._sender, 0)
        return bits

    def _read(self, streams: list[_Stream], take: int) -> None:
        """Look at the next candidates of each conversation."""
        places: dict[int, list[int]] = {}
        for stream in streams:
            part = list(islice(stream.candidates, take))
            stream.ended = len(part) < take
            if part:
                places[stream.conversation] = part
                self._messages -= len(part)
        by_conversation = {stream.conversation: stream for stream in streams}
        hits: list[Hit] = []
        for said in messages.said(self._cursor, places):
            stream = by_conversation[said.conversation]
            if self._wanted.after is not None and said.time < self._wanted.after:
                stream.ended = True
                continue
            stream.reached = min(stream.reached or _position(said), _position(said))
            hit = self._compare(said)
            if hit is not None and not self._is_behind(hit.position):
                hits.append(hit)
        hidden = members.hidden_places(
            self._cursor, self._user, [(hit.said.conversation, hit.said.seq) for hit in hits]
        )
        for hit in hits:
            if (hit.said.conversation, hit.said.seq) not in hidden:
                heapq.heappush(self._best, (hit.position, hit))
                if len(self._best) > self._wanted.limit + 1:
                    heapq.heappop(self._best)

    def _compare(self, said: Said) -> Hit | None:
        self._text -= len(said.text)
        if self._wanted.sender not in (None, said.sender):
            return None
        if self._wanted.query is None:
            return Hit(said, ())
        ranges = find(self._wanted.query, said.text)
        return None if ranges is None else Hit(said, ranges)


def _position(said: Said) -> Position:
    return Position(said.time, said.conversation, said.seq)
