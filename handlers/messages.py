"""Conversations and logs for programs without a socket."""

from __future__ import annotations

from functools import partial

from handlers.operation import ApiHandler, operation
from im.protocol import bodies
from im.protocol.client import Edit, Recall, Send
from im.services.identity import Identity
from im.services.submissions import Sent, sent


class ConversationsHandler(ApiHandler):
    """``/api/conversations``"""

    @operation(
        "A page of my conversations, newest first",
        query=bodies.ConversationsQuery,
        answer=bodies.ConversationsAnswer,
        scope="read",
    )
    async def get(
        self, who: Identity, query: bodies.ConversationsQuery
    ) -> bodies.ConversationsAnswer:
        """As the frame ``conversations``."""
        page = await self.messenger.conversations.page(
            who, query.cursor, query.limit, self.messenger.delivery
        )
        return bodies.ConversationsAnswer(
            conversations=page.conversations, users=page.users, cursor=page.cursor
        )


class MessagesHandler(ApiHandler):
    """``/api/messages``"""

    @operation(
        "A page of a conversation's log, oldest first",
        query=bodies.MessagesQuery,
        answer=bodies.MessagesAnswer,
        scope="read",
    )
    async def get(self, who: Identity, query: bodies.MessagesQuery) -> bodies.MessagesAnswer:
        """As the frame ``sync``."""
        page = await self.messenger.history.page(
            who,
            query.conv,
            after=query.after,
            before=query.before,
            around=query.around,
            limit=query.limit,
            erasures=self.messenger.delivery,
        )
        return bodies.MessagesAnswer(
            conv=page.conv,
            entries=page.entries,
            users=page.users,
            more=page.more,
            first=page.first,
            last=page.last,
        )

    @operation(
        "Send a message; the answer comes after the commit",
        body=Send,
        answer=bodies.SentAnswer,
        scope="send",
    )
    async def post(self, who: Identity, body: Send) -> bodies.SentAnswer:
        """As the frame ``send``."""
        return _sent(await self.messenger.messages.send(who, body))

    @operation(
        "Change the text of a message of mine",
        body=bodies.EditBody,
        answer=bodies.SentAnswer,
        scope="send",
    )
    async def patch(self, who: Identity, body: bodies.EditBody) -> bodies.SentAnswer:
        """As the frame ``edit``."""
        frame = Edit(conv=body.conv, seq=body.seq, text=body.text, key=body.key)
        return _sent(await sent(partial(self.messenger.messages.edit, who, frame)))


class RecallHandler(ApiHandler):
    """``/api/messages/recall``"""

    @operation("Take a message back", body=bodies.Place, answer=bodies.SentAnswer, scope="send")
    async def post(self, who: Identity, body: bodies.Place) -> bodies.SentAnswer:
        """As the frame ``recall``."""
        frame = Recall(conv=body.conv, seq=body.seq)
        return _sent(await sent(partial(self.messenger.messages.recall, who, frame)))


class ReadHandler(ApiHandler):
    """``/api/messages/read``"""

    @operation("I have read all up to here", body=bodies.Place, scope="read")
    async def post(self, who: Identity, body: bodies.Place) -> None:
        """As the frame ``read``."""
        await self.messenger.marks.move(who, body.conv, body.seq, read=True)


def _sent(sent: Sent) -> bodies.SentAnswer:
    return bodies.SentAnswer(conv=sent.conv, seq=sent.seq, time=sent.time, repeated=sent.repeated)
