"""A person's own small lists: quick replies and settings."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from im.protocol import own_lists
from im.services.identity import Identity

ACCOUNT = ("language", "theme")
"""Preferences that the account has, so that they are known before anyone logs in."""


class QuickRepliesHandler(ApiHandler):
    """``/api/quick-replies``"""

    @operation(
        "My quick replies in order",
        scope="read",
        query=own_lists.Known,
        answer=own_lists.QuickReplies,
    )
    async def get(self, who: Identity, query: own_lists.Known) -> own_lists.QuickReplies:
        """A default set the first time. `{name}` in a text stands for the other's name: the client
        fills it in when it sends. `replies` is null when `version` is still the newest."""
        return await self.messenger.quick_replies.of(who, self.language, query.version)

    @operation(
        "One more quick reply, or the one that I have just removed again",
        scope="send",
        body=own_lists.NewQuickReply,
        answer=own_lists.QuickReplies,
    )
    async def post(self, who: Identity, body: own_lists.NewQuickReply) -> own_lists.QuickReplies:
        """At `place` from 0, or at the end. Answers with all of them, as every change does."""
        return await self.messenger.quick_replies.add(who, self.language, body.text, body.place)


class QuickReplyHandler(ApiHandler):
    """``/api/quick-replies/{reply}``"""

    @operation(
        "Give a quick reply another text",
        scope="send",
        body=own_lists.QuickReplyText,
        answer=own_lists.QuickReplies,
    )
    async def patch(
        self, who: Identity, body: own_lists.QuickReplyText, reply: int
    ) -> own_lists.QuickReplies:
        """At most 500 characters."""
        return await self.messenger.quick_replies.change(who, self.language, reply, body.text)

    @operation("Remove a quick reply", scope="send", answer=own_lists.QuickReplies)
    async def delete(self, who: Identity, reply: int) -> own_lists.QuickReplies:
        """To undo it, add its text again at its place."""
        return await self.messenger.quick_replies.remove(who, self.language, reply)


class QuickReplyOrderHandler(ApiHandler):
    """``/api/quick-replies/order``"""

    @operation(
        "Put my quick replies in another order",
        scope="send",
        body=own_lists.QuickReplyOrder,
        answer=own_lists.QuickReplies,
    )
    async def put(self, who: Identity, body: own_lists.QuickReplyOrder) -> own_lists.QuickReplies:
        """Those that are left out follow in the order that they had."""
        return await self.messenger.quick_replies.put_in_order(who, self.language, body.ids)


class PreferencesHandler(ApiHandler):
    """``/api/me/settings``"""

    @operation(
        "What I prefer, on all my devices",
        scope="read",
        query=own_lists.Known,
        answer=own_lists.PreferencesAnswer,
    )
    async def get(self, who: Identity, query: own_lists.Known) -> own_lists.PreferencesAnswer:
        """`settings` is null when `version` is still the newest."""
        return await self.messenger.preferences.of(who, query.version)

    @operation(
        "Change what I prefer",
        body=own_lists.PreferencesChange,
        answer=own_lists.PreferencesAnswer,
    )
    async def patch(
        self, who: Identity, body: own_lists.PreferencesChange
    ) -> own_lists.PreferencesAnswer:
        """What is left out stays. Language and theme are also this browser's from then on."""
        given = {name: getattr(body, name) for name in body.__struct_fields__}
        values = {name: value for name, value in given.items() if value is not None}
        account = {name: values.pop(name) for name in ACCOUNT if name in values}
        if account:
            await self.messenger.accounts.change_profile(who, account)
            self.keep_preferences(body.language, body.theme)
        if not values:
            return await self.messenger.preferences.of(who)
        return await self.messenger.preferences.change(who, values)
