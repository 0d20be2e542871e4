"""One client frame in, its answer out: the native protocol on top of the services."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from im.errors import ImError, Internal, Malformed, Unavailable
from im.i18n import Catalogue
from im.protocol import client as frames
from im.protocol.encoding import decode_frame, frame_id
from im.protocol.refusal import error_frame
from im.protocol.scopes import FRAME_SCOPES
from im.protocol.server import Limits, Ok, Welcome
from im.services import views
from im.services.accounts import Accounts
from im.services.conversations import Conversations
from im.services.delivery import Delivery
from im.services.history import History
from im.services.marks import Marks
from im.services.messages import Messages
from im.services.presence import Presence
from im.services.rights import Rights
from im.services.shedding import Shedding
from im.services.submissions import Sent
from im.services.typing_notes import TypingNotes
from im.wire.admission import Admission
from im.wire.client import Client
from im.wire.connection import Work
from im.wire.incoming import admit_frame

log = logging.getLogger("im.gateway")

GREETING = "欢迎进入聊天系统"

Outcome = Sent | ImError | None
"""What became of a frame: an entry was committed, or it was refused, or it is just done."""


@dataclass(frozen=True, slots=True)
class GatewayServices:
    """What the gateway calls."""

    accounts: Accounts
    admission: Admission
    conversations: Conversations
    delivery: Delivery
    history: History
    marks: Marks
    messages: Messages
    presence: Presence
    rights: Rights
    shedding: Shedding
    typing: TypingNotes


class Gateway:
    """Answers the frames of logged-in connections.

    Args:
        limits: what clients are told of the limits.
        node: this node's name.
        cluster: see ``Welcome``.
        now_ms: the time, UTC ms.
        pending: frames of one connection that may wait for their commit; then reading waits until
            half of them are answered.
        timeout: seconds from when a frame came until it is answered, if only by ``Unavailable``.
    """

    def __init__(
        self,
        services: GatewayServices,
        catalogue: Catalogue,
        limits: Callable[[], Limits],
        node: str,
        cluster: str,
        now_ms: Callable[[], int],
        pending: int,
        timeout: float,
    ) -> None:
        self._services = services
        self._catalogue = catalogue
        self._limits = limits
        self._node = node
        self._cluster = cluster
        self._now_ms = now_ms
        self._pending = pending
        self._timeout = timeout
        # These are answered when their outcome is known, by themselves.
        self._lines: dict[type[frames.Frame], Callable[[Client, Any], Work | None]] = {
            frames.Send: self._send,
            frames.Recall: self._recall,
            frames.Edit: self._edit,
            frames.Delivered: self._delivered,
            frames.Read: self._read,
        }
        self._handlers: dict[type[frames.Frame], Callable[[Client, Any], Work | None]] = {
            frames.Hello: self._hello,
            frames.Typing: self._typing,
            frames.Sync: self._sync,
            frames.Conversations: self._conversations,
            frames.Hide: self._hide,
            frames.Pin: self._pin,
            frames.Mute: self._mute,
            frames.MarkUnread: self._mark_unread,
            frames.Watch: self._watch,
            frames.Away: self._away,
            frames.Ping: self._ping,
        }
        self.received = 0
        """Frames so far."""

    async def open(self, client: Client) -> None:
        """Let a connection in and greet it. Raises ``Unavailable`` or ``NotFound``."""
        row = await self._services.admission.admit(client)
        client.send(
            Welcome(
                text=GREETING,
                user=views.user(row),
                node=self._node,
                cluster=self._cluster,
                time=self._now_ms(),
                limits=self._limits(),
                session=client.session,
                can_broadcast=self._services.rights.may_broadcast(client.identity),
            )
        )

    def closed(self, client: Client) -> None:
        """A connection is gone."""
        self._services.presence.forget(client)
        self._services.admission.release(client)

    def receive(self, client: Client, data: str | bytes) -> Work | None:
        """Handle one frame; the next one of this connection comes when what this returns is done.

        That is when the frame has its place in line; its answer may come later. None: it is done.
        Neither this nor what it returns ever raises.
        """
        self.received += 1
        frame: frames.ClientFrame | None = None
        try:
            frame = decode_frame(admit_frame(data, client))
            if client.identity.scopes is not None:
                client.identity.check_scope(FRAME_SCOPES.get(type(frame)))
            line = self._lines.get(type(frame))
            if line is not None:
                return line(client, frame)
            work = self._handlers[type(frame)](client, frame)
        except ImError as error:
            self._refuse(client, frame.id if frame is not None else frame_id(data), error)
            return None
        except Exception:
            log.exception("a frame of user %d failed", client.user)
            self._refuse(client, frame.id if frame is not None else None, Internal())
            return None
        return None if work is None else self._finish(client, frame.id, work)

    async def _finish(self, client: Client, number: frames.FrameId, work: Work) -> None:
        try:
            async with asyncio.timeout_at(client.came + self._timeout):
                await work
        except TimeoutError:
            self._refuse(client, number, Unavailable("no answer in time"))
        except ImError as error:
            self._refuse(client, number, error)
        except Exception:
            log.exception("a frame of user %d failed", client.user)
            self._refuse(client, number, Internal())

    # Answers

    def _refuse(self, client: Client, number: frames.FrameId, error: ImError) -> None:
        client.send(error_frame(self._catalogue, client.identity.language, error, number))

    def _later(self, client: Client, number: frames.FrameId) -> Callable[[Outcome], None]:
        """What answers a frame when its outcome is known."""
        client.pending += 1
        return partial(self._answer, client, number)

    def _answer(self, client: Client, number: frames.FrameId, outcome: Outcome) -> None:
        client.pending -= 1
        if client.room is not None and client.pending <= self._pending // 2:
            client.room.set_result(None)
            client.room = None
        if isinstance(outcome, Sent):
            client.send(
                Ok(
                    id=number,
                    conv=outcome.conv,
                    seq=outcome.seq,
                    time=outcome.time,
                    repeated=outcome.repeated,
                )
            )
        elif outcome is None:
            client.send(Ok(id=number))
        else:
            self._refuse(client, number, outcome)

    def _read_on(self, client: Client, waiting: Work | None) -> Work | None:
        """The next frame may come after ``waiting``, unless too many of this client's wait."""
        return waiting if client.pending < self._pending else self._make_room(client, waiting)

    async def _make_room(self, client: Client, waiting: Work | None) -> None:
        if waiting is not None:
            await waiting
        if client.pending >= self._pending:
            loop = asyncio.get_running_loop()
            client.room = loop.create_future()
            await client.room
            client.since = loop.time()

    # Frames

    def _hello(self, client: Client, frame: frames.Hello) -> None:
        raise Malformed("already known", field="op")

    def _send(self, client: Client, frame: frames.Send) -> Work | None:
        answer = self._later(client, frame.id)
        messages = self._services.messages
        return self._read_on(client, messages.submit(client.identity, frame, answer, client.came))

    def _recall(self, client: Client, frame: frames.Recall) -> Work | None:
        answer = self._later(client, frame.id)
        messages = self._services.messages
        return self._read_on(client, messages.recall(client.identity, frame, answer, client.came))

    def _edit(self, client: Client, frame: frames.Edit) -> Work | None:
        answer = self._later(client, frame.id)
        messages = self._services.messages
        return self._read_on(client, messages.edit(client.identity, frame, answer, client.came))

    def _delivered(self, client: Client, frame: frames.Delivered) -> Work | None:
        return self._mark(client, frame, read=False)

    def _read(self, client: Client, frame: frames.Read) -> Work | None:
        return self._mark(client, frame, read=True)

    def _mark(
        self, client: Client, frame: frames.Delivered | frames.Read, *, read: bool
    ) -> Work | None:
        # Marks are gathered for a moment before they are stored: nothing else waits for that.
        move = self._services.marks.move(client.identity, frame.conv, frame.seq, read=read)
        task = asyncio.get_running_loop().create_task(move)
        task.add_done_callback(partial(self._moved, client, self._later(client, frame.id)))
        return self._read_on(client, None)

    def _moved(
        self, client: Client, answer: Callable[[Outcome], None], task: asyncio.Task[None]
    ) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ImError):
            log.error("a mark of user %d failed", client.user, exc_info=error)
            error = Internal()
        answer(error)

    def _typing(self, client: Client, frame: frames.Typing) -> Work | None:
        if self._services.shedding.is_behind:
            return None  # It may be dropped, and goes first.
        return self._services.typing.note(client.identity, frame.to)

    async def _sync(self, client: Client, frame: frames.Sync) -> None:
        page = await self._services.history.page(
            client.identity,
            frame.conv,
            after=frame.after,
            before=frame.before,
            around=frame.around,
            limit=frame.limit,
            erasures=self._services.delivery,
        )
        client.send(
            Ok(
                id=frame.id,
                conv=page.conv,
                entries=page.entries,
                first=page.first,
                last=page.last,
                more=page.more,
                users=page.users,
            )
        )

    async def _conversations(self, client: Client, frame: frames.Conversations) -> None:
        page = await self._services.conversations.page(
            client.identity, frame.cursor, frame.limit, self._services.delivery
        )
        client.send(
            Ok(
                id=frame.id,
                conversations=page.conversations,
                cursor=page.cursor,
                users=page.users,
            )
        )

    async def _hide(self, client: Client, frame: frames.Hide) -> None:
        await self._services.conversations.hide(
            client.identity, frame.conv, frame.seq, frame.hidden
        )
        client.send(Ok(id=frame.id))

    async def _pin(self, client: Client, frame: frames.Pin) -> None:
        await self._services.conversations.pin(client.identity, frame.conv, frame.pinned)
        client.send(Ok(id=frame.id))

    async def _mute(self, client: Client, frame: frames.Mute) -> None:
        await self._services.conversations.mute(client.identity, frame.conv, frame.muted)
        client.send(Ok(id=frame.id))

    async def _mark_unread(self, client: Client, frame: frames.MarkUnread) -> None:
        await self._services.conversations.mark_unread(
            client.identity, frame.conv, frame.marked_unread
        )
        client.send(Ok(id=frame.id))

    async def _watch(self, client: Client, frame: frames.Watch) -> None:
        before = client.watched
        shown = await self._services.presence.visible(client.user, frame.users)
        if client.connection.closed:
            return
        client.watched = frozenset(shown)
        self._services.presence.watch(client, before, client.watched)
        client.send(
            Ok(
                id=frame.id,
                presence=[
                    self._services.presence.of(user, last_seen) for user, last_seen in shown.items()
                ],
            )
        )

    def _away(self, client: Client, frame: frames.Away) -> None:
        since = self._now_ms() - frame.idle_ms if frame.away else None
        self._services.admission.used(client, since)
        client.send(Ok(id=frame.id))

    def _ping(self, client: Client, frame: frames.Ping) -> None:
        client.send(Ok(id=frame.id, time=self._now_ms()))
