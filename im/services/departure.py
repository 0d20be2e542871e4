"""What a person who leaves altogether leaves behind: their groups go on under someone else, and
what was only theirs goes."""

from __future__ import annotations

from im.services.groups import Groups
from im.services.identity import Identity
from im.services.leading import RANK
from im.store import members, mentions, preferences, quick_replies, state_versions
from im.store.cursor import Cursor


async def leave_groups(groups: Groups, user: int) -> None:
    """A person leaves all their groups.

    What they own goes to the administrator, or else the member, who came first; a group with nobody
    else in it, but bots, is dissolved. It can be repeated. Raises ``Unavailable``.
    """
    who = Identity(user, 0, "", "user", "user", "en")
    for group in await groups.of(who):
        if group.role == "owner":
            others = [
                one
                for one in await groups.everyone(who, group.id)
                if one.user.id != user and one.user.kind not in ("bot", "webhook")
            ]
            if not others:
                await groups.dissolve(who, group.id)
                continue
            heir = max(others, key=lambda one: RANK[one.role])
            await groups.set_role(who, group.id, heir.user.id, "owner")
        await groups.remove(who, group.id, user)


def forget_own_lists(cursor: Cursor, user: int) -> None:
    """Delete what a person kept for themselves: quick replies, settings, what they hid, and
    where they were named."""
    quick_replies.remove_all(cursor, user)
    preferences.remove_all(cursor, user)
    state_versions.remove(cursor, user)
    members.unhide_all(cursor, user)
    mentions.forget(cursor, user)
