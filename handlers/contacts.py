"""Contacts: list, ask, accept, decline, remove, block, remark."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from im.errors import Invalid
from im.protocol import bodies
from im.services.identity import Identity


class ContactsHandler(ApiHandler):
    """``/api/contacts``"""

    @operation(
        "My contacts, requests and whom I have blocked", answer=bodies.ContactsAnswer, scope="read"
    )
    async def get(self, who: Identity) -> bodies.ContactsAnswer:
        """All in one list; ``state`` and ``blocked`` tell them apart."""
        return bodies.ContactsAnswer(
            contacts=[
                bodies.ContactAnswer(
                    user=contact.user,
                    state=contact.state,
                    blocked=contact.blocked,
                    remark=contact.remark,
                    note=contact.note,
                )
                for contact in await self.messenger.contacts.of(who)
            ]
        )

    @operation(
        "Ask someone to become contacts",
        body=bodies.ContactRequest,
        answer=bodies.ContactState,
        scope="contacts",
    )
    async def post(self, who: Identity, body: bodies.ContactRequest) -> bodies.ContactState:
        """By name or id; accepted at once when they have asked already."""
        target = body.user if body.user is not None else body.name
        if target is None:
            raise Invalid("name or user", field="name", values={"field": "name"})
        state = await self.messenger.contacts.ask(who, target, body.note)
        return bodies.ContactState(state=state)


class ContactHandler(ApiHandler):
    """``/api/contacts/{user}``"""

    @operation("What I call someone for myself", body=bodies.Remark, scope="contacts")
    async def patch(self, who: Identity, body: bodies.Remark, user: int) -> None:
        """Nobody else sees it."""
        await self.messenger.contacts.remark(who, user, body.remark)

    @operation("Be contacts no more", scope="contacts")
    async def delete(self, who: Identity, user: int) -> None:
        """On both sides."""
        await self.messenger.contacts.remove(who, user)


class AcceptHandler(ApiHandler):
    """``/api/contacts/{user}/accept``"""

    @operation("Accept someone's request", scope="contacts")
    async def post(self, who: Identity, user: int) -> None:
        """Then both are contacts."""
        await self.messenger.contacts.accept(who, user)


class DeclineHandler(ApiHandler):
    """``/api/contacts/{user}/decline``"""

    @operation("Decline someone's request, or take back mine", scope="contacts")
    async def post(self, who: Identity, user: int) -> None:
        """The other is not told why."""
        await self.messenger.contacts.decline(who, user)


class BlockHandler(ApiHandler):
    """``/api/contacts/{user}/block``"""

    @operation("Let nothing of someone reach me", scope="contacts")
    async def put(self, who: Identity, user: int) -> None:
        """They are told that they are blocked when they write."""
        await self.messenger.contacts.block(who, user, True)

    @operation("Let someone reach me again", scope="contacts")
    async def delete(self, who: Identity, user: int) -> None:
        """What they could not send stays unsent."""
        await self.messenger.contacts.block(who, user, False)
