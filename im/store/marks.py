"""Sending moves one's own marks: who writes has read what stands before.

The new values are taken from the messages just inserted, found by their numbers, so that one short
statement serves a whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from im.store.steps import Executes


def move_own(cursor: Executes, messages: Sequence[tuple[int, int]]) -> None:
    """Move the senders' marks to their messages, given as (conversation, number); never back."""
    greatest = cursor.dialect.greatest
    assignments = ", ".join(
        (
            f"read_seq = {greatest('member.read_seq', 'message.seq')}",
            f"read_ordinal = {greatest('member.read_ordinal', 'message.ordinal')}",
            f"delivered_seq = {greatest('member.delivered_seq', 'message.seq')}",
        )
    )
    match = (
        "member.conversation_id = message.conversation_id AND member.user_id = message.sender_id"
    )
    _update(cursor, "member", assignments, match, messages)


def move_own_in_broadcast(cursor: Executes, messages: Sequence[tuple[int, int]]) -> None:
    """The same for the conversation of everyone, whose marks are in ``user_basic``."""
    greatest = cursor.dialect.greatest
    assignments = ", ".join(
        (
            f"all_read_seq = {greatest('user_basic.all_read_seq', 'message.seq')}",
            f"all_read_ordinal = {greatest('user_basic.all_read_ordinal', 'message.ordinal')}",
            f"all_delivered_seq = {greatest('user_basic.all_delivered_seq', 'message.seq')}",
        )
    )
    _update(cursor, "user_basic", assignments, "user_basic.id = message.sender_id", messages)


def _update(
    cursor: Executes,
    table: str,
    assignments: str,
    match: str,
    messages: Sequence[tuple[int, int]],
) -> None:
    columns = ("message.conversation_id", "message.seq")
    # The messages come first, in both: else all members are looked at, and on MySQL locked.
    if cursor.dialect.name == "sqlite":
        taken = ", ".join((*columns, "message.sender_id", "message.ordinal"))
        chosen = cursor.dialect.picked("message", columns, len(messages))
        sql = (
            f"WITH own AS MATERIALIZED (SELECT {taken} {chosen})"
            f" UPDATE {table} SET {assignments} FROM own AS message WHERE {match}"
        )
    else:
        where = f"({', '.join(columns)}) IN ({cursor.dialect.rows(len(messages), 2)})"
        sql = f"UPDATE message STRAIGHT_JOIN {table} ON {match} SET {assignments} WHERE {where}"
    cursor.execute(sql, [value for message in messages for value in message])
