"""What really goes over the wire is what the published schemas and documents say."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from websockets.sync.client import ClientConnection, connect

from tests.handlers import samples


class Api:
    """Calls the HTTP API and holds every answer against the OpenAPI document."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.document = json.loads(self._open("GET", "/api/openapi.json")[1])
        self.called: set[tuple[str, str]] = set()

    def upload(self, data: bytes, token: str) -> dict[str, Any]:
        """Upload a file; its description."""
        request = urllib.request.Request(f"{self._url}/api/media", method="POST", data=data)
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        self._validate("/api/media", "post", answer.status, found)
        return dict(found["data"])

    def fetch(self, path: str, token: str, at: str, type_: str = "*/*") -> bytes:
        """Fetch a file that the document describes as bytes."""
        described = self.document["paths"][at]["get"]["responses"]["200"]["content"]
        assert described == {type_: {"schema": {"type": "string", "format": "binary"}}}
        self.called.add(("GET", at))
        return self._open("GET", path, token=token)[1]

    def call(
        self, method: str, path: str, body: Any = None, token: str = "", at: str = ""
    ) -> tuple[int, Any]:
        """Call an operation; ``at`` is its path in the document when the address has numbers."""
        status, data = self._open(method, path, body, token)
        answer = json.loads(data)
        self._validate(at or path.partition("?")[0], method.lower(), status, answer)
        return status, answer

    def _validate(self, at: str, method: str, status: int, answer: Any) -> None:
        operation = self.document["paths"][at][method]
        described = operation["responses"].get(str(status), operation["responses"]["default"])
        if "$ref" in described:
            described = self.document["components"]["responses"]["Refusal"]
        schema = described["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": self.document["components"]}).validate(answer)
        self.called.add((method.upper(), at))

    def _open(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, bytes]:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
        )
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


class Socket:
    """A raw socket that holds every frame, both ways, against the schemas."""

    def __init__(self, connection: ClientConnection, schemas: dict[str, Any]) -> None:
        self._connection = connection
        self._client = Draft202012Validator(schemas["client-frame"])
        self._server = Draft202012Validator(schemas["server-frame"])
        self._number = 0
        self.ops: set[str] = set()

    def ask(self, **frame: Any) -> dict[str, Any]:
        """Send a frame that is right, and return its answer."""
        self._client.validate(frame)
        return self.say(**frame)

    def say(self, **frame: Any) -> dict[str, Any]:
        """Send a frame, and return its answer."""
        self._number += 1
        self._connection.send(json.dumps({**frame, "id": self._number}))
        return self.until(lambda found: found.get("id") == self._number)

    def until(self, wanted: Any) -> dict[str, Any]:
        """Receive until a frame is the wanted one."""
        while True:
            frame: dict[str, Any] = json.loads(self._connection.recv(timeout=20))
            self._server.validate(frame)
            self.ops.add(frame["op"])
            if wanted(frame):
                return frame


def log_in(api: Api, name: str) -> tuple[str, int]:
    """A new account: its token and id."""
    body = {"name": name, "password": "correct-horse", "repassword": "correct-horse"}
    status, answer = api.call("POST", "/api/register", body)
    assert status == 200
    return answer["data"]["token"], answer["data"]["user"]["id"]


def test_the_documents_are_valid_and_complete(node) -> None:  # type: ignore[no-untyped-def]
    api = Api(node("--relay", "none").url)
    validate(api.document)
    for operations in api.document["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["responses"]["200"]


def test_every_frame_on_the_wire_fits_the_schemas(node) -> None:  # type: ignore[no-untyped-def]
    started = node("--relay", "none")
    api = Api(started.url)
    schemas = {
        name: json.loads(api._open("GET", f"/api/schema/{name}.json")[1])
        for name in ("client-frame", "server-frame")
    }
    first, admin = log_in(api, "小红")
    second, other = log_in(api, "bob")
    headers = {"Authorization": f"Bearer {first}"}
    with (
        connect(f"{started.ws_url}/ws", additional_headers=headers, subprotocols=["im.v1"]) as one,
        connect(f"{started.ws_url}/ws", subprotocols=["im.v1"]) as two,
    ):
        assert one.subprotocol == "im.v1"
        a, b = Socket(one, schemas), Socket(two, schemas)
        a.until(lambda frame: frame["op"] == "welcome")
        two.send(json.dumps({"op": "hello", "token": second}))
        b.until(lambda frame: frame["op"] == "welcome")
        sent = a.ask(op="send", to=f"u:{other}", text="你好", key="k", extra={"Amount": 1})
        conv, seq = sent["conv"], sent["seq"]
        assert a.ask(op="send", to=f"u:{other}", text="你好", key="k", extra={"Amount": 1}) == {
            **sent,
            "id": 2,
            "repeated": True,
        }
        assert a.ask(op="send", to=f"u:{other}", text="other", key="k")["code"] == "key_conflict"
        a.ask(op="edit", conv=conv, seq=seq, text="您好")
        a.ask(op="send", to="all", text="to all")
        group = api.call("POST", "/api/groups", {"name": "g", "members": [other]}, first)[1]["data"]
        a.ask(op="send", to=f"g:{group['id']}", text="@bob", mentions=[other], reply_to=1)
        b.ask(op="delivered", conv=conv, seq=seq)
        b.ask(op="read", conv=conv, seq=seq)
        b.ask(op="watch", users=[admin])
        one.send(json.dumps({"op": "typing", "to": f"u:{other}"}))
        b.until(lambda frame: frame["op"] == "typing")
        a.ask(op="recall", conv=conv, seq=seq)
        for op in ("pin", "mute", "mark_unread", "hide"):
            b.ask(op=op, conv=conv)
        b.ask(op="sync", conv=conv, after=0)
        b.ask(op="conversations")
        b.ask(op="ping")
        picture = api.upload(samples.picture(), first)["id"]
        shown = a.ask(op="send", to=f"u:{other}", media="picture", text="look", file=picture)
        b.until(lambda frame: frame.get("file", {}).get("id") == picture)
        a.ask(op="recall", conv=conv, seq=shown["seq"])
        for wrong in ({"op": "dance"}, {"op": "send"}, {"op": "sync", "conv": 7}, {"op": None}):
            assert b.say(**wrong)["op"] == "error"
        started.process.terminate()
        a.until(lambda frame: frame["op"] == "bye")
    assert a.ops | b.ops >= {
        *("welcome", "ok", "error", "message", "event", "read", "delivered", "typing"),
        *("state", "bye"),
    }


def tokens(api: Api, admin: str) -> None:
    """One's own token, and one of a bot."""
    body = {"name": "build", "scopes": ["read", "admin"], "days": 30}
    made = api.call("POST", "/api/tokens", body, admin)[1]["data"]
    assert api.call("GET", "/api/tokens", token=made["token"])[0] == 403
    api.call("GET", "/api/tokens", token=admin)
    at = "/api/tokens/{token}"
    assert api.call("DELETE", f"/api/tokens/{made['id']}", token=admin, at=at)[0] == 200
    bot = api.call("POST", "/api/users", {"name": "robot", "kind": "bot"}, admin)[1]["data"]["id"]
    path, at = f"/api/users/{bot}/tokens", "/api/users/{user}/tokens"
    made = api.call("POST", path, {"name": "b", "scopes": ["send"]}, admin, at)[1]["data"]
    api.call("GET", path, token=admin, at=at)
    api.call("DELETE", f"{path}/{made['id']}", token=admin, at=at + "/{token}")


def link_and_requests(api: Api, leader: str, other: int, group: int) -> None:
    """The link of a group, and someone who asks to be let in."""
    here, at = f"/api/groups/{group}", "/api/groups/{group}"
    made = api.call("POST", f"{here}/link", {"days": 1}, leader, f"{at}/link")[1]["data"]
    assert made["url"].endswith(f"/join/{made['code']}")
    api.call("GET", f"{here}/link", token=leader, at=f"{at}/link")
    api.call("PATCH", here, {"approval": True}, leader, at)
    token, asking = log_in(api, "asking")
    assert api.call("POST", "/api/groups/join", {"code": made["code"]}, token)[0] == 403
    api.call("GET", "/api/groups/requests", token=token)
    found = api.call("GET", f"{here}/requests", token=leader, at=f"{at}/requests")[1]["data"]
    assert [one["user"]["id"] for one in found["requests"]] == [asking]
    one = {"token": leader, "at": f"{at}/requests/{{user}}"}
    assert api.call("PUT", f"{here}/requests/{asking}", **one)[0] == 200
    assert api.call("DELETE", f"{here}/requests/{other}", **one)[0] == 404
    api.call("DELETE", f"{here}/link", token=leader, at=f"{at}/link")
    api.call("PATCH", here, {"approval": False}, leader, at)


def webhook(api: Api, leader: str, group: int) -> None:
    """A program that posts into a group."""
    here, at = f"/api/groups/{group}/webhooks", "/api/groups/{group}/webhooks"
    made = api.call("POST", here, {"name": "Build"}, leader, at)[1]["data"]
    path = "/hook/" + made["url"].partition("/hook/")[2]
    assert api.call("POST", path, {"text": "green"}, at="/hook/{secret}")[0] == 200
    assert api.call("POST", "/hook/wrong", {"text": "green"}, at="/hook/{secret}")[0] == 404
    api.call("GET", here, token=leader, at=at)
    api.call("DELETE", f"{here}/{made['id']}", token=leader, at=at + "/{webhook}")


def administer(api: Api, admin: str) -> None:
    """What only administrators do."""
    _, user = log_in(api, "mallory")
    ban, reset = "/api/users/{user}/ban", "/api/users/{user}/reset"
    api.call("PUT", f"/api/users/{user}/ban", token=admin, at=ban)
    api.call("DELETE", f"/api/users/{user}/ban", token=admin, at=ban)
    given = api.call("POST", f"/api/users/{user}/reset", {}, admin, reset)[1]["data"]["password"]
    body = {"name": "mallory", "password": given}
    assert api.call("POST", "/api/login", body)[1]["error"] == "password_change_needed"
    api.call("GET", "/api/admin/users?q=mal&kind=user&disabled=false", token=admin)
    policy = {"policy": "invitation", "guests": False}
    api.call("PUT", "/api/admin/registration", policy, admin)
    api.call("PUT", "/api/admin/registration", {}, admin)
    api.call("GET", "/api/admin/registration", token=admin)
    api.call("PUT", "/api/admin/retention", {"messages_days": 90}, admin)
    api.call("GET", "/api/admin/retention", token=admin)
    api.call("PUT", "/api/admin/retention", {"messages_days": None}, admin)
    count = "/api/admin/retention/count"
    api.call("GET", f"{count}?messages_days=30", token=admin, at=count)
    made = api.call("POST", "/api/admin/invitations", {"uses": 2}, admin)[1]["data"]
    api.call("GET", "/api/admin/invitations", token=admin)
    at = "/api/admin/invitations/{invitation}"
    api.call("DELETE", f"/api/admin/invitations/{made['id']}", token=admin, at=at)
    api.call("GET", "/api/admin/audit?limit=500", token=admin)
    api.call("GET", "/api/admin/nodes", token=admin)
    api.call("GET", "/api/admin/settings", token=admin)


def second_factor(api: Api, token: str) -> None:
    """What an answer looks like; that the codes are right is tested elsewhere."""
    api.call("GET", "/api/me/factor", token=token)
    made = api.call("POST", "/api/me/factor", token=token)[1]["data"]
    body = {"password": "correct-horse", "secret": made["secret"], "code": "000000"}
    api.call("PUT", "/api/me/factor", body, token)
    api.call("POST", "/api/me/factor/off", {"password": "correct-horse", "code": "000000"}, token)


def test_every_answer_of_the_http_api_fits_the_document(node) -> None:  # type: ignore[no-untyped-def]
    api = Api(node("--relay", "none").url)
    first, admin = log_in(api, "小红")
    second, other = log_in(api, "bob")
    api.call("POST", "/api/login", {"name": "bob", "password": "correct-horse"})
    api.call("POST", "/api/login", {"name": "bob", "password": "wrong"})
    guest = api.call("POST", "/api/guest", {})[1]["data"]["token"]
    upgrade = {"name": "carol", "password": "correct-horse", "repassword": "correct-horse"}
    api.call("POST", "/api/me/register", upgrade, guest)
    api.call("GET", "/api/me", token=first)
    api.call("GET", "/api/me")
    api.call("PATCH", "/api/me", {"note": "hi", "theme": "dark"}, first)
    passwords = {
        "password": "correct-horse",
        "new_password": "battery-staple",
        "repassword": "battery-staple",
    }
    api.call("POST", "/api/me/password", passwords, guest)
    api.call("GET", "/api/sessions", token=first)
    assert api.call("POST", "/api/sessions/link", {"password": "correct-horse"}, first)[0] == 200
    assert api.call("GET", "/api/sessions/link", token=first)[1]["data"]["expires_at"]
    api.call("DELETE", "/api/sessions/link", token=first)
    api.call("DELETE", "/api/sessions", token=second)
    api.call("DELETE", "/api/sessions/999999", token=second, at="/api/sessions/{session}")
    api.call("GET", "/api/time")
    message = {"to": f"u:{other}", "text": "hi"}
    place = api.call("POST", "/api/messages", message, first)[1]["data"]
    where = {"conv": place["conv"], "seq": place["seq"]}
    api.call("GET", f"/api/messages?conv={place['conv']}", token=first)
    api.call("GET", "/api/messages?conv=p:5:6", token=first)
    api.call("PATCH", "/api/messages", {**where, "text": "ho"}, first)
    api.call("POST", "/api/messages/read", where, second)
    api.call("POST", "/api/messages/recall", where, first)
    api.call("GET", "/api/conversations", token=second)
    api.call("POST", "/api/contacts", {"name": "bob"}, first)
    one = {"token": second, "at": "/api/contacts/{user}/accept"}
    api.call("POST", f"/api/contacts/{admin}/accept", **one)
    api.call("PATCH", f"/api/contacts/{admin}", {"remark": "x"}, second, "/api/contacts/{user}")
    api.call("GET", "/api/contacts", token=second)
    block = "/api/contacts/{user}/block"
    api.call("PUT", f"/api/contacts/{admin}/block", token=second, at=block)
    assert api.call("POST", "/api/messages", message, first)[0] == 403
    api.call("DELETE", f"/api/contacts/{admin}/block", token=second, at=block)
    decline = "/api/contacts/{user}/decline"
    api.call("POST", f"/api/contacts/{admin}/decline", token=second, at=decline)
    api.call("DELETE", f"/api/contacts/{admin}", token=second, at="/api/contacts/{user}")
    group = api.call("POST", "/api/groups", {"name": "g", "members": [other]}, first)[1]["data"]
    here = f"/api/groups/{group['id']}"
    api.call("GET", "/api/groups", token=second)
    api.call("GET", here, token=second, at="/api/groups/{group}")
    api.call("PATCH", here, {"announcement": "read this"}, first, "/api/groups/{group}")
    api.call("POST", "/api/groups/join", {"group": "g"}, guest)
    api.call("POST", "/api/groups/join", {"group": group["id"]}, second)
    api.call("GET", f"{here}/members", token=first, at="/api/groups/{group}/members")
    link_and_requests(api, first, other, group["id"])
    webhook(api, first, group["id"])
    invited = {"users": [other]}
    api.call("POST", f"{here}/members", invited, first, "/api/groups/{group}/members")
    silence = "/api/groups/{group}/members/{user}/silence"
    assert api.call("PUT", f"{here}/members/{other}/silence", {}, first, silence)[0] == 200
    assert api.call("DELETE", f"{here}/members/{other}/silence", token=first, at=silence)[0] == 200
    role = "/api/groups/{group}/members/{user}/role"
    api.call("PUT", f"{here}/members/{other}/role", {"role": "admin"}, first, role)
    gone = "/api/groups/{group}/members/{user}"
    api.call("DELETE", f"{here}/members/{other}", token=second, at=gone)
    api.call("DELETE", here, token=first, at="/api/groups/{group}")
    api.call("GET", f"/api/users?ids={admin},{other}", token=second)
    api.call("GET", "/api/users?q=b", token=second)
    mine = api.call("GET", "/api/quick-replies", token=second)[1]["data"]
    quick = "/api/quick-replies/{reply}"
    reply = f"/api/quick-replies/{mine['replies'][0]['id']}"
    api.call("GET", f"/api/quick-replies?version={mine['version']}", token=second)
    api.call("PATCH", reply, {"text": "yes"}, second, quick)
    api.call("DELETE", reply, token=second, at=quick)
    api.call("POST", "/api/quick-replies", {"text": "yes", "place": 0}, second)
    api.call("PUT", "/api/quick-replies/order", {"ids": [1]}, second)
    version = api.call("GET", "/api/me/settings", token=second)[1]["data"]["version"]
    api.call("GET", f"/api/me/settings?version={version}", token=second)
    api.call("PATCH", "/api/me/settings", {"sounds": False, "theme": "dark"}, second)
    found = api.call("GET", "/api/search/messages?q=group&limit=5&from=1", token=second)[1]["data"]
    assert found["hits"] == []
    api.call("POST", "/api/messages", {"to": f"u:{other}", "text": "to be found"}, first)
    found = api.call("GET", "/api/search/messages?q=found", token=second)[1]["data"]
    assert [hit["text"] for hit in found["hits"]] == ["to be found"]
    assert api.call("GET", "/api/search/messages?q=%21", token=second)[0] == 400
    api.call("GET", "/api/search/names?q=b", token=first)
    file = api.upload(samples.picture(), first)["id"]
    for part in ("", "/thumbnail"):
        assert api.fetch(f"/api/media/{file}{part}", first, f"/api/media/{{file}}{part}")
    assert api.call("GET", f"/api/media/{file}", token=second, at="/api/media/{file}")[0] == 404
    api.call("PATCH", "/api/me", {"avatar": file}, first)
    assert api.fetch("/api/me/export", first, "/api/me/export", "application/zip")
    new = {"name": "dave", "password": "correct-horse"}
    made = api.call("POST", "/api/users", new, first)[1]["data"]["id"]
    assert api.call("POST", "/api/users", {**new, "name": "eve"}, second)[0] == 403
    user = "/api/users/{user}"
    api.call("GET", f"/api/users/{made}", token=second, at=user)
    api.call("PATCH", f"/api/users/{made}", {"note": "n"}, first, user)
    api.call("DELETE", f"/api/users/{made}", token=first, at=user)
    tokens(api, first)
    administer(api, first)
    second_factor(api, first)
    api.call("DELETE", "/api/me", {"password": "correct-horse"}, second)
    api.call("POST", "/api/logout", token=first)
    described = {
        (method.upper(), path)
        for path, operations in api.document["paths"].items()
        for method in operations
        if path.startswith("/api/")
    }
    assert described - api.called == set()


@pytest.mark.parametrize("address", ["/api/openapi.json", "/api/asyncapi.json", "/docs"])
def test_documents_are_served(node, address: str) -> None:  # type: ignore[no-untyped-def]
    started = node("--relay", "none")
    with urllib.request.urlopen(started.url + address, timeout=10) as answer:
        assert answer.status == 200
