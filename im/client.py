"""A client for programs: bots, tests, and whoever would rather not write the protocol by hand.

Example::

    async def main():
        async with Client(["http://localhost:8888"], "imt_…", unread=True) as bot:
            async for entry in bot.entries():
                if isinstance(entry, Message) and entry.sender != bot.user.id:
                    await bot.send(bot.target(entry), f"You said: {entry.text}")
                await bot.read(entry)

It reconnects by itself, to the next of its nodes, and asks for what it missed: each entry comes
once, in the order of its conversation; after a restored backup from where it would begin. ``send``
repeats a message under the same key until it is committed or refused. A node that is full or going
down says when to come back (``Retry-After``, ``bye``); it is not asked before, and not by all at
the same moment.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from im.file_client import Files, Progress, Source, size_of
from im.http_client import Api, Refused, Trusted, call, pause_after, post, trusting
from im.node_choice import FIRST_PAUSE, NodeChoice, retry_after
from im.protocol import names
from im.protocol.encoding import encode
from im.protocol.server import (
    AnyServerFrame,
    Bye,
    Entry,
    Error,
    Event,
    Limits,
    Message,
    Ok,
    Resync,
    User,
    Welcome,
)

__all__ = ["Client", "Disconnected", "Refused", "call", "post"]

ANSWER_SECONDS = 10.0
PAGE = 500
MAX_QUEUE = 100_000
"""Entries that wait to be taken; beyond it the client stops reading."""
SILENCE_SECONDS = 30.0

_frames: msgspec.json.Decoder[AnyServerFrame] = msgspec.json.Decoder(AnyServerFrame)

log = logging.getLogger("im.client")


class Disconnected(Exception):
    """The connection was lost before the answer: the outcome is unknown."""


class Client:
    """One logged-in program.

    Args:
        urls: nodes, ``http(s)://host:port``; the next is tried when one is gone.
        token: of a session.
        authority: see ``trusting``.
        unread: begin after what was read (``read``) the last time; else with the oldest entry.

    Attributes:
        api: the same program's calls over HTTP: search, one's lists, everything else.
        files: uploads and downloads.
        limits: the node's; known after the first welcome.
        user: who one is; known after the first welcome.
        others: frames that are no entries and no answers (marks, typing, presence, states).
    """

    def __init__(
        self, urls: Sequence[str], token: str, authority: Trusted = None, *, unread: bool = False
    ) -> None:
        self._nodes = NodeChoice(urls)
        self._trusted = trusting(authority)
        self.token = token
        self.api = Api(urls, token, self._trusted)
        self.files = Files(urls, token, self._trusted)
        self.limits: Limits | None = None
        self._unread = unread
        self._early: list[Entry] | None = [] if unread else None
        self._cluster = ""
        self._socket: WebSocketClientConnection | None = None
        self._connected = asyncio.Event()
        self._closing = False
        self._answers: dict[int, asyncio.Future[Ok]] = {}
        self._number = 0
        self._cursors: dict[str, int] = {}
        self._syncing: dict[str, list[Entry]] = {}
        self._entries: asyncio.Queue[Entry] = asyncio.Queue(MAX_QUEUE)
        self._lines: dict[str, asyncio.Lock] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._task: asyncio.Task[None] | None = None
        self.others: asyncio.Queue[AnyServerFrame] = asyncio.Queue()
        self.user = User(id=0, name="")
        self.connections = 0

    @classmethod
    async def log_in(
        cls, urls: Sequence[str], name: str, password: str, authority: Trusted = None
    ) -> Client:
        """A client of an account. Raises ``HTTPClientError``, ``ssl.SSLError`` or ``OSError``."""
        return await cls._enter(urls, "login", {"name": name, "password": password}, authority)

    @classmethod
    async def register(
        cls, urls: Sequence[str], name: str, password: str, authority: Trusted = None
    ) -> Client:
        """A client of a new account. Raises as ``log_in`` does."""
        body = {"name": name, "password": password, "repassword": password}
        return await cls._enter(urls, "register", body, authority)

    @classmethod
    async def _enter(
        cls, urls: Sequence[str], where: str, body: dict[str, Any], authority: Trusted
    ) -> Client:
        trusted = trusting(authority)
        answer = await post(urls[0], f"/api/{where}", body, authority=trusted)
        return cls(urls, answer["token"], trusted)

    async def __aenter__(self) -> Client:
        await self.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def start(self, wait: bool = True) -> None:
        """Connect, and stay connected; returns after the first welcome."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        if wait:
            await self.connected()

    async def connected(self) -> None:
        """Return when the client is connected and has asked for what it missed."""
        await self._connected.wait()

    async def close(self) -> None:
        """Disconnect for good."""
        self._closing = True
        if self._socket is not None:
            self._socket.close()
        tasks = [*self._background, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def drop(self) -> None:
        """Lose the connection as a broken network would; the client comes back by itself."""
        protocol = self._socket.protocol if self._socket is not None else None
        stream = getattr(protocol, "stream", None)
        if stream is not None:
            stream.close()

    async def entries(self) -> AsyncIterator[Entry]:
        """Every entry of all conversations as it comes, each once, in order."""
        while True:
            yield await self._entries.get()

    def taken(self) -> list[Entry]:
        """The entries that wait, without waiting for more."""
        return [self._entries.get_nowait() for _ in range(self._entries.qsize())]

    def target(self, entry: Entry) -> str:
        """Where to write in order to answer an entry."""
        return names.target_for(entry.conv, self.user.id) or entry.conv

    async def send(self, to: str, text: str, *, key: str | None = None, **fields: Any) -> Ok:
        """Send a message; returns when it is committed, however often that has to be tried.

        Messages to one target are sent one after the other, so they keep their order. Raises
        ``Refused``.
        """
        key = key or secrets.token_hex(16)
        async with self._lines.setdefault(to, asyncio.Lock()):
            while True:
                try:
                    return await self.request("send", to=to, text=text, key=key, **fields)
                except Refused as error:
                    await pause_after(error)
                except Disconnected:
                    await asyncio.sleep(FIRST_PAUSE)

    async def send_file(
        self,
        to: str,
        source: Source,
        text: str = "",
        *,
        key: str | None = None,
        name: str | None = None,
        progress: Progress | None = None,
        **fields: Any,
    ) -> Ok:
        """Send a picture, recording or other file, as what the node finds it to be.

        ``source``: a path, or the bytes. ``progress``: called with the bytes that have gone and
        those of the file. Raises ``Refused`` or ``OSError`` (the file cannot be read).
        """
        key = key or secrets.token_hex(16)
        await self._connected.wait()
        if self.limits is not None and size_of(source) > self.limits.upload_bytes:
            message = f"at most {self.limits.upload_bytes} bytes"
            raise Refused(Error(code="too_large", message=message, field="file"))
        file = await self.files.upload_at_last(source, name=name, progress=progress)
        return await self.send(to, text, key=key, media=file.media, file=file.id, **fields)

    async def read(self, entry: Entry) -> None:
        """All up to this entry is done with: ``unread`` begins after it, and people see it read.

        Raises ``Refused`` or ``Disconnected``.
        """
        await self.request("read", conv=entry.conv, seq=entry.seq)

    async def request(self, op: str, **fields: Any) -> Ok:
        """Send a frame and return its answer. Raises ``Refused`` or ``Disconnected``."""
        await self._connected.wait()
        return await self._request(op, **fields)

    async def tell(self, op: str, **fields: Any) -> None:
        """Send a frame that has no answer. Raises ``Disconnected``."""
        await self._connected.wait()
        await self._write({"op": op, **fields})

    # Inside

    async def _request(self, op: str, **fields: Any) -> Ok:
        number = self._number = self._number + 1
        self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self._write({"op": op, "id": number, **fields})
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._answers[number]
        except TimeoutError:
            self.drop()
            raise Disconnected("no answer") from None
        finally:
            self._answers.pop(number, None)

    async def _write(self, frame: dict[str, Any]) -> None:
        if self._socket is None:
            raise Disconnected("not connected")
        try:
            await self._socket.write_message(encode(frame))
        except WebSocketClosedError as error:
            raise Disconnected("connection lost") from error

    async def _run(self) -> None:
        while not self._closing:
            url = await self._nodes.next()
            try:
                await self._stay(url)
                self._nodes.went_well()
            except HTTPClientError as error:
                log.debug("%s: %s", url, error)
                self._nodes.leave_alone(url, retry_after(error))
            except (OSError, WebSocketClosedError, Disconnected) as error:
                log.debug("%s: %s", url, error)
            finally:
                self._lost()

    async def _stay(self, url: str) -> None:
        request = HTTPRequest(
            url.replace("http", "ws", 1) + "/ws",
            headers={"Authorization": f"Bearer {self.token}"},
            connect_timeout=ANSWER_SECONDS,
            ssl_options=self._trusted,
        )
        self._socket = await websocket_connect(request, subprotocols=["im.v1"])
        while True:
            async with asyncio.timeout(SILENCE_SECONDS) as limit:
                while True:
                    data = await self._socket.read_message()
                    if data is None:
                        return
                    limit.reschedule(asyncio.get_running_loop().time() + SILENCE_SECONDS)
                    frame = _frames.decode(data)
                    if isinstance(frame, Bye) or (isinstance(frame, Error) and frame.id is None):
                        self._nodes.leave_alone(url, (frame.retry_after or 0) / 1000)
                    await self._receive(frame)

    async def _receive(self, frame: AnyServerFrame) -> None:
        if isinstance(frame, Message | Event):
            await self._entry(frame)
        elif isinstance(frame, Ok | Error) and isinstance(frame.id, int):
            future = self._answers.get(frame.id)
            if future is not None and not future.done():
                if isinstance(frame, Ok):
                    future.set_result(frame)
                else:
                    future.set_exception(Refused(frame))
        elif isinstance(frame, Welcome):
            if self._cluster not in ("", frame.cluster):  # a backup was restored
                self._cursors.clear()
                self._early = [] if self._unread else None
            self.user, self.limits, self._cluster = frame.user, frame.limits, frame.cluster
            self._spawn(self._catch_up())
        elif isinstance(frame, Resync):
            self._spawn(self._sync(frame.conv) if frame.conv else self._catch_up())
        elif not isinstance(frame, Bye):
            self.others.put_nowait(frame)

    async def _entry(self, entry: Entry) -> None:
        if self._early is not None:
            self._early.append(entry)
            return
        waiting = self._syncing.get(entry.conv)
        if waiting is not None:
            waiting.append(entry)
            return
        cursor = self._cursors.get(entry.conv, 0)
        if entry.seq > cursor + 1:
            self._syncing[entry.conv] = [entry]
            self._spawn(self._sync(entry.conv))
        elif entry.seq == cursor + 1:
            await self._take(entry)

    async def _take(self, entry: Entry) -> None:
        self._cursors[entry.conv] = entry.seq
        await self._entries.put(entry)

    async def _catch_up(self) -> None:
        cursor: str | None = None
        while True:
            page = await self._ask("conversations", cursor=cursor)
            for summary in page.conversations or []:
                if self._early is not None:
                    self._cursors.setdefault(summary.conv, summary.read_seq)
                if summary.last_seq > self._cursors.get(summary.conv, 0):
                    await self._sync(summary.conv)
            cursor = page.cursor
            if cursor is None:
                break
        early, self._early = self._early or [], None
        for entry in early:
            await self._entry(entry)
        self.connections += 1
        self._connected.set()

    async def _sync(self, conversation: str) -> None:
        self._syncing.setdefault(conversation, [])
        try:
            while True:
                after = self._cursors.get(conversation, 0)
                page = await self._ask("sync", conv=conversation, after=after, limit=PAGE)
                for entry in page.entries or []:
                    if entry.seq > self._cursors.get(conversation, 0):
                        await self._take(entry)
                # What one has hidden is covered too.
                covered = max(page.last or 0, self._cursors.get(conversation, 0))
                self._cursors[conversation] = covered
                if not page.more:
                    break
        finally:
            waiting = self._syncing.pop(conversation, [])
        for entry in waiting:
            await self._entry(entry)

    async def _ask(self, op: str, **fields: Any) -> Ok:
        """Ask again while the node cannot answer; the connection is good all the same."""
        while True:
            try:
                return await self._request(op, **fields)
            except Refused as error:
                await pause_after(error)

    def _lost(self) -> None:
        self._connected.clear()
        self._socket = None
        for task in self._background:
            task.cancel()
        for future in self._answers.values():
            if not future.done():
                future.set_exception(Disconnected("connection lost"))
                future.exception()  # Whose writing fails as well never asks for it.
                future.exception()  # heard: whoever still writes the frame does not wait for it

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._spawned)

    def _spawned(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.debug("catching up failed: %s", task.exception())
            self.drop()
