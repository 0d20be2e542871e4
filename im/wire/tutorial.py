"""The tutorial's dialect on a socket: its frames in, the log's entries out, on the same services.

On connecting come a greeting, then what is unread, then what happens; each entry once and in the
order of its conversation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from im.errors import ImError, Internal, Unauthorized, Unavailable
from im.i18n import Catalogue
from im.protocol import names, tutorial
from im.protocol.encoding import encode
from im.protocol.refusal import error_answer
from im.protocol.server import Event, Message
from im.services.identity import Identity
from im.services.limits import TokenBucket
from im.services.submissions import Sent
from im.wire.connection import CloseCode, Connection
from im.wire.gateway import GREETING, GatewayServices
from im.wire.incoming import admit_frame
from im.wire.tutorial_client import EVERYTHING, MAX_NAMES, TutorialClient

MAX_UNREAD = 500
"""Unread entries that are shown on connecting, the newest; a line tells of the others."""
ENTRY_BYTES = 500
"""What a frame has beside its text, about."""
BYTES_PER_CHARACTER = 3
MAX_LIST_PAGES = 20
"""Pages of the list of conversations that are looked through for unread entries."""
LIST_PAGE = 100

log = logging.getLogger("im.tutorial")


class TutorialGateway:
    """Answers the frames of connections that speak the dialect.

    Args:
        now_ms: the time, UTC ms.
        pending: messages of one connection that may wait for their commit; then reading waits.
        unread_bytes: what the unread entries on connecting may weigh.
    """

    def __init__(
        self,
        services: GatewayServices,
        catalogue: Catalogue,
        now_ms: Callable[[], int],
        pending: int,
        unread_bytes: int,
    ) -> None:
        self._services = services
        self._catalogue = catalogue
        self._now_ms = now_ms
        self._pending = pending
        self._unread_bytes = unread_bytes
        self._marking: set[asyncio.Task[None]] = set()
        self.received = 0
        """Frames so far."""

    def client(
        self, connection: Connection, identity: Identity, bucket: TokenBucket
    ) -> TutorialClient:
        """A connection of a person who has shown who they are."""
        return TutorialClient(connection, identity, bucket, self._work, self._session_ended)

    async def open(self, client: TutorialClient) -> None:
        """Let a connection in and greet it; the unread entries follow.

        Raises ``Unavailable`` or ``NotFound``.
        """
        # What is delivered from now on waits behind the greeting and the unread entries.
        await self._services.admission.admit(client)
        greeting = tutorial.server_line(GREETING, client.user, self._now_ms())
        client.connection.send(encode(greeting))
        client.greeted = True
        self._work(client)

    def closed(self, client: TutorialClient) -> None:
        """A connection is gone."""
        client.close()
        self._services.admission.release(client)

    async def receive(self, client: TutorialClient, data: str | bytes) -> None:
        """Handle one frame; the next one of this connection comes when this returns.

        It returns once the message has its place in line. Never raises.
        """
        self.received += 1
        try:
            send = tutorial.read_frame(admit_frame(data, client.bucket), client.user)
            if send is None:
                return
            client.identity.check_scope("send")
        except ImError as error:
            self.refuse(client, error)
            return
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        client.sending.add(sent)
        told = partial(self._told, client, sent)
        waiting = self._services.messages.submit(client.identity, send, told, client.came)
        if waiting is not None:
            await waiting
        if len(client.sending) >= self._pending:
            await sent
            client.since = asyncio.get_running_loop().time()

    def pong(self, client: TutorialClient, data: bytes) -> None:
        """The other side has received what was sent before a ping: mark it as read."""
        for conversation, seq in client.proven(data).items():
            task = asyncio.get_running_loop().create_task(self._mark(client, conversation, seq))
            self._marking.add(task)
            task.add_done_callback(self._marking.discard)

    def refuse(self, client: TutorialClient, error: ImError) -> None:
        """Say what is wrong, in the envelope that the dialect's HTTP answers have, too."""
        client.connection.send(self.error_frame(client.identity, error))

    def error_frame(self, who: Identity, error: ImError) -> bytes:
        """An error as a frame."""
        return encode(error_answer(self._catalogue, who.language, error))

    def farewell(self, who: Identity, retry_after: int) -> bytes:
        """The line that says that the node is going down."""
        return self._line(who, "tutorial.going_down", seconds=-(-retry_after // 1000))

    async def private_log(
        self, who: Identity, other: int, start: int, end: int, *, oldest_first: bool
    ) -> tuple[list[tutorial.ServerFrame], int]:
        """A range of the messages of two people, and how many they have in all.

        As ``History.private_range`` counts; at most 500 entries or 1 MiB, from the side counted.
        """
        history = self._services.history
        first, last, total = await history.private_range(
            who, other, start, end, oldest_first=oldest_first
        )
        if not first:
            return [], total
        page = await history.page(
            who,
            names.private(who.user, other),
            after=first - 1 if oldest_first else None,
            before=None if oldest_first else last + 1,
            around=None,
            limit=min(MAX_UNREAD, last - first + 1),
            erasures=self._services.delivery,
        )
        people = {person.id: person.name for person in page.users}
        rows = [
            self._stored(who, entry, people)
            for entry in page.entries
            if isinstance(entry, Message) and first <= entry.seq <= last
        ]
        return rows if oldest_first else rows[::-1], total

    # Inside

    def _stored(
        self, who: Identity, message: Message, people: Mapping[int, str]
    ) -> tutorial.ServerFrame:
        if message.expired:
            text = self._catalogue.translate(who.language, "expired.message")
            return tutorial.line_frame(message, text)
        if not message.recalled:
            return tutorial.message_frame(message)
        name = people.get(message.sender, f"#{message.sender}")
        text = self._catalogue.translate(who.language, "recall.by", name=name)
        return tutorial.line_frame(message, text)

    def _line(self, who: Identity, key: str, **values: int) -> bytes:
        text = self._catalogue.translate(who.language, key, **values)
        return encode(tutorial.server_line(text, who.user, self._now_ms()))

    def _session_ended(self, client: TutorialClient) -> None:
        self.refuse(client, Unauthorized("session ended"))

    def _told(
        self, client: TutorialClient, sent: asyncio.Future[None], outcome: Sent | ImError
    ) -> None:
        """Note what was committed for this connection, or say why it was not."""
        if isinstance(outcome, Sent):
            client.sent(outcome.conv, outcome.seq)
        else:
            self.refuse(client, outcome)
        client.sending.discard(sent)
        sent.set_result(None)

    async def _mark(self, client: TutorialClient, conversation: str, seq: int) -> None:
        try:
            await self._services.marks.move(client.identity, conversation, seq, read=True)
        except ImError as error:
            # It stays unread and comes again on the next connection.
            log.info("user %d, %s: not marked as read: %s", client.user, conversation, error.code)

    # What is shown

    def _work(self, client: TutorialClient) -> None:
        """Show what can be shown at once; leave the rest to a task."""
        if client.worker is not None or not client.greeted:
            return
        while client.waiting and not client.behind:
            waiting = client.waiting[0]
            if waiting.sending or self._unknown(client, waiting.entry):
                break
            self._show(client, client.waiting.popleft().entry)
        if client.waiting or client.behind:
            client.worker = asyncio.get_running_loop().create_task(self._run(client))

    async def _run(self, client: TutorialClient) -> None:
        try:
            while client.behind or client.waiting:
                if client.behind:
                    await self._catch_up(client, client.behind.pop())
                    continue
                waiting = client.waiting[0]
                if waiting.sending:
                    await asyncio.wait(waiting.sending)
                await self._learn(client, self._unknown(client, waiting.entry))
                self._show(client, client.waiting.popleft().entry)
        except ImError as error:
            self.refuse(client, error)
            client.connection.close(CloseCode.TRY_AGAIN_LATER, error.code)
        except Exception:
            log.exception("user %d cannot be shown what happens", client.user)
            self.refuse(client, Internal())
            client.connection.close(CloseCode.INTERNAL, "internal")
        finally:
            client.worker = None

    async def _catch_up(self, client: TutorialClient, conversation: str) -> None:
        """Show unread entries of one conversation, or of all."""
        if conversation != EVERYTHING:
            entries, _ = await self._news(client, conversation, 0, MAX_UNREAD)
            await self._show_all(client, entries)
            return
        blocks, left_out = await self._unread(client)
        # What changed last comes last.
        for block in reversed(blocks):
            await self._show_all(client, block)
        if left_out:
            client.connection.send(self._line(client.identity, "tutorial.more_unread"))

    async def _unread(self, client: TutorialClient) -> tuple[list[list[Message | Event]], bool]:
        """Unread entries, a list for each conversation, and whether there are more."""
        blocks: list[list[Message | Event]] = []
        entries_left, bytes_left = MAX_UNREAD, self._unread_bytes
        cursor: str | None = None
        for _ in range(MAX_LIST_PAGES):
            page = await self._services.conversations.page(
                client.identity, cursor, LIST_PAGE, self._services.delivery
            )
            for summary in page.conversations:
                if summary.last_seq <= max(summary.read_seq, client.shown.get(summary.conv, 0)):
                    continue
                if entries_left <= 0 or bytes_left <= 0:
                    return blocks, True
                found, more = await self._news(client, summary.conv, summary.read_seq, entries_left)
                entries_left -= max(len(found), 1)
                bytes_left -= sum(_weight(entry) for entry in found)
                blocks.append(found)
                if more:
                    return blocks, True
            cursor = page.cursor
            if cursor is None:
                break
        return blocks, cursor is not None

    async def _news(
        self, client: TutorialClient, conversation: str, after: int, limit: int
    ) -> tuple[list[Message | Event], bool]:
        """The newest entries of a conversation after a number, and whether there are more."""
        after = max(after, client.shown.get(conversation, 0))
        page = await self._services.history.page(
            client.identity,
            conversation,
            after=None,
            before=None,
            around=None,
            limit=limit,
            erasures=self._services.delivery,
        )
        for person in page.users:
            _remember(client, person.id, person.name)
        found = [entry for entry in page.entries if entry.seq > after]
        return found, page.more and page.first is not None and page.first > after + 1

    async def _show_all(self, client: TutorialClient, entries: Iterable[Message | Event]) -> None:
        for entry in entries:
            await self._learn(client, self._unknown(client, entry))
            self._show(client, entry)

    def _show(self, client: TutorialClient, entry: Message | Event) -> None:
        if not client.fresh(entry):
            return
        if isinstance(entry, Message):
            # One that was taken back has nothing to show; the line that tells of it comes later.
            # One that has expired is too old to be news.
            if not (entry.recalled or entry.expired):
                client.connection.send(encode(tutorial.message_frame(entry)))
            return
        language = client.identity.language
        key, values = tutorial.sentence(
            entry,
            lambda user: client.names.get(user, f"#{user}"),
            self._catalogue.translate(language, "list.comma"),
        )
        text = self._catalogue.translate(language, key, **values)
        client.connection.send(encode(tutorial.line_frame(entry, text)))

    def _unknown(self, client: TutorialClient, entry: Message | Event) -> list[int]:
        """People whose names are needed for an entry and not known here yet."""
        if isinstance(entry, Message):
            return []
        return [user for user in tutorial.named(entry) if user not in client.names]

    async def _learn(self, client: TutorialClient, people: list[int]) -> None:
        if not people:
            return
        try:
            for row in await self._services.accounts.several(people):
                _remember(client, row.id, row.name)
        except Unavailable:
            log.info("names of %d people are not known now; their numbers are shown", len(people))


def _remember(client: TutorialClient, user: int, name: str) -> None:
    client.names[user] = name
    client.names.move_to_end(user)
    while len(client.names) > MAX_NAMES:
        client.names.popitem(last=False)


def _weight(entry: Message | Event) -> int:
    return ENTRY_BYTES + BYTES_PER_CHARACTER * len(entry.text)
