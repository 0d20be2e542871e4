"""Search: messages, and names to jump to."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from im.protocol import search as bodies
from im.services.identity import Identity


class MessageSearchHandler(ApiHandler):
    """``/api/search/messages``"""

    @operation(
        "Messages that I may see and that have all of these words, newest first",
        scope="read",
        query=bodies.MessageSearchQuery,
        answer=bodies.MessageSearchAnswer,
    )
    async def get(
        self, who: Identity, query: bodies.MessageSearchQuery
    ) -> bodies.MessageSearchAnswer:
        """In all conversations or in one. Any part of a Chinese text is found, of a word in letters
        any three, and words of one or two letters as a whole; case and width don't tell. `before`
        and `after` are UTC ms. Ranges count code points of `text`."""
        found = await self.messenger.search.messages(
            who,
            query.q,
            conversation=query.conv,
            sender=query.sender,
            after=query.after,
            before=query.before,
            cursor=query.cursor,
            limit=query.limit,
        )
        return bodies.MessageSearchAnswer(
            hits=found.hits,
            conversations=found.conversations,
            users=found.users,
            cursor=found.cursor,
            incomplete=found.incomplete,
        )


class NameSearchHandler(ApiHandler):
    """``/api/search/names``"""

    @operation(
        "Contacts, groups and other people by a part of their name, to jump to",
        scope="read",
        query=bodies.NameSearchQuery,
        answer=bodies.NameSearchAnswer,
    )
    async def get(self, who: Identity, query: bodies.NameSearchQuery) -> bodies.NameSearchAnswer:
        """The ten best of each. What I call a contact counts as well as their name."""
        found = await self.messenger.name_search.names(who, query.q)
        return bodies.NameSearchAnswer(
            contacts=found.contacts, groups=found.groups, people=found.people
        )
