"""For how long messages keep their content: administrators say it."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from im.protocol import admin_bodies as bodies
from im.services.identity import Identity
from im.services.retention import Rule


class RetentionHandler(ApiHandler):
    """``/api/admin/retention``"""

    @operation(
        "How long messages are kept", access="admin", scope="admin", answer=bodies.RetentionAnswer
    )
    async def get(self, who: Identity) -> bodies.RetentionAnswer:
        """What holds now, what is planned, and what of it was said here rather than in the file."""
        return self._answer(await self.messenger.retention.look())

    @operation(
        "Say how long messages are kept",
        access="admin",
        scope="admin",
        body=bodies.RetentionChange,
        answer=bodies.RetentionAnswer,
    )
    async def put(self, who: Identity, body: bodies.RetentionChange) -> bodies.RetentionAnswer:
        """A longer time holds at once, a shorter one after 24 hours: until then nothing goes.

        What is removed then is gone for good: text, files, and what search knows of it.
        """
        rule = await self.messenger.retention.set(who, body.messages_days)
        if rule.planned is None:
            await self.note("retention.changed", who, messages_days=rule.days)
        else:
            await self.note(
                "retention.changed", who, messages_days=rule.planned, planned_at=rule.planned_at
            )
        return self._answer(rule)

    def _answer(self, rule: Rule) -> bodies.RetentionAnswer:
        return bodies.RetentionAnswer(
            messages_days=rule.days,
            file=self.messenger.retention.default,
            changed=rule.changed,
            planned=rule.planned,
            planned_at=rule.planned_at if rule.planned is not None else None,
        )


class CountHandler(ApiHandler):
    """``/api/admin/retention/count``"""

    @operation(
        "Count the messages that would go",
        access="admin",
        scope="admin",
        query=bodies.RetentionQuery,
        answer=bodies.RetentionCount,
    )
    async def get(self, who: Identity, query: bodies.RetentionQuery) -> bodies.RetentionCount:
        """If messages were kept for so many days from now on; nothing is changed."""
        found = await self.messenger.retention.count(who, query.messages_days)
        return bodies.RetentionCount(
            messages=found.messages, at_least=found.at_least, before=found.before
        )
