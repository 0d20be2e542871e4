"""What others see of a person: who hears when it changes, and how often it may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.api import PASSWORD, Api, Person, Reply

pytestmark = pytest.mark.gen_test(timeout=30)


async def change(person: Person, **fields: Any) -> Reply:
    """Change one's profile."""
    return await person.post("/api/me", fields, method="PATCH")


async def test_a_new_name_or_note_is_told_to_contacts_and_in_common_groups_alone(api: Api) -> None:
    _, ann, bob, cid, eve = await api.people("root", "ann", "bob", "cid", "eve")
    assert (await ann.post("/api/contacts", {"user": bob.id})).status == 200
    assert (await bob.post(f"/api/contacts/{ann.id}/accept")).status == 200
    assert (await ann.post("/api/groups", {"name": "crew", "members": [cid.id]})).status == 200
    async with api.socket(bob) as first, api.socket(cid) as second, api.socket(eve) as stranger:
        for socket in (first, second, stranger):
            await socket.next_op("welcome")
        assert (await change(ann, name="Anneke", note="at sea")).status == 200
        shown = (await bob.get("/api/users", ids=ann.id)).data["users"][0]
        assert (shown["name"], shown["note"]) == ("Anneke", "at sea")
        for socket in (first, second):
            assert (await socket.next_op("profile"))["user"] == shown
        # Nobody else sees a theme.
        assert (await change(ann, theme="dark")).status == 200
        await change(ann, name="Ann")
        for socket in (first, second):
            assert (await socket.next_op("profile"))["user"]["name"] == "Ann"
        await stranger.ask("ping")
        assert stranger.kept == []


async def test_who_knew_someone_hears_that_they_have_left(api: Api) -> None:
    _, ann, bob = await api.people("root", "ann", "bob")
    await ann.send(f"u:{bob.id}", "bye")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await ann.post("/api/me", {"password": PASSWORD}, method="DELETE")).status == 200
        told = (await socket.next_op("profile"))["user"]
        assert (told["id"], told["deleted"], told["name"]) == (ann.id, True, f"#{ann.id}")


@pytest.mark.parametrize("overrides", [{"limits": {"profiles": "1/hour"}}], ids=["once an hour"])
async def test_what_others_see_changes_only_so_often(api: Api) -> None:
    ann = await api.register("ann")
    assert (await change(ann, name="Anneke")).status == 200
    assert (await change(ann, theme="dark")).status == 200
    (await change(ann, note="again")).refused(429, "rate_limited")
