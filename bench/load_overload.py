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
from contextlib import AsyncExitStack

from bench.load_admin import looking_on
from bench.load_notes import Notes
from bench.load_people import Person
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
    progress = Progress("overload", 1)
    async with AsyncExitStack() as stack:
        admins = [
            await stack.enter_async_context(looking_on(node.node.port, place.admin, seconds))
            for node in place.nodes
        ]
        before, began = place.processor(), time.monotonic()
        sent = await write(people, rate, seconds)
        took = time.monotonic() - began
        spent = place.spent(before, took)
        stored = len(notes.answered)
        recovery = await recovered(people, time.monotonic())
        answered, refused = notes.answered, dict(notes.refused)
        after, hints = notes.refused_after, [float(hint) for hint in notes.hints]
        seen = [await what_was_seen() for what_was_seen in admins]
    progress.end(f"{len(answered):,} of {sent:,} stored, as before after {recovery} s")
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
        "administrator's page, ms": shares([ms for each in seen for ms in each.pages]),
        "administrator's socket, ms": shares([ms for each in seen for ms in each.frames]),
        "administrator unanswered": sum(each.unanswered for each in seen),
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


def _slowest(notes: Notes) -> float:
    """ms that a hundredth of the answers took at least."""
    return float(shares([each * 1000 for each in notes.answered]).get("p99", 0.0))
