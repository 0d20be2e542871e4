"""Contacts: ask, accept, decline, remove, block, and what one calls someone for oneself."""

from __future__ import annotations

from dataclasses import dataclass

from im.durations import HOUR_MS
from im.errors import AlreadyExists, Blocked, Forbidden, Invalid, LimitReached, NotFound
from im.protocol import names
from im.protocol.server import User
from im.services import views
from im.services.cluster import Cluster
from im.services.identity import Identity
from im.services.limits import SharedLimits
from im.services.rights import Rights, Strangers
from im.services.signals import RightsSignal
from im.services.states import States
from im.store import contacts, conversations, nodes, users
from im.store.contacts import ContactRow
from im.store.cursor import Cursor
from im.store.database import Database

MAX_REMARK = 32
MAX_NOTE = 200
UNSEEN = ("none", "refused")
"""States that are not in one's list: the other one's request is over."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A relation as one's list shows it: as ``contacts.ContactRow`` but for ``refused``."""

    user: User
    state: str
    blocked: bool
    remark: str
    note: str


class Contacts:
    """Relations between people.

    Args:
        most: contacts of one person, open requests included.
        requests: how often one may ask.
        again_hours: how long after a refusal one may not ask the same person again.
    """

    def __init__(
        self,
        database: Database,
        rights: Rights,
        cluster: Cluster,
        states: States,
        limits: SharedLimits,
        *,
        strangers: Strangers,
        most: int,
        requests: str,
        again_hours: int,
    ) -> None:
        self._database = database
        self._rights = rights
        self._cluster = cluster
        self._states = states
        self._limits = limits
        self._strangers = strangers
        self._most = most
        self._requests = requests
        self._again_ms = again_hours * HOUR_MS

    async def of(self, who: Identity) -> list[Contact]:
        """A person's contacts, requests in both directions, and whom they have blocked."""

        def read(cursor: Cursor) -> list[Contact]:
            rows = contacts.of_user(cursor, who.user)
            people = {row.id: row for row in users.by_ids(cursor, [row.target for row in rows])}
            return [
                _contact(row, views.user(people[row.target]))
                for row in rows
                if row.target in people and (row.state not in UNSEEN or row.blocked_at is not None)
            ]

        return await self._database.read(read)

    async def ask(self, who: Identity, target: int | str, note: str = "") -> str:
        """Ask someone, by id or name, to become contacts; the new state.

        When they have asked already, it is ``accepted`` at once. Raises ``NotFound``, ``Invalid``
        (oneself), ``AlreadyExists``, ``Blocked``, ``Forbidden`` (they declined a short while ago),
        ``LimitReached`` or ``RateLimited``.
        """
        if len(note) > MAX_NOTE:
            raise Invalid("note", field="note", values={"reason": "too_long", "limit": MAX_NOTE})
        await self._limits.hit(self._requests, "contact", str(who.user))

        def write(cursor: Cursor) -> tuple[int, str]:
            row = (
                users.by_id(cursor, target)
                if isinstance(target, int)
                else users.by_name(cursor, target.strip())
            )
            if row is None or row.deleted_at is not None:
                raise NotFound("no such person", field="name")
            if row.id == who.user:
                raise Invalid(
                    "oneself", field="name", values={"reason": "oneself", "field": "name"}
                )
            if row.is_webhook:
                raise Forbidden("a webhook's bot only writes", values={"reason": "webhook"})
            mine, theirs = contacts.between(cursor, who.user, row.id)
            if mine is not None and mine.state == "accepted":
                raise AlreadyExists("contacts already", values={"reason": "contact"})
            if theirs is not None and theirs.blocked_at is not None:
                raise Blocked("blocked by the receiver")
            if mine is not None and mine.state == "incoming":
                self._accept(cursor, who.user, row.id)
                return row.id, "accepted"
            if theirs is not None and theirs.state == "refused":
                check_again(nodes.now_ms(cursor) - theirs.updated_at, self._again_ms)
            if self._strangers == "refuse" and row.id not in users.shared_with(
                cursor, who.user, [row.id]
            ):
                raise Forbidden("only members of a common group may ask")
            for side in (who.user, row.id):
                if contacts.count(cursor, side) >= self._most:
                    raise LimitReached("contacts", values={"limit": self._most})
            contacts.put(cursor, who.user, row.id, "outgoing", note)
            contacts.put(cursor, row.id, who.user, "incoming", note)
            return row.id, "outgoing"

        other, state = await self._database.write(write)
        self._changed(who.user, other)
        return state

    async def accept(self, who: Identity, other: int) -> None:
        """Accept someone's request. Raises ``NotFound``."""

        def write(cursor: Cursor) -> None:
            mine, _ = contacts.between(cursor, who.user, other)
            if mine is None or mine.state != "incoming":
                raise NotFound("no request")
            self._accept(cursor, who.user, other)

        await self._database.write(write)
        self._changed(who.user, other)

    async def decline(self, who: Identity, other: int) -> None:
        """Decline someone's request, of which they hear, or take back one's own.

        Raises ``NotFound``.
        """

        def write(cursor: Cursor) -> None:
            mine, _ = contacts.between(cursor, who.user, other)
            if mine is None or mine.state not in ("incoming", "outgoing"):
                raise NotFound("no request")
            if mine.state == "incoming":
                self._refuse(cursor, who.user, other)
            else:
                self._part(cursor, who.user, other)

        await self._database.write(write)
        self._changed(who.user, other)

    async def remove(self, who: Identity, other: int) -> None:
        """Be contacts no more, or forget a request that was declined. Raises ``NotFound``."""

        def write(cursor: Cursor) -> None:
            mine, _ = contacts.between(cursor, who.user, other)
            if mine is None or mine.state in UNSEEN:
                raise NotFound("no contact")
            if mine.state == "declined":
                contacts.put(cursor, who.user, other, "none")
            else:
                self._part(cursor, who.user, other)

        await self._database.write(write)
        self._changed(who.user, other)

    async def block(self, who: Identity, other: int, blocked: bool) -> None:
        """Let nothing of someone reach this person any more, or again.

        A request of theirs is declined with it. Raises ``NotFound``.
        """

        told = [who.user]

        def write(cursor: Cursor) -> None:
            if other == who.user or users.by_id(cursor, other) is None:
                raise NotFound("no such person")
            mine, _ = contacts.between(cursor, who.user, other)
            if blocked and mine is not None and mine.state == "incoming":
                self._refuse(cursor, who.user, other)
                told.append(other)
            contacts.block(cursor, who.user, other, blocked)
            # The conversation is made if need be, so that a message on its way meets the block.
            conversation = conversations.private(cursor, who.user, other)
            conversations.raise_epoch(cursor, conversation.id)

        await self._database.write(write)
        self._rights_changed(who.user, other)
        self._states.changed(told, "contacts")

    async def remark(self, who: Identity, other: int, text: str) -> None:
        """What one calls someone for oneself. Raises ``NotFound`` or ``Invalid``."""
        cleaned = " ".join(text.split())
        if len(cleaned) > MAX_REMARK:
            raise Invalid(
                "remark", field="remark", values={"reason": "too_long", "limit": MAX_REMARK}
            )

        def write(cursor: Cursor) -> None:
            mine, _ = contacts.between(cursor, who.user, other)
            if mine is None or mine.state != "accepted":
                raise NotFound("no contact")
            contacts.remark(cursor, who.user, other, cleaned)

        await self._database.write(write)
        self._states.changed([who.user], "contacts")

    def _accept(self, cursor: Cursor, one: int, other: int) -> None:
        contacts.put(cursor, one, other, "accepted")
        contacts.put(cursor, other, one, "accepted")
        self._raise_epoch(cursor, one, other)

    def _refuse(self, cursor: Cursor, one: int, other: int) -> None:
        contacts.put(cursor, one, other, "refused")
        contacts.put(cursor, other, one, "declined")

    def _part(self, cursor: Cursor, one: int, other: int) -> None:
        contacts.put(cursor, one, other, "none")
        contacts.put(cursor, other, one, "none")
        self._raise_epoch(cursor, one, other)

    def _raise_epoch(self, cursor: Cursor, one: int, other: int) -> None:
        conversation = conversations.by_name(cursor, names.private(one, other))
        if conversation is not None:
            conversations.raise_epoch(cursor, conversation.id)

    def _changed(self, one: int, other: int) -> None:
        self._rights_changed(one, other)
        self._states.changed([one, other], "contacts")

    def _rights_changed(self, one: int, other: int) -> None:
        name = names.private(one, other)
        self._rights.forget(name)
        self._cluster.publish(RightsSignal(conv=name))


def check_again(passed_ms: int, again_ms: int) -> None:
    """Refuse to ask again so soon after a refusal. Raises ``Forbidden``."""
    if passed_ms < again_ms:
        hours = -(-(again_ms - passed_ms) // HOUR_MS)
        raise Forbidden("declined lately", values={"reason": "declined", "hours": hours})


def _contact(row: ContactRow, user: User) -> Contact:
    return Contact(
        user,
        "none" if row.state in UNSEEN else row.state,
        row.blocked_at is not None,
        row.remark,
        row.note,
    )
