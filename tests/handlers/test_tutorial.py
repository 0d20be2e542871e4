"""The tutorial's HTTP routes: with its names, and safe."""

from __future__ import annotations

from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import PASSWORD, Api, Person, cookie_header, cookies

pytestmark = pytest.mark.gen_test(timeout=30)

NEW = {"name": "小红", "password": PASSWORD, "repassword": PASSWORD}


async def log_in(api: Api, name: str, password: str = PASSWORD) -> Person:
    reply = await api.form("/user/findUserByNameAndPwd", {"name": name, "password": password})
    return Person(reply.data["id"], reply.data["name"], reply.data["identity"], api)


async def test_one_registers_and_gets_a_token_by_the_log_in(api: Api) -> None:
    created = await api.form("/user/createUser", {**NEW, "phone": "13912345678", "email": "a@b.cn"})
    assert created.json["message"] == "新增用户成功！"
    assert created.data["id"] == created.data["ID"]
    reply = await api.form("/user/findUserByNameAndPwd", {"name": "小红", "password": PASSWORD})
    assert reply.data["name"] == "小红"
    assert (reply.data["phone"], reply.data["email"]) == ("13912345678", "a@b.cn")
    token = reply.data["identity"]
    assert (await api.call("GET", "/api/me", token=token)).data["name"] == "小红"
    for way in (
        await api.form("/user/find", {"userId": 1, "token": token}),
        await api.call("POST", "/user/find", {"userId": 1, "token": token}),
        await api.call("POST", "/user/find", {"userId": 1}, token=token),
    ):
        assert way.data["name"] == "小红"


async def test_no_password_is_in_any_answer(api: Api, messenger: Messenger) -> None:
    await api.form("/user/createUser", NEW)
    person = await log_in(api, "小红")
    row = await messenger.accounts.get(person.id)
    assert row.password_hash and row.password_hash.startswith("$argon2id$")
    for reply in (
        await person.get("/user/getUserList"),
        await person.form("/user/find", userId=person.id),
        await person.form("/user/updateUser", id=person.id, name="小明"),
    ):
        assert reply.status == 200
        assert PASSWORD not in reply.text
        assert "argon2" not in reply.text
        assert "password" not in reply.text.lower()


@pytest.mark.parametrize(
    ("change", "status", "error", "field"),
    [
        ({"repassword": "another one"}, 400, "invalid", "repassword"),
        ({"password": "short", "repassword": "short"}, 400, "invalid", "password"),
        ({"name": ""}, 400, "invalid", "name"),
        ({"name": "taken"}, 409, "taken", "name"),
        ({"name": "ＴＡＫＥＮ"}, 409, "taken", "name"),
        ({"phone": "12912345678"}, 400, "invalid", "phone"),
        ({"phone": "13900000000"}, 409, "taken", "phone"),
        ({"email": "no address"}, 400, "invalid", "email"),
        ({"email": "TAKEN@example.com"}, 409, "taken", "email"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_name(
    api: Api, change: dict[str, str], status: int, error: str, field: str
) -> None:
    taken = {**NEW, "name": "taken", "phone": "13900000000", "email": "taken@example.com"}
    assert (await api.form("/user/createUser", taken)).status == 200
    (await api.form("/user/createUser", {**NEW, **change})).refused(status, error, field)


async def test_a_missing_field_is_refused(api: Api) -> None:
    for body in ({}, {"name": "x"}, {"name": "x", "password": PASSWORD}):
        (await api.form("/user/createUser", body)).refused(400, "malformed")


ROUTES = {
    "/user/createUser": "name",
    "/user/deleteUser": "id",
    "/user/updateUser": "id",
    "/user/findUserByNameAndPwd": "name",
    "/user/find": "userId",
    "/user/redisMsg": "userIdA",
    "/searchFriends": "userId",
    "/contact/addfriend": "targetName",
    "/contact/createCommunity": "ownerId",
    "/contact/loadcommunity": "ownerId",
    "/contact/joinGroup": "comId",
}


@pytest.mark.parametrize("path", sorted(ROUTES))
async def test_get_is_answered_405_with_the_call_that_works(api: Api, path: str) -> None:
    reply = await api.call("GET", f"{path}?name=x&password=secret&id=1")
    message = reply.refused(405, "method_not_allowed")["message"]
    assert reply.headers["Allow"] == "POST"
    assert f"{ROUTES[path]}=" in message
    assert message.endswith(f"{api.url}{path}")
    assert "secret" not in reply.text
    assert (await api.call("DELETE", path)).status == 405


async def test_the_list_is_not_for_post(api: Api) -> None:
    reply = await api.call("POST", "/user/getUserList")
    reply.refused(405, "method_not_allowed")
    assert reply.headers["Allow"] == "GET, HEAD"


async def test_a_password_in_the_address_is_refused(api: Api) -> None:
    await api.form("/user/createUser", NEW)
    path = f"/user/findUserByNameAndPwd?name=%E5%B0%8F%E7%BA%A2&password={PASSWORD[:7]}"
    for body in ({}, {"name": "小红", "password": PASSWORD}):
        message = (await api.form(path, body)).refused(400, "malformed", "password")["message"]
        assert "curl" in message and PASSWORD[:7] not in message


async def test_an_unknown_name_is_answered_as_a_wrong_password_is(api: Api) -> None:
    await api.form("/user/createUser", NEW)
    answers = [
        await api.form("/user/findUserByNameAndPwd", {"name": name, "password": "wrong one"})
        for name in ("小红", "nobody")
    ]
    assert answers[0].refused(401, "wrong_password") == answers[1].json


@pytest.mark.parametrize("path", sorted(ROUTES))
async def test_without_a_valid_token_nothing_is_done(api: Api, path: str) -> None:
    if path in ("/user/createUser", "/user/findUserByNameAndPwd"):
        return
    fields = {name: 1 for name in ("id", "userId", "ownerId", "comId", "userIdA", "userIdB")}
    fields |= {"targetName": "x", "name": "x"}
    for token in ("", "nonsense"):
        (await api.form(path, {**fields, "token": token})).refused(401, "unauthorized")
    # In an address a token counts only on the tutorial's sockets.
    person = await api.register("ann")
    (await api.form(f"{path}?token={person.token}", fields)).refused(401, "unauthorized")
    assert (await api.call("GET", f"/user/getUserList?token={person.token}")).status == 401


async def test_the_list_shows_phones_to_administrators_alone(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    await bob.post("/api/me", {"phone": "13900000000", "email": "bob@b.cn"}, method="PATCH")
    reply = await ann.get("/user/getUserList")
    assert (reply.json["total"], reply.json["rows"]) == (2, reply.data)
    assert (reply.data[1]["phone"], reply.data[1]["email"]) == ("13900000000", "bob@b.cn")
    cyd = await api.register("cyd")
    seen = (await cyd.get("/user/getUserList")).data
    assert [person["name"] for person in seen] == ["ann", "bob", "cyd"]
    assert "phone" not in seen[1] and "email" not in seen[1] and "phone" in seen[2]
    part = await cyd.get("/user/getUserList", after=1, limit=1)
    assert ([p["name"] for p in part.data], part.json["total"]) == (["bob"], 3)
    (await cyd.get("/user/getUserList", limit=0)).refused(400, "malformed", "limit")


async def test_deleting_needs_the_right(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    (await bob.form("/user/deleteUser", id=cyd.id)).refused(403, "forbidden")
    (await bob.form("/user/deleteUser", id=ann.id)).refused(403, "forbidden")
    (await ann.form("/user/deleteUser", id=99)).refused(404, "not_found")
    reply = await ann.form("/user/deleteUser", id=cyd.id)
    assert (reply.data, reply.json["message"]) == ({}, "删除用户成功！")
    (await cyd.get("/user/getUserList")).refused(401, "unauthorized")
    (await bob.form("/user/deleteUser", id=bob.id)).refused(401, "wrong_password")
    assert (await bob.form("/user/deleteUser", id=bob.id, password=PASSWORD)).status == 200
    assert (await ann.get("/user/getUserList")).json["total"] == 1


async def test_editing_needs_the_right(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    (await bob.form("/user/updateUser", id=cyd.id, name="x")).refused(403, "forbidden")
    reply = await bob.form(
        "/user/updateUser", id=bob.id, name="小明", phone="13900000000", email="b@b.cn"
    )
    assert reply.json["message"] == "修改用户成功！"
    assert (reply.data["name"], reply.data["phone"], reply.data["email"]) == (
        *("小明", "13900000000", "b@b.cn"),
    )
    # What is empty stays.
    kept = (await ann.form("/user/updateUser", id=bob.id, name="", phone="13900000001")).data
    assert (kept["name"], kept["phone"]) == ("小明", "13900000001")
    (await cyd.form("/user/updateUser", id=cyd.id, phone="139")).refused(400, "invalid", "phone")
    (await cyd.form("/user/updateUser", id=cyd.id, name="ANN")).refused(409, "taken", "name")
    (await cyd.form("/user/updateUser", id=cyd.id, icon="/x.png")).refused(404, "not_found", "icon")


async def test_a_new_password_ends_the_other_sessions(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    other = await api.log_in("bob")
    assert (await bob.form("/user/updateUser", id=bob.id, password="a new password")).status == 200
    (await other.get("/api/me")).refused(401, "unauthorized")
    assert (await bob.get("/api/me")).status == 200
    # An administrator gives one, too.
    assert (await ann.form("/user/updateUser", id=bob.id, password="yet another")).status == 200
    (await bob.get("/api/me")).refused(401, "unauthorized")
    assert (await log_in(api, "bob", "yet another")).id == bob.id


async def test_long_after_the_log_in_the_password_is_not_changed_without_the_old(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    eleven = 11 * 60 * 1000
    sql = f"UPDATE session SET created_at = created_at - {eleven}"
    await messenger.database.write(lambda cursor: cursor.execute(sql) and None)
    reply = await ann.form("/user/updateUser", id=ann.id, password="a new password", name="x")
    assert "重新登录" in reply.refused(401, "wrong_password", "password")["message"]
    assert (await ann.get("/api/me")).data["name"] == "ann"


async def test_friends_ask_and_accept(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    reply = await ann.form("/contact/addfriend", userId=ann.id, targetName="bob")
    assert (reply.data["state"], reply.json["message"]) == ("outgoing", "好友请求已发送")
    assert (await ann.form("/searchFriends", userId=ann.id)).data == []
    reply = await bob.form("/contact/addfriend", userId=bob.id, targetName="ANN")
    assert (reply.data["state"], reply.json["message"]) == ("accepted", "已成为好友")
    reply = await ann.form("/searchFriends", userId=ann.id)
    assert (reply.json["total"], reply.json["rows"][0]["name"]) == (1, "bob")
    again = await ann.form("/contact/addfriend", targetName="bob")
    assert again.refused(409, "already_exists")["message"] == "已是好友"
    oneself = await ann.form("/contact/addfriend", targetName="ann")
    assert oneself.refused(400, "invalid", "targetName")["message"] == "不能加自己"
    nobody = await ann.form("/contact/addfriend", targetName="nobody")
    assert nobody.refused(404, "not_found")["message"] == "没有叫这个名字的人"


async def test_the_token_decides_who_acts_not_the_user_id(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    for path, fields in (
        ("/searchFriends", {"userId": bob.id}),
        ("/contact/addfriend", {"userId": bob.id, "targetName": "bob"}),
        ("/contact/createCommunity", {"ownerId": bob.id, "name": "g"}),
        ("/contact/loadcommunity", {"ownerId": bob.id}),
        ("/contact/joinGroup", {"userId": bob.id, "comId": "1"}),
        ("/user/redisMsg", {"userIdA": bob.id, "userIdB": 77}),
    ):
        (await ann.form(path, **fields)).refused(403, "forbidden")


async def test_communities_are_made_listed_and_joined_by_number_or_name(api: Api) -> None:
    ann, bob, cyd = await api.people("ann", "bob", "cyd")
    made = await ann.form(
        *("/contact/createCommunity",),
        **{"ownerId": ann.id, "name": "读书会", "icon": "", "cate": "兴趣", "memo": "每周一本"},
    )
    group = made.data
    assert (group["ownerId"], group["cate"], group["memo"]) == (ann.id, "兴趣", "每周一本")
    taken = await bob.form("/contact/createCommunity", ownerId=bob.id, name="读书会")
    assert taken.refused(409, "taken", "name")["message"] == "这个群名已有人使用"
    (await bob.form("/contact/createCommunity", name=" ")).refused(400, "invalid", "name")
    assert (await bob.form("/contact/joinGroup", userId=bob.id, comId=group["id"])).status == 200
    assert (await cyd.form("/contact/joinGroup", comId="读书会")).data["members"] == 3
    (await cyd.form("/contact/joinGroup", comId="读书会")).refused(409, "already_exists")
    (await cyd.form("/contact/joinGroup", comId="无")).refused(404, "not_found", "group")
    reply = await bob.form("/contact/loadcommunity", ownerId=bob.id)
    assert (reply.json["total"], reply.json["rows"][0]["name"]) == (1, "读书会")


# The private log by index


async def texts(person: Person, other: Person, **query: Any) -> list[str]:
    reply = await person.form("/user/redisMsg", userIdA=person.id, userIdB=other.id, **query)
    assert reply.json["rows"] == reply.data
    return [row["Content"] for row in reply.data]


@pytest.mark.parametrize(
    ("start", "end", "is_rev", "expected"),
    [
        (0, -1, "true", "0123456789"),
        (0, -1, "false", "9876543210"),
        (0, 0, "true", "0"),
        (0, 0, "false", "9"),
        (2, 4, "true", "234"),
        (2, 4, "false", "765"),
        (-2, -1, "true", "89"),
        (-2, -1, "false", "10"),
        (8, 99, "true", "89"),
        (-99, 1, "true", "01"),
        (5, 4, "true", ""),
        (10, 20, "true", ""),
        (-30, -20, "true", ""),
    ],
)
async def test_the_private_log_is_read_by_index_as_redis_counts(
    api: Api, start: int, end: int, is_rev: str, expected: str
) -> None:
    ann, bob = await api.people("ann", "bob")
    assert await texts(ann, bob) == []
    for number in range(10):
        sender, receiver = (ann, bob) if number % 2 else (bob, ann)
        place = await sender.send(f"u:{receiver.id}", "?" if number == 4 else str(number))
        if number == 4:
            # Events stand in the log between the messages; an index counts messages.
            await sender.post("/api/messages", {**_place(place), "text": "4"}, method="PATCH")
    query = {"start": start, "end": end, "isRev": is_rev}
    assert await texts(ann, bob, **query) == [*expected]
    reply = await bob.form("/user/redisMsg", userIdA=ann.id, userIdB=bob.id, **query)
    assert (reply.json["total"], [row["Content"] for row in reply.data]) == (10, [*expected])


async def test_the_log_does_not_show_what_was_taken_back(api: Api) -> None:
    ann, bob, eve = await api.people("ann", "bob", "eve")
    place = await ann.send(f"u:{bob.id}", "a slip")
    await ann.post("/api/messages/recall", _place(place))
    assert await texts(bob, ann) == ["ann 撤回了一条消息"]
    query = {"userIdA": ann.id, "userIdB": bob.id}
    (await eve.form("/user/redisMsg", **query)).refused(403, "forbidden")


def _place(sent: dict[str, Any]) -> dict[str, Any]:
    return {"conv": sent["conv"], "seq": sent["seq"]}


# Browsers


async def test_who_is_known_by_a_cookie_needs_the_xsrf_token_others_do_not(api: Api) -> None:
    ann = await api.register("ann")
    page = await api.call("GET", "/")
    jar = {**cookies(page), "im_session": ann.token}
    fields = {"ownerId": ann.id, "name": "g1"}
    refused = await api.form("/contact/createCommunity", fields, cookie_header(jar))
    refused.refused(403, "forbidden")
    fields["_xsrf"] = jar["_xsrf"]
    assert (await api.form("/contact/createCommunity", fields, cookie_header(jar))).status == 200
    # A field with the token, which another site's page cannot know, is as good.
    fields = {"name": "g2", "token": ann.token}
    assert (await api.form("/contact/createCommunity", fields, cookie_header(jar))).status == 200
    empty = {"name": "g3", "token": ""}
    (await api.form("/contact/createCommunity", empty, cookie_header(jar))).refused(
        403, "forbidden"
    )
    headers = {**cookie_header(jar), "Authorization": "Bearer "}
    (await api.form("/contact/createCommunity", {"name": "g4"}, headers)).refused(403, "forbidden")


async def test_another_sites_page_can_do_nothing(api: Api) -> None:
    ann = await api.register("ann")
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        reply = await api.form(
            "/contact/createCommunity", {"name": "g", "token": ann.token}, headers
        )
        reply.refused(403, "forbidden")
        (await api.form("/user/createUser", NEW, headers)).refused(403, "forbidden")


async def test_answers_are_in_the_language_asked_for(api: Api) -> None:
    reply = await api.call(
        "POST", "/user/createUser", {**NEW, "repassword": "x"}, headers={"Accept-Language": "en"}
    )
    assert reply.refused(400, "invalid")["message"] == "The two passwords differ"


async def test_bodies_that_are_no_forms_are_refused_with_a_reason(api: Api) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body, headers in (
        (b"{", {}),
        (b"[]", {}),
        (b'{"name": 5, "password": "x", "repassword": "x"}', {}),
        (b'{"name": "\\ud800", "password": "x", "repassword": "x"}', {}),
        (b'{"a":' * 5000, {}),
        (b"name=%ff%fe&password=x&repassword=x", form),
        (b"name=%ed%a0%80&password=x&repassword=x", form),
    ):
        reply = await api.call("POST", "/user/createUser", body, headers=headers)
        reply.refused(400, "malformed")
