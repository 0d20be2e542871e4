"""Files on real nodes: each serves them all, and a kill at any moment leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from im.store.database import DatabaseSettings, open_database
from tests.handlers import samples
from tests.services.node import Node, NodeFactory
from tests.services.process import wait_until

TABLES = ("media", "media_content", "media_chunk", "media_reference")
LONG_AGO_MS = 48 * 3_600_000


def call(node: Node, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Call a node; the answer's data, or bytes of a file, or the status of a refusal."""
    raw = isinstance(body, bytes)
    request = urllib.request.Request(node.url + path, method=method)
    if body is not None:
        request.data = body if raw else json.dumps(body).encode()
        request.add_header("Content-Type", "image/png" if raw else "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            data = answer.read()
            if answer.headers["Content-Type"].startswith("application/json"):
                return json.loads(data)["data"]
            return data
    except urllib.error.HTTPError as error:
        return error.code


def register(node: Node, name: str) -> tuple[int, str]:
    """A new account: its id and token."""
    body = {"name": name, "password": "correct-horse", "repassword": "correct-horse"}
    data = call(node, "POST", "/api/register", body)
    return data["user"]["id"], data["token"]


def execute(url: str, *statements: str) -> list[list[tuple[Any, ...]]]:
    """Run statements on the database; the rows of each."""

    async def run() -> list[list[tuple[Any, ...]]]:
        database = open_database(DatabaseSettings(url))
        try:
            found = []
            for statement in statements:
                if statement.startswith("SELECT"):
                    found.append(await database.read(lambda c, sql=statement: c.execute(sql).all()))
                else:
                    await database.write(lambda c, sql=statement: c.execute(sql).rowcount)
            return found
        finally:
            await database.close()

    return asyncio.run(run())


def left(url: str, node: Node, tmp_path: Path) -> list[Any]:
    """Rows and files that are left of uploads."""
    selects = [f"SELECT COUNT(*) FROM {table}" for table in TABLES]
    counts = [rows[0][0] for rows in execute(url, *selects)]
    files = [path for path in tmp_path.glob("media/*/*")]
    files += list((node.data / "uploads").glob("*"))
    return [count for count in counts if count] + files


def age(url: str) -> None:
    """Let everything have happened long ago."""
    execute(
        url,
        f"UPDATE media_content SET touched_at = touched_at - {LONG_AGO_MS} WHERE touched_at > 0",
        f"UPDATE media SET updated_at = updated_at - {LONG_AGO_MS}",
    )


def upload_until_killed(node: Node, token: str) -> None:
    """Upload a picture with a thumbnail to a node that dies of it."""
    data = samples.picture("PNG", (1500, 900))
    with pytest.raises((OSError, http.client.HTTPException)):
        call(node, "POST", "/api/media", data, token)
    wait_until(lambda: not node.running, what="the end of the node")


@pytest.mark.parametrize(
    "fault", ["file_begun:1", "file_stored:1", "file_begun:2", "file_stored:2", "file_settled:1"]
)
def test_a_kill_at_any_step_of_an_upload_leaves_nothing(
    node: NodeFactory, database_url: str, tmp_path: Path, fault: str
) -> None:
    env = {"IM_DATABASE_URL": database_url, "IM_NODE_FAULTS": f"kill:{fault}"}
    started = node("--relay", "none", env=env)
    upload_until_killed(started, register(started, "ann")[1])
    assert left(database_url, started, tmp_path), "there is something to remove"
    age(database_url)
    started.start()
    wait_until(lambda: not left(database_url, started, tmp_path), what="nothing left")


def test_a_kill_while_a_file_comes_leaves_nothing_at_all(
    node: NodeFactory, database_url: str, tmp_path: Path
) -> None:
    started = node("--relay", "none", env={"IM_DATABASE_URL": database_url})
    _, token = register(started, "ann")
    with socket.create_connection((started.host, started.port)) as connection:
        connection.sendall(
            b"POST /api/media HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n"
            + f"Authorization: Bearer {token}\r\n\r\n".encode()
            + os.urandom(2_000_000)
        )

        def begun() -> bool:
            targets = []
            for descriptor in Path(f"/proc/{started.process.pid}/fd").iterdir():
                try:
                    targets.append(os.readlink(descriptor))
                except FileNotFoundError:
                    continue
            return any("/uploads/" in target for target in targets)

        wait_until(begun, what="the upload's file")
        started.kill9()
    assert left(database_url, started, tmp_path) == []


def test_a_recalled_file_is_gone_though_the_node_died_before_its_end(
    node: NodeFactory, database_url: str, tmp_path: Path
) -> None:
    env = {"IM_DATABASE_URL": database_url, "IM_NODE_FAULTS": "kill:file_erased:1"}
    started = node("--relay", "none", env=env)
    _, ann = register(started, "ann")
    bob_id, bob = register(started, "bob")
    file = call(started, "POST", "/api/media", samples.picture("PNG", (1500, 900)), ann)
    message = {"to": f"u:{bob_id}", "media": "picture", "file": file["id"]}
    place = call(started, "POST", "/api/messages", message, ann)
    where = {"conv": place["conv"], "seq": place["seq"]}
    with contextlib.suppress(OSError, http.client.HTTPException):
        call(started, "POST", "/api/messages/recall", where, ann)
    wait_until(lambda: not started.running, what="the end of the node")
    started.start()
    # At once, without waiting for anything to be old.
    wait_until(lambda: not left(database_url, started, tmp_path), what="nothing left")
    page = call(started, "GET", "/api/messages?conv=p:1:2", token=bob)
    assert [entry.get("recalled") for entry in page["entries"]] == [True, None]


def test_every_node_serves_what_any_node_took(
    node: NodeFactory, database_url: str, tmp_path: Path
) -> None:
    nodes = [node("--relay", "none", env={"IM_DATABASE_URL": database_url}) for _ in range(2)]
    one, two = nodes
    assert one.data != two.data
    _, ann = register(one, "ann")
    bob_id, bob = register(one, "bob")
    data = os.urandom(2_500_000)
    file = call(one, "POST", "/api/media?name=a.bin", data, ann)
    message = {"to": f"u:{bob_id}", "media": "file", "file": file["id"]}
    place = call(two, "POST", "/api/messages", message, ann)
    for each in nodes:
        assert call(each, "GET", file["url"], token=ann) == data
        assert call(each, "GET", file["url"], token=bob) == data
    where = {"conv": place["conv"], "seq": place["seq"]}
    call(two, "POST", "/api/messages/recall", where, ann)
    for each in nodes:
        assert call(each, "GET", file["url"], token=bob) == 404
    wait_until(lambda: not left(database_url, one, tmp_path), what="nothing left")
