"""The documents have every route, socket and operation that there is, and no other."""

from __future__ import annotations

import json
import re

from tornado.web import RequestHandler
from websockets.sync.client import connect

from handlers.application import API, SOCKETS, TUTORIAL
from tests.docs.test_contract import Api, log_in


def test_the_documents_have_every_route_and_socket_and_no_other(node) -> None:  # type: ignore[no-untyped-def]
    """Read from what the node is made of, not from what made the documents."""
    api = Api(node("--relay", "none").url)
    described = {
        (method, path) for path, found in api.document["paths"].items() for method in found
    }
    plain = {re.sub(r"\{\w+\}", "1", path).rstrip("/") for _, path in described}
    for pattern, handler in [*API, *TUTORIAL]:
        routed = re.compile(pattern + r"\Z")
        (path,) = [path for path in plain if routed.match(path)] or [None]
        assert path is not None, f"{pattern} is not in the document"
        methods = {
            method.lower()
            for method in handler.SUPPORTED_METHODS
            if getattr(handler, method.lower()) is not RequestHandler._unimplemented_method
        }
        (at,) = {at for _, at in described if re.sub(r"\{\w+\}", "1", at) == path}
        # The tutorial's routes say with other methods how they are called.
        if (pattern, handler) in API:
            assert methods - {"head"} == {method for method, place in described if place == at}
    assert len(plain) == len(API) + len(TUTORIAL)
    sockets = json.loads(api._open("GET", "/api/asyncapi.json")[1])
    assert {channel["address"] for channel in sockets["channels"].values()} == set(SOCKETS)
    for operation in sockets["operations"].values():
        for reference in (operation["channel"], *operation["messages"]):
            found = sockets
            for part in reference["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            assert found


def test_each_operation_of_the_socket_document_is_known_to_the_node(node) -> None:  # type: ignore[no-untyped-def]
    started = node("--relay", "none")
    api = Api(started.url)
    token, _ = log_in(api, "ann")
    sockets = json.loads(api._open("GET", "/api/asyncapi.json")[1])
    known = [name.removeprefix("send_") for name in sockets["operations"] if name[:5] == "send_"]
    assert len(known) > 10
    headers = {"Authorization": f"Bearer {token}"}
    for op in known:
        if op in ("typing", "auth"):
            continue  # the one has no answer, the other is said before all others
        with connect(f"{started.ws_url}/ws", additional_headers=headers) as connection:
            connection.send(json.dumps({"op": op, "id": 7}))
            answer = json.loads(connection.recv(timeout=20))
            while answer.get("id") != 7:
                answer = json.loads(connection.recv(timeout=20))
            assert answer.get("code") != "unknown_op", op
