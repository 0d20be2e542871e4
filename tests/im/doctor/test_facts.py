"""What the doctor asks of this machine and the database, without changing them."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from im.app import now_ms
from im.doctor.facts import folder_fault, gather
from im.doctor.pages import host_of
from im.settings import (
    DatabaseSection,
    HttpSettings,
    NodeSettings,
    RedisSection,
    RelaySection,
    Settings,
)
from im.store import nodes
from im.store.nodes import NodeRow
from tests.im.store.harness import on_loop, ready
from tests.services.mariadb import MariaDB
from tests.services.node import NodeFactory
from tests.services.ports import PortReservations
from tests.services.redis_server import RedisServer


def settings(folder: Path, url: str = "", port: int = 0) -> Settings:
    return Settings(
        node=NodeSettings(data_dir=folder),
        database=DatabaseSection(url=SecretStr(url), timeout_seconds=1.0),
        http=HttpSettings(port=port, address="127.0.0.1"),
    )


@on_loop
async def test_a_database_that_nobody_started_on_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    facts = await gather(settings(folder))
    assert facts.database.state == "empty" and facts.database.embedded
    assert not facts.folder and not folder.exists()


@on_loop
async def test_keys_live_nodes_and_the_clock_come_from_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    row = NodeRow("b", "127.0.0.1", 9, "127.0.0.1:3001", 0, "1", 1, 0, 0, 0)
    async with ready(url) as database:
        await database.write(nodes.beat, row, "1")
    facts = await gather(settings(tmp_path, url), lambda: now_ms() + 90_000)
    assert facts.database.state == "ready" and facts.database.keyring is not None
    assert [found.name for found in facts.database.rows] == ["b"]
    assert facts.database.clock is not None and abs(facts.database.clock - 90_000) < 1000
    assert not facts.pages["b"].reached
    with sqlite3.connect(tmp_path / "im.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert (await gather(settings(tmp_path, url))).database.state == "newer"


@on_loop
async def test_a_database_that_is_away_is_said_so_within_its_time(
    tmp_path: Path, mariadb: MariaDB, mysql_url: str
) -> None:
    async with ready(mysql_url):
        pass
    facts = await gather(settings(tmp_path, mysql_url))
    assert facts.database.state == "ready"
    assert facts.database.clock is not None and abs(facts.database.clock) < 1000
    assert mariadb.password not in facts.database.place
    mariadb.stop()
    facts = await gather(settings(tmp_path, mysql_url))
    mariadb.cont()
    assert facts.database.state == "away" and facts.database.error
    assert mariadb.password not in facts.database.error
    facts = await gather(settings(tmp_path, "postgres://nowhere"))
    assert facts.database.state == "away"


@on_loop
async def test_a_port_is_free_or_of_a_node_of_ours_or_taken(
    tmp_path: Path, ports: PortReservations, node: NodeFactory
) -> None:
    port = ports.reserve()
    assert not (await gather(settings(tmp_path, port=port))).port
    with socket.create_server(("127.0.0.1", port)):
        assert "in use" in (await gather(settings(tmp_path, port=port))).port
    ports.release(port)
    ours = node("--relay", "none")
    facts = await gather(settings(ours.data, port=ours.port))
    assert not facts.port
    (name,) = facts.pages or {"": None}
    assert not name or facts.pages[name].reached


@on_loop
async def test_the_redis_of_the_bus_is_asked_where_it_is_used(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    over_redis = settings(tmp_path).model_copy(
        update={
            "relay": RelaySection(bus="redis"),
            "redis": RedisSection(url=SecretStr(redis_server.url)),
        }
    )
    assert (await gather(over_redis)).redis == ""
    nowhere = RedisSection(url=SecretStr("redis://:secret-word@127.0.0.1:1"))
    facts = await gather(over_redis.model_copy(update={"redis": nowhere}))
    assert facts.redis and "secret-word" not in facts.redis
    assert (await gather(settings(tmp_path))).redis == "", "not asked, since not used"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    assert folder_fault(tmp_path) == "" == folder_fault(tmp_path / "new" / "one")
    (tmp_path / "file").write_text("")
    assert "not a folder" in folder_fault(tmp_path / "file" / "var")
    assert folder_fault(Path("/proc")) != ""


@pytest.mark.parametrize(
    ("address", "relay", "host"),
    [
        ("0.0.0.0", "10.0.0.2:3001", "10.0.0.2"),
        ("10.0.0.3", "", "10.0.0.3"),
        ("0.0.0.0", "", ""),
        ("::", "[fd00::1]:3001", "fd00::1"),
    ],
)
def test_the_machine_of_a_node_is_found_in_its_row(address: str, relay: str, host: str) -> None:
    assert host_of(NodeRow("n", address, 1, relay, 0, "1", 1, 0, 0, 0)) == host
