"""More than nodes can take: how much they take, what they do with three times as much, and after.

Those who are connected write, one after the other and each always to the same friend, at a rate of
all together, whether answers come or not.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence

from bench.load_notes import Notes
from bench.load_people import Person
from bench.load_socket import Frame, Socket, call
from bench.load_world import World
from bench.million_report import Figures, Progress, shares

FIRST_RATE = 250.0
GROWTH = 1.4
"""From one step of the ramp to the next."""
ANSWERED = 0.9
"""Share of the messages of a step that are answered before its end, where the nodes keep up."""
CHANCES = 2
"""Steps in a row in which they may not: a machine that others use does not always keep up."""
WRITERS = 2000
"""Of all who are connected."""
TIMES = 3.0
"""Of what the nodes take."""
MOST_WAITING = 200
"""Messages that one person has unanswered; nobody writes more."""
TICK_SECONDS = 0.005
LOOK_SECONDS = 0.25
ADMIN_SECONDS = 10.0
"""When an administrator gives up."""
RECOVERY_SECONDS = 5.0
"""After which the nodes are to be as before; it is waited for three times as long."""
PATIENCE_SECONDS = 2.0
AFTERWARDS = 10
"""Messages that show that they are."""
POLITE = {"rate_limited", "unavailable", "overloaded"}
TEXT = "as much as goes, and more"


async def ramp(people: Sequence[Person], notes: Notes, late_ms: float, seconds: float) -> Figures:
    """What the nodes take: more and more, in steps of so many seconds, until they do not."""
    rate, most, in_time, chances = FIRST_RATE, 0.0, 0.0, CHANCES
    progress = Progress("capacity", 1)
    while chances:
        notes.begin()
        sent = await write(people, rate, seconds)
        answered, slowest = len(notes.answered), _slowest(notes)
        most = max(most, answered / seconds)
        if slowest <= late_ms:
            in_time = max(in_time, answered / seconds)
        if notes.refused or answered < ANSWERED * sent:
            chances -= 1
        else:
            chances = CHANCES
            rate *= GROWTH
        ended_by = dict(notes.refused) or f"{answered} of {sent} answered"
        await quiet(people, RECOVERY_SECONDS * 3)
    progress.end(f"{most:,.0f} messages a second, {in_time:,.0f} of them in time")
    return {
        "messages a second": round(most),
        "messages a second in time": round(in_time),
        "ended by": ended_by,
    }


async def overload(
    people: Sequence[Person], notes: Notes, place: World, rate: float, seconds: float
) -> Figures:
    """So many a second, with an administrator who looks on."""
    notes.begin()
    shed = await place.counted("im_shed_total")
    blocked = await place.counted("im_loop_blocked_total")
    before, began = place.processor(), time.monotonic()
    progress = Progress("overload", 1)
    async with asyncio.TaskGroup() as group:
        admins = [Admin(place, node.node.port) for node in place.nodes]
        watching = [group.create_task(admin.watch(began + seconds)) for admin in admins]
        sent = await write(people, rate, seconds)
        took = time.monotonic() - began
        spent = place.spent(before, took)
        stored = len(notes.answered)
        recovery = await recovered(people, time.monotonic())
        answered, refused = notes.answered, dict(notes.refused)
        after, hints = notes.refused_after, [float(hint) for hint in notes.hints]
        await asyncio.gather(*watching)
    progress.end(f"{len(answered):,} of {sent:,} stored, as before after {recovery} s")
    pages = [ms for admin in admins for ms in admin.pages]
    frames = [ms for admin in admins for ms in admin.frames]
    return {
        "sent a second": round(sent / took),
        "stored a second": round(stored / took),
        "answered, ms": shares([each * 1000 for each in answered]),
        "refused": refused,
        "refused, ms": shares([each * 1000 for each in after]),
        "asked to wait, ms": shares(hints),
        "refused since behind": await place.counted("im_shed_total") - shed,
        "event loop late by half a second, times": (
            await place.counted("im_loop_blocked_total") - blocked
        ),
        "refused without a hint": sum(refused.values()) - len(hints),
        "administrator's page, ms": shares(pages),
        "administrator's socket, ms": shares(frames),
        "administrator unanswered": sum(admin.unanswered for admin in admins),
        "as before after, s": recovery,
        "processor, cores": spent,
    }


def rude(found: Figures) -> Iterator[str]:
    """What nodes should not have done under overload."""
    for code in found["refused"].keys() - POLITE:
        yield f"messages were refused as {code}"
    if found["administrator unanswered"]:
        yield f"an administrator got no answer {found['administrator unanswered']} times"
    if found["as before after, s"] is None:
        yield "the nodes are not as before when the load is over"
    if found["missing"]:
        yield f"{found['missing']} people have not seen the last of a conversation"


async def write(people: Sequence[Person], rate: float, seconds: float) -> int:
    """Messages at a rate of all together; how many were sent."""
    began, sent, turns = time.monotonic(), 0, itertools.cycle(people)
    while (now := time.monotonic()) < began + seconds:
        for person in itertools.islice(turns, int((now - began) * rate) - sent):
            sent += 1
            if person.waits < MOST_WAITING:
                person.say(person.partner, TEXT)
        await asyncio.sleep(TICK_SECONDS)
    return sent


async def quiet(people: Sequence[Person], seconds: float) -> bool:
    """Wait until all is answered; whether it was in that time."""
    end = time.monotonic() + seconds
    while any(person.waits for person in people):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.02)
    return True


async def recovered(people: Sequence[Person], since: float) -> float | None:
    """Seconds until all is answered and a few new messages are stored in time; None: too many."""
    end = since + RECOVERY_SECONDS * 3
    await quiet(people, end - time.monotonic())
    rng = random.Random(0)
    while time.monotonic() < end:
        some = rng.sample(people, min(AFTERWARDS, len(people)))
        answers = [person.say(person.partner, TEXT) for person in some]
        told = [answer for answer in answers if answer is not None]
        done, _ = await asyncio.wait(told, timeout=PATIENCE_SECONDS) if told else (set(), set())
        well = [each for each in done if not each.cancelled() and each.result().op == "ok"]
        if len(well) == len(some):
            return round(time.monotonic() - since, 2)
        await asyncio.sleep(0.05)
    return None


class Admin:
    """Looks at a node again and again: a page, and a frame on a socket.

    Attributes:
        pages, frames: ms until each was answered.
        unanswered: how many were not, or with something else.
    """

    def __init__(self, place: World, port: int) -> None:
        self._token = place.admin
        self._port = port
        self._answer: asyncio.Future[Frame] | None = None
        self.pages: list[float] = []
        self.frames: list[float] = []
        self.unanswered = 0

    async def watch(self, end: float) -> None:
        """Until then (monotonic); the socket was there before the load."""
        socket = await Socket.connect(self._port, self._token, self._hear, self._gone)
        try:
            await asyncio.gather(self._ask(socket, end), self._read(end))
        finally:
            socket.close()

    async def _ask(self, socket: Socket, end: float) -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            self._answer = asyncio.get_running_loop().create_future()
            socket.send({"op": "conversations", "id": 1, "limit": 20})
            try:
                async with asyncio.timeout(ADMIN_SECONDS):
                    answered = (await self._answer).op == "ok"
            except TimeoutError:
                answered = False
            self._note(self.frames, began, answered)
            await asyncio.sleep(LOOK_SECONDS)

    async def _read(self, end: float) -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                async with asyncio.timeout(ADMIN_SECONDS):
                    status, _ = await call(self._port, "GET", "/api/admin/nodes", token=self._token)
            except (TimeoutError, OSError):
                status = 0
            self._note(self.pages, began, status == 200)
            await asyncio.sleep(LOOK_SECONDS)

    def _note(self, times: list[float], began: float, answered: bool) -> None:
        if answered:
            times.append((time.monotonic() - began) * 1000)
        else:
            self.unanswered += 1

    def _hear(self, frame: Frame) -> None:
        if frame.id == 1 and self._answer is not None and not self._answer.done():
            self._answer.set_result(frame)

    def _gone(self) -> None:
        self.unanswered += 1


def _slowest(notes: Notes) -> float:
    """ms that a hundredth of the answers took at least."""
    return float(shares([each * 1000 for each in notes.answered]).get("p99", 0.0))
