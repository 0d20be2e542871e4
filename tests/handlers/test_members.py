"""The members of a group come in pages, however many there are."""

from __future__ import annotations

from typing import Any

import pytest

from im.app import Messenger
from im.http_client import Api as Program
from im.store import conversations
from im.store.cursor import Cursor
from im.store.folding import fold
from tests.handlers.api import ON_BOTH, Api, Person
from tests.handlers.test_groups import make, set_role

pytestmark = pytest.mark.gen_test(timeout=60)

CROWD = 1_200


def crowd(cursor: Cursor, group: int, first: int) -> None:
    """So many people more, with ids from ``first`` on, as members who came one after the other."""
    talk = conversations.by_name(cursor, f"g:{group}")
    assert talk is not None
    for start in range(first, first + CROWD, 300):
        people = [(number, f"Walker {number}") for number in range(start, start + 300)]
        cursor.execute(
            "INSERT INTO user_basic (id, name, name_folded, created_at, updated_at) VALUES "
            + cursor.dialect.rows(len(people), 5),
            [value for number, name in people for value in (number, name, fold(name).text, 1, 1)],
        )
        cursor.execute(
            "INSERT INTO member (conversation_id, user_id, joined_seq, changed_at) VALUES "
            + cursor.dialect.rows(len(people), 4),
            [value for number, _ in people for value in (talk.id, number, number, 1)],
        )


async def pages(person: Person, group: int, **query: Any) -> list[list[int]]:
    """Ids of the members, page by page."""
    found: list[list[int]] = []
    more: dict[str, str] = {}
    while True:
        page = (await person.get(f"/api/groups/{group}/members", **query, **more)).data
        found.append([member["user"]["id"] for member in page["members"]])
        if page.get("cursor") is None:
            return found
        more = {"cursor": page["cursor"]}


@ON_BOTH
async def test_a_large_group_comes_in_pages_and_each_member_once(
    api: Api, messenger: Messenger
) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann, bob)
    await messenger.database.write(crowd, group, 1000)
    last = 1000 + CROWD - 1
    role = f"/api/groups/{group}/members/{last}/role"
    assert (await ann.post(role, {"role": "admin"}, method="PUT")).status == 200

    found = await pages(ann, group, limit=500)
    assert [len(page) for page in found] == [500, 500, CROWD + 2 - 1000]
    everyone = [user for page in found for user in page]
    assert everyone[:3] == [ann.id, last, bob.id]
    assert everyone[3:] == list(range(1000, last))
    assert [len(page) for page in await pages(ann, group)][:2] == [100, 100]
    assert await pages(bob, group, q="WALKER 17", limit=7) == [
        *([*range(start, start + 7)] for start in range(1700, 1798, 7)),
        [1798, 1799],
    ]
    assert await pages(bob, group, q="%") == [[]]

    path = f"/api/groups/{group}/members"
    (await ann.get(path, limit=501)).refused(400, "malformed", "limit")
    (await ann.get(path, cursor="x")).refused(400, "invalid", "cursor")
    (await cyd.get(path)).refused(404, "not_found")

    program = Program([api.url], bob.token)
    named = [member.user.name async for member in program.members(group, q="er 2199", limit=1)]
    assert named == ["Walker 2199"]
    assert len([member async for member in program.members(group)]) == CROWD + 2


async def test_who_comes_and_goes_between_two_pages_moves_nobody(
    api: Api, messenger: Messenger
) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    group = await make(ann, bob)
    await messenger.database.write(crowd, group, 1000)
    path = f"/api/groups/{group}/members"
    first = (await ann.get(path, limit=10)).data
    await ann.post(f"{path}/{bob.id}", method="DELETE")
    await ann.post(path, {"users": [cyd.id]})
    second = (await ann.get(path, limit=10, cursor=first["cursor"])).data
    seen = [member["user"]["id"] for page in (first, second) for member in page["members"]]
    assert seen == [ann.id, bob.id, *range(1000, 1018)]


async def test_a_large_group_is_handed_on_and_dissolved_whole(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    group = await make(ann, bob)
    await messenger.database.write(crowd, group, 1000)
    assert (await set_role(ann, group, bob, "owner")).status == 200
    assert (await bob.post(f"/api/groups/{group}", method="DELETE")).status == 200
    (await ann.get(f"/api/groups/{group}")).refused(404, "not_found")
