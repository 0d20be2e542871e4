"""A token that is revoked on one node is good on no other."""

from __future__ import annotations

import asyncio

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.browser.people import Person, register
from tests.cluster.crew import SETTINGS
from tests.services.node import Node, NodeFactory

REVOKED = 4001
"""With this a node closes the sockets of a session that has ended."""
WAIT = 20.0


async def connected(node: Node, token: str) -> WebSocketClientConnection:
    """A program's socket that a node has welcomed."""
    bearer = {"Authorization": f"Bearer {token}"}
    socket = await websocket_connect(HTTPRequest(f"{node.ws_url}/ws", headers=bearer))
    welcome = await socket.read_message()
    assert welcome is not None and '"welcome"' in str(welcome)
    return socket


async def closed(socket: WebSocketClientConnection) -> int | None:
    """With what a node closed a socket."""
    async with asyncio.timeout(WAIT):
        while await socket.read_message() is not None:
            continue
    return socket.close_code


async def status(node: Node, token: str) -> int:
    """What a node answers to a program that asks for the conversations."""
    bearer = {"Authorization": f"Bearer {token}"}
    try:
        reply = await AsyncHTTPClient().fetch(f"{node.url}/api/conversations", headers=bearer)
    except HTTPClientError as error:
        return error.code
    return reply.code


@pytest.mark.timeout(120)
def test_a_token_revoked_on_one_node_opens_nothing_on_another_and_its_sockets_close_there(
    node: NodeFactory, database_url: str
) -> None:
    # No node looks again by itself within this test: what is heard, is heard from the other node.
    env = {"IM_DATABASE_URL": database_url, "IM_SESSIONS_RECHECK_SECONDS": "300", **SETTINGS}
    here, there = node(env=env), node(env=env)
    anna = register(here.url, "Anna")
    made = anna.call("POST", "/tokens", {"name": "monitor", "scopes": ["read"]})
    kept = anna.call("POST", "/tokens", {"name": "other", "scopes": ["read"]})

    async def run() -> None:
        token = made["token"]
        assert [await status(each, token) for each in (here, there)] == [200, 200]
        sockets = [await connected(each, token) for each in (here, there)]
        other = await connected(there, kept["token"])
        await asyncio.to_thread(
            Person(anna.id, "Anna", anna.token, there.url).call, "DELETE", f"/tokens/{made['id']}"
        )
        assert [await closed(socket) for socket in sockets] == [REVOKED, REVOKED]
        assert [await status(each, token) for each in (here, there)] == [401, 401]
        assert await status(there, kept["token"]) == 200
        await other.write_message('{"op":"ping","id":1}')
        assert await other.read_message() is not None, "a token of its own is not touched"
        other.close()

    asyncio.run(run())
