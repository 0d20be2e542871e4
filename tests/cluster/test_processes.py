"""Processes behind one port, and how nodes begin and end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tornado.httpclient import HTTPClientError

from im.client import Client
from im.protocol.server import Bye
from tests.cluster.book import rows
from tests.cluster.crew import PASSWORD, SETTINGS
from tests.cluster.sockets import connect, until_closed
from tests.cluster.wait import until
from tests.services.node import RUN, Node, NodeFactory

DRAINED_SECONDS = 10.0
GOING_AWAY = 1001


def run_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``run.py`` with arguments, to its end."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("IM_")}
    return subprocess.run(
        [sys.executable, str(RUN), *arguments],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def workers(url: str) -> dict[str, int]:
    """Process ids of the nodes in the database by their names."""
    return {str(name): int(pid) for name, pid in rows(url, "SELECT name, process FROM node")}


async def nodes_behind(url: str, token: str, count: int) -> set[str]:
    """Names of the nodes that answer at one address."""
    names: set[str] = set()
    async with asyncio.timeout(20):
        while len(names) < count:
            with suppress(OSError, HTTPClientError):
                opened, welcome = await connect(url, token)
                names.add(welcome.node)
                opened.close()
    return names


async def registered(url: str) -> Client:
    """A new person, once the node answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await Client.register([url], "one", PASSWORD)
            except OSError:
                await asyncio.sleep(0.05)


@pytest.fixture
def two_workers(node: NodeFactory, database_url: str) -> Node:
    """Two nodes behind one port."""
    return node("--workers", "2", env={"IM_DATABASE_URL": database_url, **SETTINGS})


@pytest.mark.timeout(90)
def test_a_killed_worker_comes_back_and_messages_flow_all_the_time(
    two_workers: Node, database_url: str
) -> None:
    url = two_workers.url

    async def run() -> None:
        await until(lambda: len(workers(database_url)) == 2, what="both workers")
        before = workers(database_url)
        one = await Client.register([url], "one", PASSWORD)
        two = await Client.register([url], "two", PASSWORD)
        async with one, two:
            assert await nodes_behind(url, one.token, 2) == set(before)
            to, sent = f"u:{two.user.id}", 0
            for name, process in before.items():
                os.kill(process, signal.SIGKILL)
                killed = time.monotonic()
                while workers(database_url)[name] == process:
                    sent += 1
                    await one.send(to, f"text {sent}")
                    assert time.monotonic() < killed + 15, "the worker did not come back"
                print(f"a worker came back {time.monotonic() - killed:.2f} s after its death")
            await until(lambda: two._entries.qsize() == sent, what="all that was sent")
            assert await nodes_behind(url, one.token, 2) == set(before), "on the same port"

    asyncio.run(run())
    shown = run_command("nodes", IM_DATABASE_URL=database_url)
    assert shown.returncode == 0
    lines = [line.split()[0] for line in shown.stdout.splitlines()[1:]]
    assert lines == sorted(workers(database_url))
    begun = time.monotonic()
    assert two_workers.terminate() == 0
    assert time.monotonic() - begun < DRAINED_SECONDS
    assert workers(database_url) == {}, "who goes takes its row along"
    assert run_command("nodes", IM_DATABASE_URL=database_url).returncode == 1


@pytest.mark.timeout(60)
def test_a_node_told_to_end_says_so_answers_what_was_sent_and_is_gone_in_time(
    node: NodeFactory, database_url: str
) -> None:
    one_node = node(env={"IM_DATABASE_URL": database_url, **SETTINGS})

    async def run() -> None:
        person = await Client.register([one_node.url], "one", PASSWORD)
        sockets = [(await connect(one_node.url, person.token))[0] for _ in range(20)]
        for number in range(50):
            frame = f'{{"op":"send","id":{number},"to":"all","text":"{number}","key":"k{number}"}}'
            await sockets[0].write_message(frame)
        os.kill(one_node.process.pid, signal.SIGTERM)
        begun = time.monotonic()
        answered = 0
        for opened in sockets:
            frames = await until_closed(opened)
            answered += sum(getattr(frame, "id", None) is not None for frame in frames)
            assert isinstance(frames[-1], Bye) and frames[-1].retry_after > 0
            assert opened.close_code == GOING_AWAY
        code = await asyncio.to_thread(one_node.process.wait, DRAINED_SECONDS)
        took = time.monotonic() - begun
        stored = len(rows(database_url, "SELECT seq FROM message"))
        print(f"drained in {took:.2f} s; {answered} of 50 answered, {stored} stored")
        assert code == 0 and took < DRAINED_SECONDS
        assert answered == stored, "what was stored was said to be"

    asyncio.run(run())


@pytest.mark.timeout(60)
def test_a_second_node_of_one_name_or_port_is_refused_with_a_sentence(
    node: NodeFactory, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    env = {"IM_DATABASE_URL": url, "IM_NODE_NAME": "kitchen", **SETTINGS}
    first = node(env=env)
    same_name = node(env=env, start=False)
    same_name.start(wait=False)
    assert same_name.process.wait(20) == 1
    assert "duplicate node name 'kitchen'" in same_name.log
    assert first.running and first.ready()
    same_port = node(
        env={**env, "IM_NODE_NAME": "hall", "IM_HTTP_PORT": str(first.port)}, start=False
    )
    same_port.start(wait=False)
    assert same_port.process.wait(20) == 1
    assert f"port {first.port}" in same_port.log and "Traceback" not in same_port.log
    assert first.running and first.ready()


@pytest.mark.timeout(60)
def test_workers_share_a_free_port_when_none_is_given(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    settings = {"IM_DATABASE_URL": url, "IM_NODE_DATA_DIR": str(tmp_path), "IM_RELAY": "none"}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("IM_")}
    with subprocess.Popen(
        [sys.executable, str(RUN), "--workers", "2", "--port", "0", "--address", "127.0.0.1"],
        env={**inherited, **settings, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as supervisor:
        try:
            assert supervisor.stdout is not None
            supervisor.stdout.readline()
            address = supervisor.stdout.readline().strip()

            async def run() -> None:
                person = await registered(address)
                names = await nodes_behind(address, person.token, 2)
                assert names == set(workers(url))

            asyncio.run(run())
            ports = {row[0] for row in rows(url, "SELECT port FROM node")}
            assert ports == {int(address.rpartition(":")[2])}
        finally:
            supervisor.terminate()
    assert supervisor.returncode == 0


@pytest.mark.timeout(60)
def test_a_second_supervisor_of_the_same_name_gives_up(node: NodeFactory, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'im.db'}"
    env = {"IM_DATABASE_URL": url, "IM_NODE_NAME": "kitchen", **SETTINGS}
    first = node("--workers", "2", env=env)
    second = node("--workers", "2", env=env, start=False)
    second.start(wait=False)
    assert second.process.wait(30) == 1
    assert "duplicate node name 'kitchen-" in second.log
    assert first.running and first.ready()
    assert first.terminate() == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--port", "high"], {}, ["--port", "'high'", "0", "65535"]),
        ([], {"IM_RELAY": "pigeon"}, ["IM_RELAY", "'pigeon'", "udp, redis, none"]),
        ([], {"IM_SOCKETS_PING_SECONDS": "-1"}, ["IM_SOCKETS_PING_SECONDS", "'-1'", "> 0"]),
        (["--relay-mod", "peers"], {}, ["--relay-mod", "relay.mode"]),
        (["--port"], {}, ["--port", "a value is missing"]),
        (["dance"], {}, ["dance", "serve", "nodes"]),
        ([], {"IM_DATABASE_URL_FILE": "/does/not/exist"}, ["IM_DATABASE_URL_FILE", "/does/not"]),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name_value_and_what_is_allowed(
    arguments: list[str], environment: dict[str, str], words: list[str]
) -> None:
    refused = run_command(*arguments, **environment)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    for word in words:
        assert word in refused.stderr


def test_the_database_address_comes_from_a_secret_file_and_is_never_shown(
    node: NodeFactory, mysql_url: str, tmp_path: Path
) -> None:
    secret = tmp_path / "database-url"
    secret.write_text(f"{mysql_url}\n", "utf-8")
    one_node = node(env={"IM_DATABASE_URL_FILE": str(secret), **SETTINGS})
    assert list(workers(mysql_url).values()) == [one_node.process.pid]
    password = mysql_url.split(":")[2].split("@")[0]
    assert password not in one_node.log
    wrong = mysql_url.replace("/im_", "/missing_")
    refused = run_command("nodes", IM_DATABASE_URL=wrong)
    assert refused.returncode == 1
    assert password not in refused.stderr + refused.stdout
    assert "Traceback" not in refused.stderr
