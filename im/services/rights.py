"""Who may write where. What was found is remembered, and checked once more at commit.

A conversation has an ``epoch`` that every change of rights raises. What is remembered here carries
the epoch at which it was read; the log writer refuses an entry whose epoch is not the present one
under the conversation's lock, and then the rights are read anew. So a memory can be old but never
wrong at commit.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from im.errors import (
    Blocked,
    Forbidden,
    ImError,
    Invalid,
    NotContacts,
    NotFound,
    Unauthorized,
    Unavailable,
)
from im.protocol import names
from im.services.identity import Identity, factor_needed, lacks_factor
from im.settle import settle
from im.store import contacts, conversations, members, nodes, users
from im.store.cursor import Cursor
from im.store.database import Database

MAX_REMEMBERED = 20_000

Strangers = Literal["allow", "request", "refuse"]
BroadcasterSetting = Literal["admins", "users", "everyone"]


@dataclass(frozen=True, slots=True)
class Access:
    """A person may write into a conversation, as of an epoch.

    ``role`` is the person's in a group, else ``member``.
    """

    conversation: int
    name: str
    epoch: int
    role: str


Answer = Callable[[Access | Exception], None]
"""Told who may write, or why not; it raises nothing."""


class Rights:
    """Answers who may write where.

    Args:
        strangers: whether people may write to those who are not their contacts.
        broadcasters: who may write to everyone.
        admins_need_factor: whether administrators without a second factor may not administer.
    """

    def __init__(
        self,
        database: Database,
        strangers: Strangers,
        broadcasters: BroadcasterSetting,
        admins_need_factor: bool,
    ) -> None:
        self._database = database
        self._strangers = strangers
        self._broadcasters = broadcasters
        self._admins_need_factor = admins_need_factor
        self._remembered: OrderedDict[tuple[str, int], Access] = OrderedDict()
        self._asking: dict[tuple[str, int], list[Answer]] = {}
        self._reading: set[asyncio.Task[Access]] = set()

    def may_broadcast(self, who: Identity) -> bool:
        """Whether a person may write to everyone."""
        return self._may_broadcast(who.kind, who.role == "admin" and not who.lacks_factor)

    def remembered(self, who: Identity, target: str) -> Access | None:
        """What ``to_write`` would return without asking the database. Raises ``Invalid``."""
        key = (self._name(who, target)[0], who.user)
        access = self._remembered.get(key)
        if access is not None:
            self._remembered.move_to_end(key)
        return access

    async def to_write(self, who: Identity, target: str) -> Access:
        """The right to write to a target (``u:2``, ``g:7``, ``all``).

        Raises ``Invalid`` (no target), ``NotFound``, ``Forbidden``, ``Blocked``, ``NotContacts`` or
        ``Unavailable``.
        """
        future: asyncio.Future[Access] = asyncio.get_running_loop().create_future()
        self.ask(who, target, partial(settle, future))
        return await future

    def ask(self, who: Identity, target: str, answer: Answer) -> None:
        """As ``to_write``; ``answer`` is called with what that returns or raises.

        At once when the right is remembered. Those who ask for the same right are answered in the
        order in which they asked, in one turn of the loop, so that a person's entries keep theirs.
        Raises ``Invalid``.
        """
        name, number = self._name(who, target)
        key = (name, who.user)
        access = self.remembered(who, target)
        if access is not None:
            answer(access)
            return
        # One read for all who wait.
        asking = self._asking.setdefault(key, [])
        asking.append(answer)
        if len(asking) == 1:
            task = asyncio.get_running_loop().create_task(self._read(name, who.user, number))
            self._reading.add(task)
            task.add_done_callback(partial(self._read_done, key))

    def forget(self, conversation: str) -> None:
        """The rights of a conversation changed."""
        for key in [key for key in self._remembered if key[0] == conversation]:
            del self._remembered[key]

    def forget_all(self) -> None:
        """Any rights may have changed."""
        self._remembered.clear()

    def forget_one(self, access: Access, user: int) -> None:
        """What was remembered is not true any more."""
        self._remembered.pop((access.name, user), None)

    def _name(self, who: Identity, target: str) -> tuple[str, int]:
        """The conversation of a target, and the number in it."""
        parsed = names.parse_target(target)
        if parsed is None:
            raise Invalid("not a target", field="to", values={"field": "to"})
        kind, number = parsed
        if kind == names.ALL:
            return names.ALL, 0
        if kind == "g":
            return names.group(number), number
        if number == who.user:
            raise Invalid("cannot write to oneself", field="to", values={"field": "to"})
        return names.private(who.user, number), number

    def _read_done(self, key: tuple[str, int], task: asyncio.Task[Access]) -> None:
        self._reading.discard(task)
        found: Access | Exception
        try:
            found = task.result()
        except asyncio.CancelledError:
            found = Unavailable("the node is going down")
        except Exception as error:
            found = error
        else:
            self._remembered[key] = found
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        for answer in self._asking.pop(key):
            answer(found)

    async def _read(self, name: str, user: int, number: int) -> Access:
        if name.startswith("p:"):
            found = await self._database.read(self._private, name, user, number)
            if found is None:
                # Created in a transaction of its own, so that no batch deadlocks over it.
                found = await self._database.write(self._begun, name, user, number)
        elif name == names.ALL:
            found = await self._database.read(self._announcements, user)
        else:
            found = await self._database.read(_group, name, user)
        if found is None:
            raise NotFound(name)
        return found

    def _may_broadcast(self, kind: str, administers: bool) -> bool:
        if self._broadcasters == "everyone" or administers:
            return True
        return self._broadcasters == "users" and kind != "guest"

    def _announcements(self, cursor: Cursor, user: int) -> Access | None:
        # The epoch is read first, as below; a change of roles raises it.
        conversation = conversations.by_name(cursor, names.ALL)
        row = users.by_id(cursor, user)
        if conversation is None or row is None:
            return None
        lacking = lacks_factor(row.role, row.has_second_factor, self._admins_need_factor)
        if not self._may_broadcast(row.kind, row.role == "admin" and not lacking):
            raise factor_needed() if lacking else Forbidden("may not write to everyone")
        return Access(conversation.id, names.ALL, conversation.epoch, "member")

    def _private(self, cursor: Cursor, name: str, user: int, other: int) -> Access | None:
        # The epoch is read first: a change that comes between makes it stale, never wrong.
        conversation = conversations.by_name(cursor, name)
        error = self.refusal(cursor, user, other)
        if error is not None:
            raise error
        if conversation is None:
            return None
        return Access(conversation.id, name, conversation.epoch, "member")

    def _begun(self, cursor: Cursor, name: str, user: int, other: int) -> Access | None:
        """As ``_private``, after the conversation was made; in one transaction."""
        conversations.private(cursor, user, other)
        return self._private(cursor, name, user, other)

    def refusal(self, cursor: Cursor, user: int, other: int) -> ImError | None:
        """Why a person may not write to another; None when they may."""
        rows = {row.id: row for row in users.by_ids(cursor, (user, other))}
        if user not in rows or not rows[user].active:
            return Unauthorized("may not log in")
        if other not in rows or rows[other].deleted_at is not None:
            return NotFound("no such person", field="to")
        if rows[other].is_webhook:
            return Forbidden("a webhook's bot only writes", values={"reason": "webhook"})
        mine, theirs = contacts.between(cursor, user, other)
        if theirs is not None and theirs.blocked_at is not None:
            return Blocked("blocked by the receiver")
        if mine is not None and mine.blocked_at is not None:
            return Forbidden("you have blocked this person")
        if self._strangers != "allow" and (mine is None or mine.state != "accepted"):
            return NotContacts("not contacts")
        return None


def _group(cursor: Cursor, name: str, user: int) -> Access | None:
    conversation = conversations.by_name(cursor, name)
    if conversation is None:
        return None
    row = members.get(cursor, conversation.id, user)
    if row is None or row.left_seq is not None:
        return None
    if row.muted_until is not None and row.muted_until > nodes.now_ms(cursor):
        raise Forbidden("silenced", values={"reason": "silenced"})
    person = users.by_id(cursor, user)
    if person is None or not person.active:
        raise Unauthorized("may not log in")
    return Access(conversation.id, name, conversation.epoch, row.role)
