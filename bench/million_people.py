"""A million people who are logged in: rows of the database, copied from those of one.

One person and their session are made as the messenger makes them; all others are copies with a
name, an id and a token of their own, so that whatever a column means, theirs is valid. Tokens are a
secret and a number: nobody has to keep a list of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from im.durations import DAY_MS
from im.services.sessions import token_hash
from im.store import sessions, users
from im.store.bootstrap import bootstrap
from im.store.cursor import Cursor
from im.store.database import DatabaseSettings, open_database
from im.store.migrations import migrate

AT_ONCE = 10_000
SECONDS = 60.0
"""More than so many rows take on a busy machine."""


@dataclass(frozen=True, slots=True)
class People:
    """Who is in the database.

    Attributes:
        secret: what all tokens begin with; the number follows, in seven digits.
        first: id of number 0; the others follow.
        admin: token of an administrator, who is none of them.
    """

    secret: str
    first: int
    admin: str


async def make_people(
    url: str, count: int, progress: Callable[[int], None], password_hash: str | None = None
) -> People:
    """A new database with so many people, all with one password or none.

    ``progress`` hears how many there are by now.
    """
    database = open_database(
        DatabaseSettings(url, call_timeout=SECONDS, read_timeout=SECONDS, slow_ms=60_000)
    )
    try:
        await migrate(database)
        await bootstrap(database)
        people, pattern = await database.write(_begin, password_hash)
        for start in range(0, count, AT_ONCE):
            end = min(start + AT_ONCE, count)
            await database.write(_copy, people, pattern, start, end)
            progress(end)
        return people
    finally:
        await database.close()


def token(secret: str, number: int) -> str:
    """The token of a number, as ``wshold.c`` makes it."""
    return f"{secret}{number:07d}"


def _begin(cursor: Cursor, password_hash: str | None) -> tuple[People, int]:
    """The administrator, and whom all others are copies of, with the number of their session."""
    admin = users.create(cursor, "admin", "user", None, None, None, "en")
    people = People(secrets.token_urlsafe(24), admin.id + 2, secrets.token_urlsafe(32))
    sessions.open_session(cursor, token_hash(people.admin), admin.id, "bench", "127.0.0.1", DAY_MS)
    person = users.create(cursor, "pattern", "user", password_hash, None, None, "en")
    own = token_hash(secrets.token_urlsafe(32))
    session = sessions.open_session(cursor, own, person.id, "bench", "127.0.0.1", DAY_MS)
    if person.id != people.first - 1:
        raise RuntimeError("ids do not follow each other in this database")
    return people, session


def _copy(cursor: Cursor, people: People, session: int, start: int, end: int) -> None:
    """People of these numbers; MariaDB counts for us (its tables ``seq_…_to_…``)."""
    numbers = f"seq_{start}_to_{end - 1} AS number"
    own = {
        "id": f"{people.first} + number.seq",
        "name": "CONCAT('p', number.seq)",
        "name_folded": "CONCAT('p', number.seq)",
    }
    columns, values = _columns(cursor, "user_basic", own)
    cursor.execute(
        f"INSERT INTO user_basic ({columns}) SELECT {values} FROM user_basic AS pattern"
        f" JOIN {numbers} WHERE pattern.id = %s",
        (people.first - 1,),
    )
    own = {
        "id": f"{session + 1} + number.seq",
        "user_id": f"{people.first} + number.seq",
        "token_hash": "UNHEX(SHA2(CONCAT(%s, LPAD(number.seq, 7, '0')), 256))",
    }
    columns, values = _columns(cursor, "session", own)
    cursor.execute(
        f"INSERT INTO session ({columns}) SELECT {values} FROM session AS pattern"
        f" JOIN {numbers} WHERE pattern.id = %s",
        (people.secret, session),
    )


def _columns(cursor: Cursor, table: str, own: dict[str, str]) -> tuple[str, str]:
    """All columns of a table, and what a copy has there; ``own``: what is not the pattern's."""
    rows = cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
        " AND table_name = %s AND extra NOT LIKE '%%GENERATED%%' ORDER BY ordinal_position",
        (table,),
    ).all()
    names = [str(row[0]) for row in rows]
    return ", ".join(names), ", ".join(own.get(name, f"pattern.{name}") for name in names)
