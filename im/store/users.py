"""People: table ``user_basic``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from im.store.cursor import Cursor

HOOK = "#hook "
"""How the names of webhooks' bots begin as names are compared: nobody can type that."""

_COLUMNS = (
    "id, name, kind, role, avatar_id, note, phone, email, language, theme, password_hash,"
    " created_at, updated_at, last_seen_at, disabled_at, deleted_at, must_change_password,"
    f" totp_secret IS NOT NULL, name_folded LIKE '{HOOK}%%'"
)
MAX_FOUND = 50


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person as the table has them; times UTC ms."""

    id: int
    name: str
    kind: str
    role: str
    avatar_id: int | None
    note: str
    phone: str | None
    email: str | None
    language: str
    theme: str
    password_hash: str | None
    created_at: int
    updated_at: int
    last_seen_at: int | None
    disabled_at: int | None
    deleted_at: int | None
    must_change_password: int
    has_second_factor: int
    is_webhook: int

    @property
    def kind_shown(self) -> str:
        """The kind as others see it: a webhook's bot only writes, so it is told from others."""
        return "webhook" if self.is_webhook else self.kind

    @property
    def active(self) -> bool:
        """Whether this person may log in."""
        return self.disabled_at is None and self.deleted_at is None

    @property
    def known(self) -> tuple[str | None, ...]:
        """What others may know of them: name, phone number, e-mail."""
        return self.name, self.phone, self.email


def fold(text: str) -> str:
    """The form in which names and addresses are compared: case, width and spaces don't tell.

    Unicode's compatibility caseless matching (Unicode Standard, section 3.13).
    """
    return " ".join(normalize("NFKC", normalize("NFKC", text).casefold()).split())


def create(
    cursor: Cursor,
    name: str,
    kind: str,
    password_hash: str | None,
    phone: str | None,
    email: str | None,
    language: str,
) -> UserRow:
    """A new person; announcements made before do not count as unread.

    The first registered one becomes administrator unless there is one. Raises ``DuplicateKey``.
    """
    last_seq, last_ordinal = _lock_admins(cursor)
    role = "user"
    if kind == "user" and not _has_admin(cursor):
        role = "admin"
    cursor.execute(
        "INSERT INTO user_basic (name, name_folded, kind, role, password_hash, phone, email,"
        " email_folded, language, created_at, updated_at, all_read_seq, all_read_ordinal,"
        " all_delivered_seq)"
        f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, {cursor.dialect.now_ms},"
        f" {cursor.dialect.now_ms}, %s, %s, %s)",
        (
            name,
            fold(name),
            kind,
            role,
            password_hash,
            phone,
            email,
            fold(email) if email is not None else None,
            language,
            last_seq,
            last_ordinal,
            last_seq,
        ),
    )
    created = by_id(cursor, cursor.lastrowid)
    if created is None:
        raise LookupError("a row that was just inserted is not there")
    return created


def _lock_admins(cursor: Cursor) -> tuple[int, int]:
    """Let nobody else change who is administrator; the last number and ordinal of `all`.

    The row of `all` is locked: of two who come first only one becomes administrator, and of two
    who put each other out only one succeeds.
    """
    row = cursor.execute(
        "SELECT last_seq, last_ordinal FROM conversation WHERE name = 'all'"
        + cursor.dialect.for_update
    ).one()
    return (int(row[0]), int(row[1])) if row is not None else (0, 0)


def is_last_admin(cursor: Cursor, user: int) -> bool:
    """Whether a person is the only administrator; true until the transaction ends."""
    _lock_admins(cursor)
    rows = cursor.execute(
        "SELECT id FROM user_basic WHERE role = 'admin' AND deleted_at IS NULL"
        " AND disabled_at IS NULL LIMIT 2"
    ).all()
    return [int(row[0]) for row in rows] == [user]


def register_guest(cursor: Cursor, user: int, values: Mapping[str, Any]) -> None:
    """Make a guest a registered person, administrator unless there is one.

    Raises ``DuplicateKey``.
    """
    _lock_admins(cursor)
    role = "user" if _has_admin(cursor) else "admin"
    change(cursor, user, {**values, "kind": "user", "role": role})


def _has_admin(cursor: Cursor) -> bool:
    return (
        cursor.execute(
            "SELECT 1 FROM user_basic WHERE role = 'admin' AND deleted_at IS NULL LIMIT 1"
        ).one()
        is not None
    )


def by_id(cursor: Cursor, user: int) -> UserRow | None:
    """One person."""
    row = cursor.execute(f"SELECT {_COLUMNS} FROM user_basic WHERE id = %s", (user,)).one()
    return UserRow(*row) if row is not None else None


def by_ids(cursor: Cursor, users: Collection[int]) -> list[UserRow]:
    """Several people; those who do not exist are left out."""
    if not users:
        return []
    marks, listed = cursor.dialect.listed(users)
    rows = cursor.execute(f"SELECT {_COLUMNS} FROM user_basic WHERE id IN ({marks})", listed).all()
    return [UserRow(*row) for row in rows]


def by_name(cursor: Cursor, name: str) -> UserRow | None:
    """The person of this name, whatever its case."""
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM user_basic WHERE name_folded = %s", (fold(name),)
    ).one()
    return UserRow(*row) if row is not None else None


def search(cursor: Cursor, text: str, limit: int = MAX_FOUND) -> list[UserRow]:
    """People whose name begins with a text, or else has it inside."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM user_basic"
        " WHERE name_folded LIKE %s ESCAPE '|' AND deleted_at IS NULL"
        # Bots of webhooks have names that nobody can type.
        " AND name_folded NOT LIKE '#%%'"
        " ORDER BY CASE WHEN name_folded LIKE %s ESCAPE '|' THEN 0 ELSE 1 END, name_folded, id"
        " LIMIT %s",
        (f"%{escaped(fold(text))}%", f"{escaped(fold(text))}%", limit),
    ).all()
    return [UserRow(*row) for row in rows]


def escaped(text: str) -> str:
    """A text as a part of the pattern of a ``LIKE … ESCAPE '|'``."""
    for special in "|%_":
        text = text.replace(special, "|" + special)
    return text


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people an administrator looks for: a part of a name, phone or e-mail; None for any."""

    text: str | None = None
    kind: str | None = None
    role: str | None = None
    disabled: bool | None = None


def wanted_page(cursor: Cursor, wanted: Wanted, after: int, limit: int) -> list[UserRow]:
    """People who are looked for, by id."""
    conditions, given = ["id > %s", "deleted_at IS NULL"], [str(after)]
    if wanted.text:
        like = f"%{escaped(fold(wanted.text))}%"
        conditions.append(
            "(name_folded LIKE %s ESCAPE '|' OR phone LIKE %s ESCAPE '|'"
            " OR email_folded LIKE %s ESCAPE '|')"
        )
        given += [like] * 3
    for column, value in (("kind", wanted.kind), ("role", wanted.role)):
        if value is not None:
            conditions.append(f"{column} = %s")
            given.append(value)
    if wanted.disabled is not None:
        conditions.append(f"disabled_at IS {'NOT ' if wanted.disabled else ''}NULL")
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM user_basic WHERE {' AND '.join(conditions)} ORDER BY id LIMIT %s",
        (*given, limit),
    ).all()
    return [UserRow(*row) for row in rows]


def page(cursor: Cursor, after: int, limit: int) -> tuple[list[UserRow], int]:
    """People by id, and how many there are in all."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM user_basic WHERE id > %s AND deleted_at IS NULL"
        " ORDER BY id LIMIT %s",
        (after, limit),
    ).all()
    total = cursor.execute("SELECT COUNT(*) FROM user_basic WHERE deleted_at IS NULL").one()
    return [UserRow(*row) for row in rows], int(total[0]) if total is not None else 0


def lock_avatar(cursor: Cursor, user: int) -> int | None:
    """A person's avatar, which nobody else changes until the transaction ends."""
    row = cursor.execute(
        f"SELECT avatar_id FROM user_basic WHERE id = %s{cursor.dialect.for_update}", (user,)
    ).one()
    return None if row is None else row[0]


_CHANGEABLE = frozenset(
    {
        "name",
        "phone",
        "email",
        "note",
        "language",
        "theme",
        "password_hash",
        "avatar_id",
        "kind",
        "role",
        "must_change_password",
    }
)


def change(cursor: Cursor, user: int, values: Mapping[str, Any]) -> None:
    """Give columns of a person new values. Raises ``DuplicateKey``."""
    columns = dict(values)
    unknown = columns.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not columns that may change: {sorted(unknown)}")
    if "name" in columns:
        columns["name_folded"] = fold(columns["name"])
    if "email" in columns:
        columns["email_folded"] = fold(columns["email"]) if columns["email"] is not None else None
    if not columns:
        return
    assignments = ", ".join(f"{column} = %s" for column in columns)
    cursor.execute(
        f"UPDATE user_basic SET {assignments}, updated_at = {cursor.dialect.now_ms} WHERE id = %s",
        (*columns.values(), user),
    )


def seen(cursor: Cursor, times: Mapping[int, int]) -> None:
    """Store when people were last seen; never backwards."""
    for user in sorted(times):
        cursor.execute(
            "UPDATE user_basic SET last_seen_at = %s"
            " WHERE id = %s AND (last_seen_at IS NULL OR last_seen_at < %s)",
            (times[user], user, times[user]),
        )


def disable(cursor: Cursor, user: int, disabled: bool) -> None:
    """Bar a person from logging in, or let them in again."""
    when = cursor.dialect.now_ms if disabled else "NULL"
    cursor.execute(f"UPDATE user_basic SET disabled_at = {when} WHERE id = %s", (user,))


def delete(cursor: Cursor, user: int) -> None:
    """Anonymise a person: the id stays in what they wrote, the rest goes, the name is free."""
    cursor.execute(
        "UPDATE user_basic SET name = %s, name_folded = %s, phone = NULL, email = NULL,"
        " email_folded = NULL, note = '', avatar_id = NULL, password_hash = NULL, role = 'user',"
        " totp_secret = NULL, totp_last_step = NULL, totp_recovery = NULL,"
        f" deleted_at = {cursor.dialect.now_ms}, updated_at = {cursor.dialect.now_ms}"
        " WHERE id = %s",
        (f"#{user}", f"#{user}", user),
    )


def lock(cursor: Cursor, user: int) -> None:
    """Let nobody else change what hangs on a person until the transaction ends."""
    cursor.execute(f"SELECT id FROM user_basic WHERE id = %s{cursor.dialect.for_update}", (user,))


def shared_with(cursor: Cursor, user: int, others: Collection[int]) -> set[int]:
    """Which of ``others`` share a contact or a conversation with a person."""
    if not others:
        return set()
    marks = cursor.dialect.marks(len(others))
    found = cursor.execute(
        f"SELECT target_id FROM contact WHERE owner_id = %s AND target_id IN ({marks})"
        " AND state = 'accepted'"
        " UNION SELECT theirs.user_id FROM member mine JOIN member theirs"
        " ON theirs.conversation_id = mine.conversation_id"
        f" WHERE mine.user_id = %s AND theirs.user_id IN ({marks})"
        " AND mine.left_seq IS NULL AND theirs.left_seq IS NULL",
        (user, *others, user, *others),
    ).all()
    return {int(row[0]) for row in found}
