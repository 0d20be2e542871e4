"""Sessions: what a token opens, for how long, and how it ends at once."""

from __future__ import annotations

import pytest

from im.app import Messenger
from im.store.cursor import Cursor
from tests.handlers.api import PASSWORD, Api, eventually

pytestmark = pytest.mark.gen_test(timeout=30)

NEW_PASSWORD = "another password"


async def test_a_wrong_token_is_nobody(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    for token in ("", "nonsense", ann.token[:-1], ann.token + "x", "x" * 5000, "é", "' OR 1=1 --"):
        for headers in (
            {"Authorization": f"Bearer {token}"},
            {"Authorization": token},
            {"Cookie": f"im_session={token}"},
        ):
            reply = await api.call("GET", "/api/me", headers=headers)
            reply.refused(401, "unauthorized")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    tokens = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT token_hash FROM session").all()
    )
    assert ann.token.encode() not in [bytes(row[0]) for row in tokens]


async def test_logging_out_ends_this_session_and_closes_its_sockets(api: Api) -> None:
    ann = await api.register("ann")
    other = await api.log_in("ann")
    async with api.socket(ann) as first, api.socket(other) as second:
        await first.next_op("welcome")
        await second.next_op("welcome")
        assert (await ann.post("/api/logout")).status == 200
        assert await first.closed() == 4001
        assert (await second.ask("ping"))["op"] == "ok"
    (await ann.get("/api/me")).refused(401, "unauthorized")
    assert (await other.get("/api/me")).status == 200


async def test_logging_out_everywhere_else_spares_this_one(api: Api) -> None:
    ann = await api.register("ann")
    others = [await api.log_in("ann") for _ in range(3)]
    listed = (await ann.get("/api/sessions")).data["sessions"]
    assert (len(listed), [s["current"] for s in listed].count(True)) == (4, True)
    async with api.socket(others[0]) as socket:
        await socket.next_op("welcome")
        assert (await ann.post("/api/sessions", method="DELETE")).status == 200
        assert await socket.closed() == 4001
    for other in others:
        (await other.get("/api/me")).refused(401, "unauthorized")
    assert len((await ann.get("/api/sessions")).data["sessions"]) == 1


async def test_one_session_can_be_ended_but_not_anothers(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    second = await api.log_in("ann")
    listed = (await ann.get("/api/sessions")).data["sessions"]
    number = next(s["id"] for s in listed if not s["current"])
    (await bob.post(f"/api/sessions/{number}", method="DELETE")).refused(404, "not_found")
    assert (await second.get("/api/me")).status == 200
    assert (await ann.post(f"/api/sessions/{number}", method="DELETE")).status == 200
    (await second.get("/api/me")).refused(401, "unauthorized")


async def test_a_new_password_ends_the_other_sessions(api: Api) -> None:
    ann = await api.register("ann")
    other = await api.log_in("ann")
    body = {"password": PASSWORD, "new_password": NEW_PASSWORD, "repassword": NEW_PASSWORD}
    for change, error, field in (
        ({"password": "wrong"}, "wrong_password", "password"),
        ({"repassword": "differs"}, "invalid", "repassword"),
        ({"new_password": "short", "repassword": "short"}, "invalid", "new_password"),
    ):
        reply = await ann.post("/api/me/password", {**body, **change})
        reply.refused(401 if error == "wrong_password" else 400, error, field)
    async with api.socket(other) as socket:
        await socket.next_op("welcome")
        assert (await ann.post("/api/me/password", body)).status == 200
        assert await socket.closed() == 4001
    assert (await ann.get("/api/me")).status == 200
    old = {"name": "ann", "password": PASSWORD}
    (await api.call("POST", "/api/login", old)).refused(401, "wrong_password")
    await api.log_in("ann", NEW_PASSWORD)


@pytest.mark.parametrize("overrides", [{"limits": {"logins": "3/minute"}}], ids=["3 a minute"])
async def test_the_old_password_is_not_guessed_through_a_session(api: Api) -> None:
    ann = await api.register("ann")
    body = {"password": "a guess", "new_password": NEW_PASSWORD, "repassword": NEW_PASSWORD}
    for _ in range(3):
        (await ann.post("/api/me/password", body)).refused(401, "wrong_password")
    (await ann.post("/api/me/password", {**body, "password": PASSWORD})).refused(
        429, "rate_limited"
    )


async def test_sockets_of_a_removed_person_close(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await ann.post(f"/api/users/{bob.id}", method="DELETE")).status == 200
        assert await socket.closed() == 4001


async def test_who_is_no_administrator_any_more_has_lost_the_rights_at_once(api: Api) -> None:
    ann, bob = await api.people("ann", "bob")
    path = f"/api/users/{bob.id}"
    async with api.socket(bob) as socket:
        await socket.next_op("welcome")
        assert (await socket.ask("send", to="all", text="1"))["code"] == "forbidden"
        await ann.post(path, {"role": "admin"}, method="PATCH")
        assert (await socket.ask("send", to="all", text="2"))["op"] == "ok"
        await ann.post(path, {"role": "user"}, method="PATCH")
        assert (await socket.ask("send", to="all", text="3"))["code"] == "forbidden"
    assert (await bob.get("/api/me")).data["role"] == "user"
    (await bob.post("/api/users", {"name": "x", "password": PASSWORD})).refused(403, "forbidden")


@pytest.mark.parametrize("overrides", [{"sessions": {"per_user": 2}}], ids=["2 sessions"])
async def test_a_further_log_in_ends_the_session_idle_longest(api: Api) -> None:
    ann = await api.register("ann")
    second = await api.log_in("ann")
    third = await api.log_in("ann")

    async def gone() -> bool:
        return (await ann.get("/api/me")).status == 401

    await eventually(gone)
    assert (await second.get("/api/me")).status == 200
    assert (await third.get("/api/me")).status == 200


async def test_a_session_is_over_after_its_time(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    sql = "UPDATE session SET expires_at = 1"
    await messenger.database.write(lambda cursor: cursor.execute(sql) and None)
    (await ann.get("/api/me")).refused(401, "unauthorized")
    async with api.socket(ann) as socket:
        assert (await socket.next_op("error"))["code"] == "unauthorized"
        assert await socket.closed() == 4001


async def test_sessions_that_ended_long_ago_are_deleted_and_others_are_not(
    api: Api, messenger: Messenger
) -> None:
    ann, bob = await api.people("ann", "bob")
    day = 24 * 3600 * 1000

    def age(cursor: Cursor) -> None:
        for user, days in ((ann.id, 31), (bob.id, 29)):
            cursor.execute(
                f"UPDATE session SET expires_at = {cursor.dialect.now_ms} - %s WHERE user_id = %s",
                (days * day, user),
            )

    await messenger.database.write(age)
    await messenger.sessions.keep([])
    left = await messenger.database.read(
        lambda cursor: cursor.execute("SELECT user_id FROM session").all()
    )
    assert left == [(bob.id,)]


@pytest.mark.parametrize("overrides", [{"sessions": {"days": 1}}], ids=["1 day"])
@pytest.mark.gen_test
async def test_an_open_socket_ends_with_its_session_and_counts_as_use(
    api: Api, messenger: Messenger
) -> None:
    over, used = await api.people("over", "used")
    day = 24 * 3600 * 1000

    def age(cursor: Cursor) -> None:
        now = cursor.dialect.now_ms
        cursor.execute(f"UPDATE session SET expires_at = {now} - 1 WHERE user_id = %s", (over.id,))
        cursor.execute(
            f"UPDATE session SET seen_at = {now} - %s, expires_at = {now} + %s WHERE user_id = %s",
            (day // 2, day // 2, used.id),
        )

    def expires_in(cursor: Cursor) -> int:
        row = cursor.execute(
            f"SELECT expires_at - {cursor.dialect.now_ms} FROM session WHERE user_id = %s",
            (used.id,),
        ).one()
        assert row is not None
        return int(row[0])

    async with api.socket(over) as ending, api.socket(used) as going_on:
        await ending.next_op("welcome")
        await going_on.next_op("welcome")
        await messenger.database.write(age)
        await messenger.sessions.keep({each.session for each in messenger.registry.everyone()})
        assert await ending.closed() == 4001
        assert (await going_on.ask("ping"))["op"] == "ok"
    assert await messenger.database.read(expires_in) > day * 0.9
