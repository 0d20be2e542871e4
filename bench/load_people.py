"""People who behave like people: they come, read, write, send pictures, leave and come again."""

from __future__ import annotations

import asyncio
import io
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from bench.load_notes import Notes
from bench.load_socket import Frame, NotLetIn, Socket, call
from im.protocol import names

THINK_SECONDS = 30.0
"""Between two things that somebody does, on average."""
STAY_SECONDS = 150.0
AWAY_SECONDS = 10.0
WRITE_SECONDS = 1.5
"""From the first key to the message."""
READ_SECONDS = 2.0
"""From a message that has come to its mark, by those who look."""
ANSWER_SECONDS = 10.0
LOOKING = 0.3
"""Share of those in a group who look at a message soon; of two, the other one always does."""
BY_PASSWORD = 0.02
"""Share of visits that begin with name and password; all others bring their session."""
PICTURES = 0.03
HISTORY = 0.25
"""Shares of what people do; the rest is writing."""
TO_GROUP = 0.35
PASSWORD = "correct horse battery staple"
TEXT = "好的，明天上午十点在三楼会议室见 😀 bring the figures of last week, please"


@dataclass(frozen=True, slots=True)
class Account:
    """Who someone is, how they come, and whom they write to.

    Attributes:
        number: 0 and on; their name is ``p`` and the number.
        user: the id.
        token: of a session.
        port: of their node.
        friends, groups: ids.
    """

    number: int
    user: int
    token: str
    port: int
    friends: Sequence[int]
    groups: Sequence[int]


class Person:
    """One person with one device.

    Args:
        hurry: how many times faster than in life everything happens.

    Attributes:
        last: the last number that came in each conversation during this visit.
        since: when this visit began (monotonic).
    """

    def __init__(
        self, account: Account, notes: Notes, rng: random.Random, hurry: float = 1.0
    ) -> None:
        self.account = account
        self._token = account.token
        self._notes = notes
        self._rng = rng
        self._hurry = hurry
        self._socket: Socket | None = None
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._asked = 0
        self._said = 0
        self._marks: dict[str, asyncio.TimerHandle] = {}
        self.last: dict[str, int] = {}
        self.since = 0.0

    @property
    def here(self) -> bool:
        """Whether the person is connected."""
        return self._socket is not None and self._socket.open

    @property
    def waits(self) -> int:
        """Answers that have not come."""
        return len(self._answers)

    async def live(self, end: float) -> None:
        """Come and go until then (monotonic); whoever is there then stays."""
        while time.monotonic() < end:
            await self.come()
            stay = time.monotonic() + self._draw(STAY_SECONDS)
            while time.monotonic() < min(stay, end):
                await self._pause(self._draw(THINK_SECONDS), end)
                if time.monotonic() < min(stay, end):
                    await self._do_something()
            if time.monotonic() < end:
                self.leave()
                await self._pause(self._draw(AWAY_SECONDS), end)
        if not self.here:
            await self.come()

    async def come(self) -> None:
        """Log in if need be, connect, and look at the newest conversation."""
        began = time.monotonic()
        self.last = {}
        try:
            if self._rng.random() < BY_PASSWORD:
                await self._log_in()
            self._socket = await Socket.connect(
                self.account.port, self._token, self._hear, self._lost
            )
        except (NotLetIn, OSError) as error:
            self._fault(f"not let in: {error}")
            return
        self.since = time.monotonic()
        self._notes.did("came")
        self._notes.came.append(self.since - began)
        listed = await self._ask("conversations", limit=20)
        if listed is not None and listed.conversations:
            await self._look(listed.conversations[0].conv)

    def leave(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._notes.did("left")
        self._forget()

    def say(self, target: str, text: str = TEXT, **fields: object) -> asyncio.Future[Frame] | None:
        """Send a message; its answer. None: there is no connection."""
        if not self.here:
            return None
        self._said += 1
        key = f"{self.account.number}-{self._said}"
        text = f"{key} {text}"
        user = self.account.user
        conversation = names.private(user, int(target[2:])) if target[0] == "u" else target
        self._notes.attempt(user, conversation, key, text)
        answer = self._request("send", to=target, text=text, key=key, **fields)
        answer.add_done_callback(lambda done: self._told(done, conversation, key))
        return answer

    @property
    def partner(self) -> str:
        """The first of their friends."""
        return f"u:{self.account.friends[0]}"

    # What people do

    async def _do_something(self) -> None:
        drawn = self._rng.random()
        if drawn < PICTURES:
            await self._send_picture()
        elif drawn < PICTURES + HISTORY and self.last:
            await self._look(self._rng.choice(list(self.last)))
        else:
            await self._write()

    async def _write(self) -> None:
        target = self._target()
        if self._socket is not None:
            self._socket.send({"op": "typing", "to": target})
            self._notes.did("typed")
        await asyncio.sleep(self._draw(WRITE_SECONDS))
        await self._wait(self.say(target), "messages")

    async def _send_picture(self) -> None:
        try:
            status, body = await call(
                *(self.account.port, "POST", "/api/media?name=picture.jpg", draw(self._rng)),
                token=self._token,
                kind="image/jpeg",
            )
        except OSError as error:
            self._fault(f"a picture: {error}")
            return
        if status != 200:
            self._fault(f"a picture: {status} {body[:200]!r}")
            return
        file = json.loads(body)["data"]
        sending = self.say(self._target(), "", media=file["media"], file=file["id"])
        await self._wait(sending, "pictures")

    async def _look(self, conversation: str) -> None:
        page = await self._ask("sync", conv=conversation, limit=50)
        if page is not None:
            self._notes.did("pages read")
            if page.last:
                await self._ask("read", conv=conversation, seq=page.last)

    async def _log_in(self) -> None:
        body = json.dumps({"name": f"p{self.account.number}", "password": PASSWORD}).encode()
        status, answer = await call(self.account.port, "POST", "/api/login", body)
        if status != 200:
            raise NotLetIn(f"log in: {status} {answer[:200]!r}")
        self._token = json.loads(answer)["data"]["token"]
        self._notes.did("logged in by password")

    def _target(self) -> str:
        if self.account.groups and self._rng.random() < TO_GROUP:
            return f"g:{self._rng.choice(self.account.groups)}"
        return f"u:{self._rng.choice(self.account.friends)}"

    def _draw(self, mean: float) -> float:
        return self._rng.expovariate(1.0) * mean / self._hurry

    async def _pause(self, seconds: float, end: float) -> None:
        await asyncio.sleep(max(0.0, min(seconds, end - time.monotonic())))

    # Frames

    async def _ask(self, op: str, **fields: object) -> Frame | None:
        return await self._wait(self._request(op, **fields) if self.here else None, op)

    async def _wait(self, answer: asyncio.Future[Frame] | None, what: str) -> Frame | None:
        """An answer that is no refusal; everything else is a fault."""
        if answer is None:
            return None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                frame = await answer
        except TimeoutError:
            self._fault(f"{what}: no answer")
            return None
        except asyncio.CancelledError:
            if answer.cancelled():
                return None  # hung up meanwhile
            raise
        if frame.op != "ok":
            self._fault(f"{what}: {frame.code}")
            return None
        self._notes.did(what)
        return frame

    def _request(self, op: str, **fields: object) -> asyncio.Future[Frame]:
        self._asked += 1
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[self._asked] = answer
        if self._socket is not None:
            self._socket.send({"op": op, "id": self._asked, **fields})
        return answer

    def _hear(self, frame: Frame) -> None:
        if frame.op in ("message", "event"):
            self._shown(frame)
        elif frame.id is not None:
            answer = self._answers.pop(frame.id, None)
            if answer is not None and not answer.done():
                answer.set_result(frame)
        elif frame.op == "error":
            self._fault(frame.code)

    def _shown(self, frame: Frame) -> None:
        before = self.last.get(frame.conv)
        if before is not None and frame.seq != before + 1:
            self._fault(f"{frame.conv}: {frame.seq} came after {before}")
        self.last[frame.conv] = frame.seq
        if frame.op == "message" and not frame.text.startswith(f"{self.account.number}-"):
            self._notes.show(frame.text)
            if frame.conv not in self._marks and (
                frame.conv[0] == "p" or self._rng.random() < LOOKING
            ):
                self._marks[frame.conv] = asyncio.get_running_loop().call_later(
                    self._draw(READ_SECONDS), self._mark, frame.conv
                )

    def _mark(self, conversation: str) -> None:
        del self._marks[conversation]
        if self.here:
            self._request("read", conv=conversation, seq=self.last[conversation])
            self._notes.did("marks")

    def _told(self, answer: asyncio.Future[Frame], conversation: str, key: str) -> None:
        if answer.cancelled():
            return
        frame = answer.result()
        if frame.op == "ok":
            self._notes.acknowledge(self.account.user, conversation, key, frame.seq)
        else:
            self._notes.refuse(key, frame.code, frame.retry_after)

    def _lost(self) -> None:
        self._socket = None
        self._fault("the connection was lost")
        self._forget()

    def _forget(self) -> None:
        for timer in self._marks.values():
            timer.cancel()
        self._marks.clear()
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            answer.cancel()

    def _fault(self, words: str) -> None:
        self._notes.fault(f"p{self.account.number}: {words}")


def draw(rng: random.Random) -> bytes:
    """A picture that nobody has seen, about 15 kB."""
    small = Image.frombytes("RGB", (8, 6), rng.randbytes(8 * 6 * 3))
    file = io.BytesIO()
    small.resize((640, 480)).save(file, "JPEG", quality=80)
    return file.getvalue()
