"""Accounts: who may come in, under which name, and what one may change."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import PASSWORD, Api, Person

SURE = {"password": PASSWORD}
"""What is asked for before an account is removed."""

pytestmark = pytest.mark.gen_test(timeout=30)


def new(name: str = "somebody", **more: Any) -> dict[str, Any]:
    return {"name": name, "password": PASSWORD, "repassword": PASSWORD, **more}


async def register(api: Api, **fields: Any) -> Any:
    return await api.call("POST", "/api/register", new(**fields))


async def test_the_first_who_registers_is_the_administrator(api: Api) -> None:
    guest = (await api.call("POST", "/api/guest", {})).data["user"]
    ann, bob = await api.people("ann", "bob")
    assert guest["role"] == "user"
    assert (await ann.get("/api/me")).data["role"] == "admin"
    assert (await bob.get("/api/me")).data["role"] == "user"


async def test_of_many_who_come_first_one_becomes_administrator(api: Api) -> None:
    people = await asyncio.gather(*(api.register(f"p{number}") for number in range(6)))
    roles = [(await person.get("/api/me")).data["role"] for person in people]
    assert sorted(roles) == ["admin"] + ["user"] * 5


async def test_a_guest_who_registers_first_becomes_the_administrator(api: Api) -> None:
    token = (await api.call("POST", "/api/guest", {})).data["token"]
    reply = await api.call("POST", "/api/me/register", new("ann"), token=token)
    assert reply.data["role"] == "admin"


async def test_there_is_always_an_administrator(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    path = f"/api/users/{ann.id}"
    (await ann.post(path, {"role": "user"}, method="PATCH")).refused(403, "forbidden")
    (await ann.post("/api/me", method="DELETE")).refused(403, "forbidden")
    (await ann.form("/user/deleteUser", id=ann.id)).refused(403, "forbidden")
    assert (await ann.post(f"/api/users/{bob.id}", {"role": "admin"}, method="PATCH")).status == 200
    assert (await ann.post(path, {"role": "user"}, method="PATCH")).data["role"] == "user"
    (await ann.post(path, {"role": "admin"}, method="PATCH")).refused(403, "forbidden")
    assert (await ann.post("/api/me", SURE, method="DELETE")).status == 200


@pytest.mark.parametrize(
    ("fields", "status", "error", "field"),
    [
        ({"repassword": "another"}, 400, "invalid", "repassword"),
        ({"password": "1234567", "repassword": "1234567"}, 400, "invalid", "password"),
        ({"password": "x" * 129, "repassword": "x" * 129}, 400, "invalid", "password"),
        ({"password": "x" * 257, "repassword": "x" * 257}, 400, "malformed", "password"),
        ({"name": ""}, 400, "invalid", "name"),
        ({"name": " \t "}, 400, "invalid", "name"),
        ({"name": "x" * 33}, 400, "invalid", "name"),
        ({"name": "a\u0000b"}, 400, "invalid", "name"),
        ({"name": "a\u202eb"}, 400, "invalid", "name"),
        ({"name": "a\u200bb"}, 400, "invalid", "name"),
        ({"name": "#12"}, 400, "invalid", "name"),
        ({"name": 5}, 400, "malformed", "name"),
        ({"name": None}, 400, "malformed", "name"),
        ({"phone": "12345678901"}, 400, "invalid", "phone"),
        ({"phone": "1391234567"}, 400, "invalid", "phone"),
        ({"phone": "139123456789"}, 400, "invalid", "phone"),
        ({"phone": "１３９１２３４５６７８"}, 400, "invalid", "phone"),
        ({"email": "a@"}, 400, "invalid", "email"),
        ({"email": "a b@example.com"}, 400, "invalid", "email"),
        ({"email": "x" * 250 + "@example.com"}, 400, "malformed", "email"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_its_field(
    api: Api, fields: dict[str, Any], status: int, error: str, field: str
) -> None:
    (await register(api, **fields)).refused(status, error, field)
    assert (await register(api)).status == 200, "nothing was taken by the refusal"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Müller", "MÜLLER"),
        ("Müller", "Mu\u0308ller"),
        ("小红", "小红 "),
        ("Ann Lee", "ann  lee"),
        ("ann", "ＡＮＮ"),
        ("straße", "STRASSE"),
        ("ﬁne", "fine"),
    ],
)
async def test_names_that_look_the_same_are_one_name(api: Api, first: str, second: str) -> None:
    ann = await api.register(first)
    (await register(api, name=second)).refused(409, "taken", "name")
    assert (await api.log_in(second)).id == ann.id


async def test_names_that_differ_for_people_are_two(api: Api) -> None:
    for name in ("😀", "😁", "a", "á", "か", "が", "小红", "小紅", "x" * 32, "字" * 32):
        assert (await register(api, name=name)).status == 200, name


async def test_a_phone_or_an_address_belongs_to_one(api: Api) -> None:
    taken = {"phone": "13912345678", "email": "Ann@Example.com"}
    assert (await register(api, name="ann", **taken)).status == 200
    (await register(api, name="b", phone=" 13912345678 ")).refused(409, "taken", "phone")
    (await register(api, name="b", email="ann@example.COM")).refused(409, "taken", "email")
    # Many may have none.
    for name in ("b", "c"):
        assert (await register(api, name=name, phone="", email=" ")).status == 200
    bob = await api.log_in("b")
    for change in taken.items():
        reply = await bob.post("/api/me", dict([change]), method="PATCH")
        reply.refused(409, "taken", change[0])


async def test_of_two_who_take_one_name_at_once_one_gets_it(api: Api) -> None:
    await api.register("admin")
    replies = await asyncio.gather(*(register(api, name="same") for _ in range(5)))
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409, 409]


async def test_one_changes_ones_profile_and_clears_what_one_likes(api: Api) -> None:
    ann = await api.register("ann")
    change = {
        "name": "小明",
        "phone": "13912345678",
        "email": "a@b.cn",
        "note": "三楼",
        "theme": "dark",
    }
    reply = await ann.post("/api/me", change, method="PATCH")
    assert change.items() <= reply.data.items()
    assert (await ann.get("/api/me")).data == reply.data
    reply = await ann.post("/api/me", {"phone": "", "email": ""}, method="PATCH")
    assert (reply.data["phone"], reply.data["email"], reply.data["name"]) == (None, None, "小明")
    for bad, field in (({"note": "x" * 201}, "note"), ({"theme": "pink"}, "theme")):
        (await ann.post("/api/me", bad, method="PATCH")).refused(400, "invalid", field)


async def test_nobody_learns_phone_or_address_of_another(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await ann.post("/api/me", {"phone": "13912345678", "email": "a@b.cn"}, method="PATCH")
    for path in (f"/api/users/{ann.id}", "/api/users?q=an", f"/api/users?ids={ann.id}"):
        reply = await bob.get(path)
        assert reply.status == 200 and "139123" not in reply.text and "a@b.cn" not in reply.text


# Log-ins


async def test_an_unknown_name_is_refused_as_a_wrong_password_is(api: Api) -> None:
    await api.register("ann")
    replies = [
        await api.call("POST", "/api/login", {"name": name, "password": "wrong one"})
        for name in ("ann", "nobody", "' OR 1=1 --", "%")
    ]
    assert len({reply.text for reply in replies}) == 1
    replies[0].refused(401, "wrong_password", "password")


@pytest.mark.parametrize("overrides", [{"limits": {"logins": "3/minute"}}], ids=["3 a minute"])
async def test_guessing_is_slowed_down_for_the_guesser_alone(api: Api) -> None:
    await api.people("ann", "bob")
    for _ in range(3):
        wrong = {"name": "ann", "password": "a guess"}
        (await api.call("POST", "/api/login", wrong)).refused(401, "wrong_password")
    right = {"name": "ＡＮＮ", "password": PASSWORD}
    reply = await api.call("POST", "/api/login", right)
    assert reply.refused(429, "rate_limited")["retry_after"] > 0
    assert 0 < int(reply.headers["Retry-After"]) <= 60
    assert (await api.log_in("bob")).name == "bob"


@pytest.mark.parametrize("overrides", [{"limits": {"registrations": "2/hour"}}], ids=["2 an hour"])
async def test_accounts_from_one_address_are_limited_but_refusals_do_not_count(api: Api) -> None:
    for _ in range(3):
        (await register(api, name="")).refused(400, "invalid")
    await api.people("a", "b")
    (await register(api, name="c")).refused(429, "rate_limited")
    (await api.call("POST", "/api/guest", {})).refused(429, "rate_limited")


@pytest.mark.parametrize(
    "overrides", [{"registration": {"policy": "closed", "guests": False}}], ids=["closed"]
)
async def test_where_registration_is_closed_administrators_make_accounts(
    api: Api, messenger: Messenger
) -> None:
    await messenger.accounts.create(None, "root", PASSWORD, role="admin")
    root = await api.log_in("root")
    (await register(api)).refused(403, "forbidden")
    (await api.form("/user/createUser", new())).refused(403, "forbidden")
    (await api.call("POST", "/api/guest", {})).refused(403, "forbidden")
    made = await root.post("/api/users", {"name": "bob", "password": PASSWORD})
    assert made.data["name"] == "bob"
    bob = await api.log_in("bob")
    (await bob.post("/api/users", {"name": "c", "password": PASSWORD})).refused(403, "forbidden")
    assert (await root.form("/user/createUser", **new("cyd"))).data["name"] == "cyd"


# Guests


async def test_a_guest_who_registers_keeps_id_history_and_contacts(api: Api) -> None:
    ann = await api.register("ann")
    data = (await api.call("POST", "/api/guest", {"name": "visitor"})).data
    guest = Person(data["user"]["id"], "visitor", data["token"], api)
    assert data["user"]["kind"] == "guest"
    await guest.send(f"u:{ann.id}", "as a guest")
    (await guest.post("/api/groups", {"name": "g"})).refused(403, "forbidden")
    change = {"id": guest.id, "password": PASSWORD}
    (await guest.form("/user/updateUser", **change)).refused(403, "forbidden")
    (await guest.post("/api/me/register", new("ann"))).refused(409, "taken", "name")
    (await guest.post("/api/me/register", new("x", repassword="y"))).refused(400, "invalid")
    reply = await guest.post("/api/me/register", new("gina", email="g@b.cn"))
    assert (reply.data["id"], reply.data["kind"], reply.data["name"]) == (guest.id, "user", "gina")
    gina = await api.log_in("gina")
    assert gina.id == guest.id
    entries = (await gina.get("/api/messages", conv=f"p:{ann.id}:{gina.id}")).data["entries"]
    assert [entry["text"] for entry in entries] == ["as a guest"]
    (await gina.post("/api/me/register", new("again"))).refused(403, "forbidden")


async def test_guests_get_names_of_their_own(api: Api) -> None:
    guests = [(await api.call("POST", "/api/guest", {})).data["user"]["name"] for _ in range(3)]
    assert len({*guests}) == 3 and all(name.startswith("访客 ") for name in guests)
    await api.call("POST", "/api/guest", {"name": "me"})
    (await api.call("POST", "/api/guest", {"name": "ME"})).refused(409, "taken", "name")
    (await api.call("POST", "/api/login", {"name": "me", "password": ""})).refused(
        401, "wrong_password"
    )


# Leaving


async def test_who_leaves_is_forgotten_but_what_they_wrote_stays(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await bob.post("/api/me", {"phone": "13912345678", "email": "b@b.cn"}, method="PATCH")
    await bob.send(f"u:{ann.id}", "kept")
    await bob.post("/api/contacts", {"user": ann.id})
    (await bob.post("/api/me", method="DELETE")).refused(401, "wrong_password", "password")
    assert (await bob.post("/api/me", SURE, method="DELETE")).status == 200
    (await bob.get("/api/me")).refused(401, "unauthorized")
    login = {"name": "bob", "password": PASSWORD}
    (await api.call("POST", "/api/login", login)).refused(401, "wrong_password")
    page = (await ann.get("/api/messages", conv=f"p:{ann.id}:{bob.id}")).data
    assert [entry["text"] for entry in page["entries"]] == ["kept"]
    assert [user["deleted"] for user in page["users"]] == [True]
    assert (await ann.get("/api/contacts")).data["contacts"] == []
    (await ann.post("/api/messages", {"to": f"u:{bob.id}", "text": "x"})).refused(404, "not_found")
    # The name, the phone and the address are free again.
    again = await register(api, name="bob", phone="13912345678", email="b@b.cn")
    assert again.data["user"]["id"] != bob.id


async def test_only_administrators_change_others(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    path = f"/api/users/{cyd.id}"
    for change in ({"name": "x"}, {"role": "admin"}, {"password": "a new one"}):
        (await bob.post(path, change, method="PATCH")).refused(403, "forbidden")
    (await bob.post(path, method="DELETE")).refused(403, "forbidden")
    (await ann.post("/api/users/99", {"name": "x"}, method="PATCH")).refused(404, "not_found")
    changed = await ann.post(path, {"name": "cy", "password": "a new password"}, method="PATCH")
    assert changed.data["name"] == "cy"
    (await cyd.get("/api/me")).refused(401, "unauthorized")
    assert (await api.log_in("cy", "a new password")).id == cyd.id
    assert (await ann.post(path, method="DELETE")).status == 200
    (await ann.get(path)).refused(404, "not_found")


async def test_people_are_found_by_a_part_of_their_name(api: Api) -> None:
    ann, *_ = await api.people("ann", "Anna_1", "100%", "小红")
    for text, names in (
        ("AN", ["ann", "Anna_1"]),
        ("红", ["小红"]),
        ("%", ["100%"]),
        ("_", ["Anna_1"]),
        ("|", []),
        ("' OR 1=1 --", []),
    ):
        found = (await ann.get("/api/users", q=text)).data["users"]
        assert [user["name"] for user in found] == names, text
    for query in ({}, {"q": " "}, {"ids": "x"}, {"ids": "9" * 17}, {"ids": "1," * 300 + "1"}):
        assert (await ann.get("/api/users", **query)).status == 400, query


# Names that pass for another one


@pytest.mark.parametrize(
    "name",
    ["ann\u3164", "ann\u2800", "ann\ufe0f", "a\u034fnn", "\u3164", "ann\U000e0101", "ann\u202ex"],
    ids=ascii,
)
async def test_a_name_has_nothing_that_cannot_be_seen(api: Api, name: str) -> None:
    ann = await api.register("ann")
    (await register(api, name=name)).refused(400, "invalid", "name")
    (await api.call("POST", "/api/guest", {"name": name})).refused(400, "invalid", "name")
    (await ann.post("/api/me", {"name": name}, "PATCH")).refused(400, "invalid", "name")
    (await ann.post("/api/groups", {"name": name})).refused(400, "invalid", "name")


@pytest.mark.parametrize(
    "name", ["\u0430nn", "\u03b1nn", "root-\u0430dmin", "\uff21\u043dn"], ids=ascii
)
async def test_a_word_of_a_name_does_not_mix_letters_that_look_alike(api: Api, name: str) -> None:
    ann = await api.register("ann")
    refused = (await register(api, name=name)).refused(400, "invalid", "name")
    assert "字母" in refused["message"]
    (await ann.post("/api/groups", {"name": name})).refused(400, "invalid", "name")


@pytest.mark.parametrize(
    "name",
    [
        "小明Ming",
        "Анна Smith",
        "Zoë ❤\ufe0f",
        "房间 1\ufe0f\u20e3",
        "たなか太郎",
        "π 组",
        "O'Neill-3",
    ],
)
async def test_names_in_all_languages_and_with_emoji_are_names(api: Api, name: str) -> None:
    assert (await register(api, name=name)).data["user"]["name"] == name
    assert (await api.log_in(name)).name == name
