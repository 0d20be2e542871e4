"""Tokens for programs: they do what they are for, are shown once, and end at once."""

from __future__ import annotations

from typing import Any

import pytest

from im.app import Messenger
from tests.handlers.api import PASSWORD, Api, Person
from tests.handlers.test_second_factor import code, enrol

pytestmark = pytest.mark.gen_test(timeout=30)

READS = {"name": "reader", "scopes": ["read"]}


async def make(person: Person, *scopes: str, **more: Any) -> Person:
    """A program with a token of this person."""
    body = {"name": "nightly build", "scopes": list(scopes), **more}
    made = (await person.post("/api/tokens", body)).data
    return Person(person.id, person.name, made["token"], person.api)


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    made = (await ann.post("/api/tokens", {"name": " a  bot ", "scopes": ["send", "read"]})).data
    assert made["token"].startswith("imt_")
    assert (made["name"], made["scopes"]) == ("a bot", ["read", "send"])
    (listed,) = (await ann.get("/api/tokens")).data["tokens"]
    assert listed == {name: value for name, value in made.items() if name != "token"}
    rows = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT * FROM session").all()
    )
    assert made["token"] not in str(rows)
    # It is none of the devices, and logging out everywhere leaves it.
    assert len((await ann.get("/api/sessions")).data["sessions"]) == 1
    await ann.post("/api/sessions", method="DELETE")
    assert (await api.call("GET", "/api/me", token=made["token"])).status == 200
    assert (await ann.get("/api/tokens")).data["tokens"][0]["seen_at"] > 0


async def test_a_token_does_what_its_scopes_say_and_no_more(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    reader, writer = await make(ann, "read"), await make(ann, "send")
    body = {"to": f"u:{bob.id}", "text": "hi"}
    assert (await reader.get("/api/conversations")).status == 200
    reply = (await reader.post("/api/messages", body)).refused(403, "forbidden")
    assert "send" in reply["message"]
    assert (await writer.post("/api/messages", body)).status == 200
    (await writer.get("/api/conversations")).refused(403, "forbidden")
    (await reader.get("/api/tokens")).refused(403, "forbidden")
    (await writer.post("/api/tokens", {"name": "x", "scopes": ["send"]})).refused(403, "forbidden")


async def test_scopes_hold_on_sockets(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(await make(ann, "read")) as socket:
        await socket.next_op("welcome")
        assert (await socket.ask("send", to=f"u:{bob.id}", text="x"))["code"] == "forbidden"
        assert (await socket.ask("conversations"))["op"] == "ok"
    async with api.socket(await make(ann, "send")) as socket:
        assert (await socket.next_op("error"))["code"] == "forbidden"
        assert await socket.closed() == 1008
    both = await make(ann, "read", "send")
    async with api.socket() as socket:
        await socket.send({"op": "hello", "token": both.token})
        await socket.next_op("welcome")
        assert (await socket.ask("send", to=f"u:{bob.id}", text="x"))["op"] == "ok"
    reader = await make(ann, "read")
    async with api.socket(reader, "/chat") as socket:
        await socket.read()
        await socket.send({"TargetId": bob.id, "Type": 1, "Media": 1, "Content": "x"})
        assert (await socket.next(lambda frame: frame.get("code") == -1))["error"] == "forbidden"


async def test_a_revoked_token_is_nobody_and_its_sockets_close(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    program = await make(ann, "read")
    (listed,) = (await ann.get("/api/tokens")).data["tokens"]
    path = f"/api/tokens/{listed['id']}"
    (await bob.post(path, method="DELETE")).refused(404, "not_found")
    async with api.socket(program) as socket:
        await socket.next_op("welcome")
        assert (await ann.post(path, method="DELETE")).status == 200
        assert await socket.closed() == 4001
    (await program.get("/api/me")).refused(401, "unauthorized")
    assert (await ann.get("/api/tokens")).data["tokens"] == []


async def test_a_new_password_ends_tokens_too(api: Api) -> None:
    ann = await api.register("ann")
    program = await make(ann, "read")
    body = {"password": PASSWORD, "new_password": "another one", "repassword": "another one"}
    assert (await ann.post("/api/me/password", body)).status == 200
    (await program.get("/api/me")).refused(401, "unauthorized")


async def test_a_token_ends_at_its_time_and_use_does_not_prolong_it(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    program = await make(ann, "read", days=1)
    (before,) = (await ann.get("/api/tokens")).data["tokens"]
    assert before["expires_at"] - before["created_at"] == 24 * 3600 * 1000
    assert (await program.get("/api/me")).status == 200
    (after,) = (await ann.get("/api/tokens")).data["tokens"]
    assert after["expires_at"] == before["expires_at"]
    sql = "UPDATE session SET expires_at = 1 WHERE scopes IS NOT NULL"
    await messenger.database.write(lambda cursor: cursor.execute(sql) and None)
    (await program.get("/api/me")).refused(401, "unauthorized")


@pytest.mark.parametrize("overrides", [{"sessions": {"tokens": 2}}], ids=["2 tokens"])
async def test_what_cannot_be_a_token_is_refused(api: Api) -> None:
    _, bob = await api.people("ann", "bob")
    for change, error, status in (
        ({"scopes": []}, "malformed", 400),
        ({"scopes": ["all"]}, "malformed", 400),
        ({"name": " "}, "invalid", 400),
        ({"days": 0}, "malformed", 400),
        ({"scopes": ["admin"]}, "forbidden", 403),
    ):
        body = {"name": "x", "scopes": ["read"], **change}
        (await bob.post("/api/tokens", body)).refused(status, error)
    for _ in range(2):
        await make(bob, "read")
    (await bob.post("/api/tokens", {"name": "x", "scopes": ["read"]})).refused(409, "limit_reached")
    guest = (await api.call("POST", "/api/guest", {})).data["token"]
    reply = await api.call("POST", "/api/tokens", {"name": "x", "scopes": ["read"]}, token=guest)
    reply.refused(403, "forbidden")


async def test_a_bot_acts_by_its_tokens_alone(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    bot = (await ann.post("/api/users", {"name": "Build", "kind": "bot"})).data
    assert bot["kind"] == "bot"
    path = f"/api/users/{bot['id']}/tokens"
    (await ann.post(path, {"name": "x", "scopes": ["admin"]})).refused(403, "forbidden")
    (await ann.post(f"/api/users/{bob.id}/tokens", {"name": "x", "scopes": ["read"]})).refused(
        403, "forbidden"
    )
    token = (await ann.post(path, {"name": "x", "scopes": ["send"]})).data["token"]
    program = Person(bot["id"], "Build", token, api)
    assert (await program.send(f"u:{bob.id}", "green"))["seq"] == 1
    (await ann.post(f"/api/users/{bot['id']}", {"password": PASSWORD}, method="PATCH")).refused(
        403, "forbidden"
    )
    login = {"name": "Build", "password": ""}
    (await api.call("POST", "/api/login", login)).refused(401, "wrong_password")
    (listed,) = (await ann.get(path)).data["tokens"]
    assert (await ann.post(f"{path}/{listed['id']}", method="DELETE")).status == 200
    (await program.get("/api/me")).refused(401, "unauthorized")


async def test_an_administrators_token_administers_only_with_the_scope(api: Api) -> None:
    ann = await api.register("ann")
    admin, reader = await make(ann, "admin", "read"), await make(ann, "read", "send")
    new = {"name": "carol", "password": PASSWORD}
    (await reader.post("/api/users", new)).refused(403, "forbidden")
    carol = (await admin.post("/api/users", new)).data
    form = {"name": "dave", "password": PASSWORD, "repassword": PASSWORD}
    assert (await reader.form("/user/createUser", **form)).data["role"] == "user"
    listed = (await reader.get("/user/getUserList")).json["data"]
    assert listed[0]["phone"] == ""
    # Not even with it does a program change the password of who made it.
    (await admin.post(f"/api/users/{ann.id}", {"password": "x" * 10}, method="PATCH")).refused(
        403, "forbidden"
    )
    assert (await admin.post(f"/api/users/{carol['id']}", {"note": "n"}, method="PATCH")).data


async def test_a_program_is_nobody_on_pages(api: Api) -> None:
    ann = await api.register("ann")
    program = await make(ann, "read", "send")
    reply = await api.call("GET", "/toChat", headers={"Cookie": f"im_session={program.token}"})
    assert (reply.status, reply.headers["Location"]) == (302, "/?next=/toChat")


async def test_a_token_outlasts_the_session_so_long_after_the_log_in_the_password_is_asked_for(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    secret, _ = await enrol(ann)
    assert (await ann.post("/api/tokens", READS)).status == 200, "who has just logged in"
    sql = "UPDATE session SET created_at = created_at - 660000"
    await messenger.database.write(lambda cursor: cursor.execute(sql) and None)
    refused = (await ann.post("/api/tokens", READS)).refused(401, "wrong_password", "password")
    assert "密码" in refused["message"]
    wrong = {**READS, "password": "not hers"}
    (await ann.post("/api/tokens", wrong)).refused(401, "wrong_password", "password")
    right = {**READS, "password": PASSWORD}
    (await ann.post("/api/tokens", right)).refused(401, "code_needed", "code")
    assert (await ann.post("/api/tokens", {**right, "code": code(secret)})).data["token"]
    bot = (await ann.post("/api/users", {"name": "bot", "kind": "bot"})).data["id"]
    refused = await ann.post(f"/api/users/{bot}/tokens", READS)
    refused.refused(401, "wrong_password", "password")
