"""Entries that change who belongs to a conversation, what they may, and the group itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from im.errors import AlreadyExists, Forbidden, LimitReached, NotFound, Taken
from im.store import references
from im.store.effects import (
    CHANGEABLE,
    Dissolve,
    GroupChange,
    Join,
    Leave,
    Mute,
    SetOwner,
    SetRole,
)
from im.store.errors import DuplicateKey
from im.store.place import Place

MEMBER = "member"
OWNER = "owner"


def join(place: Place, effect: Join) -> None:
    """Make users members from this entry on; who was one before gets the same row again.

    What was before they see if the group shows it now: later changes of that are for others.
    """
    cursor, conversation = place.cursor, place.conversation.id
    present = _present(place, effect.users)
    new = sorted(set(effect.users) - present)
    if not new:
        raise AlreadyExists("already a member")
    if effect.most is not None:
        row = cursor.execute(
            "SELECT COUNT(*) FROM member WHERE conversation_id = %s AND left_seq IS NULL",
            (conversation,),
        ).one()
        if row is None or row[0] + len(new) > effect.most:
            raise LimitReached(values={"limit": effect.most})
    columns = (
        *("role", "joined_seq", "left_seq", "delivered_seq", "read_seq", "read_ordinal"),
        *("hidden_seq", "sees_past", "changed_at"),
    )
    shows_past = _shows_past(place)
    values: list[object] = []
    for user in new:
        values += [conversation, user, effect.role, place.seq, None, place.seq, place.seq]
        values += [place.ordinal, 0, shows_past, place.now]
    cursor.execute(
        f"INSERT INTO member (conversation_id, user_id, {', '.join(columns)})"
        f" VALUES {cursor.dialect.rows(len(new), len(columns) + 2)}"
        + cursor.dialect.upsert(("conversation_id", "user_id"), columns),
        values,
    )


def leave(place: Place, effect: Leave) -> None:
    """End memberships with this entry."""
    present = _present(place, effect.users)
    if not present:
        raise NotFound("not a member")
    place.cursor.execute(
        "UPDATE member SET left_seq = %s, role = %s, changed_at = %s WHERE conversation_id = %s"
        f" AND user_id IN ({place.cursor.dialect.marks(len(present))})",
        (place.seq, MEMBER, place.now, place.conversation.id, *sorted(present)),
    )


def set_role(place: Place, effect: SetRole) -> None:
    """Give a member a role; one that leads lets them write."""
    _update_member(place, effect.user, "role", effect.role)
    if effect.role != MEMBER:
        _update_member(place, effect.user, "muted_until", None)


def mute(place: Place, effect: Mute) -> None:
    """Keep a plain member from writing until a time, or let them again."""
    if effect.until is not None:
        row = place.cursor.execute(
            "SELECT role FROM member WHERE conversation_id = %s AND user_id = %s",
            (place.conversation.id, effect.user),
        ).one()
        if row is not None and row[0] != MEMBER:
            raise Forbidden("who leads the group may write", values={"reason": "leads"})
    _update_member(place, effect.user, "muted_until", effect.until)


def set_owner(place: Place, effect: SetOwner) -> None:
    """Give the group to a member."""
    place.cursor.execute(
        "UPDATE member SET role = %s, changed_at = %s WHERE conversation_id = %s AND role = %s",
        (MEMBER, place.now, place.conversation.id, OWNER),
    )
    set_role(place, SetRole(effect.user, OWNER))
    _update_group(place, {"owner_id": effect.user})


def change_group(place: Place, effect: GroupChange) -> tuple[int, ...]:
    """Change the group's own columns; returns what the icon before contained, if it is gone."""
    fields = dict(effect.fields)
    unknown = set(fields) - CHANGEABLE
    if unknown:
        raise ValueError(f"not columns that may change: {sorted(unknown)}")
    if "announcement" in fields:
        fields["announcement_at"] = place.now
        fields["announcement_by"] = place.entry.sender
    gone = _change_icon(place, fields["icon_id"]) if "icon_id" in fields else ()
    try:
        _update_group(place, fields)
    except DuplicateKey as error:
        raise Taken(field="name", values={"reason": "group"}) from error
    return gone


def dissolve(place: Place, effect: Dissolve) -> tuple[int, ...]:
    """End the group and all memberships; returns what its icon contained, if it is gone."""
    gone = _change_icon(place, None)
    _update_group(
        place,
        {
            "dissolved_at": place.now,
            "name_folded": None,
            "icon_id": None,
            "invite_hash": None,
            "invite_expires_at": None,
        },
    )
    place.cursor.execute(
        "UPDATE member SET left_seq = %s, changed_at = %s"
        " WHERE conversation_id = %s AND left_seq IS NULL",
        (place.seq, place.now, place.conversation.id),
    )
    return gone


def _shows_past(place: Place) -> int:
    row = place.cursor.execute(
        "SELECT shows_past FROM group_basic WHERE id = %s", (place.conversation.group_id,)
    ).one()
    return int(row[0]) if row is not None else 0


def _present(place: Place, users: Sequence[int]) -> set[int]:
    if not users:
        return set()
    rows = place.cursor.execute(
        "SELECT user_id FROM member WHERE conversation_id = %s AND left_seq IS NULL"
        f" AND user_id IN ({place.cursor.dialect.marks(len(users))})",
        (place.conversation.id, *users),
    ).all()
    return {row[0] for row in rows}


def _update_member(place: Place, user: int, column: str, value: object) -> None:
    place.cursor.execute(
        f"UPDATE member SET {column} = %s, changed_at = %s"
        " WHERE conversation_id = %s AND user_id = %s AND left_seq IS NULL",
        (value, place.now, place.conversation.id, user),
    )
    if place.cursor.rowcount == 0:
        raise NotFound("not a member")


def _update_group(place: Place, fields: dict[str, Any]) -> None:
    assignments = "".join(f"{column} = %s, " for column in fields)
    place.cursor.execute(
        f"UPDATE group_basic SET {assignments}updated_at = %s"
        " WHERE id = %s AND dissolved_at IS NULL",
        (*fields.values(), place.now, place.conversation.group_id),
    )
    if place.cursor.rowcount == 0:
        raise NotFound("no such group")


def _change_icon(place: Place, icon: int | None) -> tuple[int, ...]:
    group = place.conversation.group_id
    if icon is not None and not references.existing(place.cursor, [icon]):
        raise NotFound("no such file", field="icon")
    row = place.cursor.execute("SELECT icon_id FROM group_basic WHERE id = %s", (group,)).one()
    if row is None or group is None:
        return ()
    return references.replace(place.cursor, references.Reference("icon", group), row[0], icon)
