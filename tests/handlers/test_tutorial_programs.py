"""The tutorial followed with curl and wscat, on nodes that are processes of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.node import Node, NodeFactory
from tests.services.redis_server import RedisServer

PASSWORD = "correct horse"
WAIT = 15.0
GREETING = "欢迎进入聊天系统"
STAMP = r"\[ws\]\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\]:"

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")


def curl(*arguments: str) -> Any:
    """What curl prints, as JSON."""
    command = ["curl", "-sS", "--noproxy", "*", "--max-time", "20", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return json.loads(done.stdout)


def call(node: Node, path: str, **fields: object) -> Any:
    """POST a form with curl."""
    given = [part for name, value in fields.items() for part in ("-d", f"{name}={value}")]
    return curl(*given, f"{node.url}{path}")


def person(node: Node, name: str) -> tuple[int, str]:
    """A new account's id and token, as the tutorial has them made."""
    made = call(node, "/user/createUser", name=name, password=PASSWORD, repassword=PASSWORD)
    assert made["code"] == 0, made
    found = call(node, "/user/findUserByNameAndPwd", name=name, password=PASSWORD)
    return found["data"]["id"], found["data"]["identity"]


class Wscat:
    """The program wscat on an address; what it prints is collected line by line."""

    def __init__(self, program: Path, url: str) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [program, "--no-color", "-c", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def type(self, line: object) -> None:
        """Type a line: JSON, or text as it is."""
        text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def wait_for(self, pattern: str) -> str:
        """The first line in which the pattern is found."""
        end = time.monotonic() + WAIT
        with self._changed:
            while True:
                for line in self.lines:
                    if re.search(pattern, line):
                        return line
                left = end - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise TimeoutError(f"{pattern!r} is not in {self.lines}")

    def frame(self, pattern: str) -> dict[str, Any]:
        """The first frame in whose line the pattern is found."""
        line = self.wait_for(pattern)
        frame: dict[str, Any] = json.loads(line[line.index("{") :])
        return frame

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self.lines.append("(end)")
            self._changed.notify_all()


@pytest.fixture
def connect(wscat: Path) -> Iterator[Any]:
    """``connect(url)`` starts a wscat; all are ended after the test."""
    started: list[Wscat] = []

    def start(url: str) -> Wscat:
        started.append(Wscat(wscat, url))
        return started[-1]

    yield start
    for program in started:
        program.close()


def chat(node: Node, who: tuple[int, str]) -> str:
    return f"{node.ws_url}/chat?userId={who[0]}&token={who[1]}"


def test_two_people_on_two_nodes_chat_with_wscat(
    node: NodeFactory, mysql_url: str, connect: Any
) -> None:
    env = {"IM_DATABASE_URL": mysql_url}
    nodes = [node(env=env), node(env=env)]
    ann, bob = person(nodes[0], "ann"), person(nodes[1], "bob")
    first, second = connect(chat(nodes[0], ann)), connect(chat(nodes[1], bob))
    assert first.frame(GREETING)["TargetId"] == ann[0]
    second.frame(GREETING)
    message = {"UserId": ann[0], "TargetId": bob[0], "Type": 1, "Media": 1}
    message |= {"Content": "你好 😀", "Pic": "p", "Url": "u", "Desc": "d", "Amount": 3}
    first.type({**message, "CreateTime": 77})
    got = second.frame("你好")
    assert {**message, "CreateTime": 77}.items() <= got.items()
    assert (got["Conv"], got["Seq"]) == (f"p:{ann[0]}:{bob[0]}", 1)
    second.type({"FormId": bob[0], "TargetId": ann[0], "Type": 1, "Media": 2, "Content": "answer"})
    assert first.frame("answer")["Media"] == 2
    # A group across the nodes.
    group = call(nodes[0], "/contact/createCommunity", name="g", ownerId=ann[0], token=ann[1])[
        "data"
    ]["id"]
    joined = call(nodes[1], "/contact/joinGroup", userId=bob[0], comId=group, token=bob[1])
    assert joined["code"] == 0
    assert first.frame("bob 加入了群组")["Type"] == 2
    first.type({"TargetId": group, "Type": 2, "Media": 1, "Content": "to the group"})
    assert second.frame("to the group")["Conv"] == f"g:{group}"
    # A recall is a line of text on both.
    curl(
        *("-H", f"Authorization: Bearer {ann[1]}", "-H", "Content-Type: application/json"),
        *("-d", json.dumps({"conv": f"p:{ann[0]}:{bob[0]}", "seq": 1})),
        f"{nodes[0].url}/api/messages/recall",
    )
    assert second.frame("ann 撤回了一条消息")["Recalls"] == 1
    # What is not JSON is told, and the connection goes on.
    first.type("hello?")
    assert first.frame('"code":-1')["error"] == "malformed"
    first.type({"TargetId": bob[0], "Type": 1, "Media": 1, "Content": "still here"})
    second.frame("still here")
    assert not any("still here" in line for line in first.lines)


def test_what_came_while_one_was_away_comes_first(node: NodeFactory, connect: Any) -> None:
    only = node()
    ann, bob = person(only, "ann"), person(only, "bob")
    away = connect(chat(only, ann))
    away.frame(GREETING)
    for number in range(3):
        away.type({"TargetId": bob[0], "Type": 1, "Media": 1, "Content": f"away {number}"})
    end = time.monotonic() + WAIT
    while True:
        log = call(only, "/user/redisMsg", userIdA=ann[0], userIdB=bob[0], token=ann[1])
        if log["total"] == 3 or time.monotonic() > end:
            break
    back = connect(chat(only, bob))
    back.wait_for("away 2")
    shown = [line for line in back.lines if "Content" in line]
    assert [re.search(r"away \d|欢迎", line)[0] for line in shown] == [  # type: ignore[index]
        *("欢迎", "away 0", "away 1", "away 2"),
    ]


def test_the_seeds_unsafe_call_answers_with_the_one_that_works(node: NodeFactory) -> None:
    only = node()
    refused = curl(f"{only.url}/user/createUser?name=ann&password={PASSWORD.split()[0]}")
    assert refused["code"] == -1
    example = refused["message"].partition("curl ")[2]
    example = example.replace("NAME", "ann").replace("PASSWORD", PASSWORD)
    arguments = [part.strip("'") for part in re.findall(r"'[^']*'|\S+", example)]
    assert curl(*arguments)["data"]["name"] == "ann"


def test_wrong_tokens_and_another_users_id_get_no_socket(node: NodeFactory, connect: Any) -> None:
    only = node()
    ann, bob = person(only, "ann"), person(only, "bob")
    for url, status in (
        (f"{only.ws_url}/chat?userId={ann[0]}", 401),
        (f"{only.ws_url}/chat?userId={ann[0]}&token=wrong", 401),
        (f"{only.ws_url}/chat?userId={ann[0]}&token={bob[1]}", 403),
    ):
        assert connect(url).wait_for("error: ").endswith(str(status))


def test_no_token_is_in_the_log(node: NodeFactory, connect: Any) -> None:
    only = node("--log-level", "debug")
    ann = person(only, "ann")
    socket = connect(chat(only, ann))
    socket.frame(GREETING)
    socket.type("nonsense")
    socket.frame("malformed")
    refused = connect(f"{only.ws_url}/chat?userId=99&token={ann[1]}")
    refused.wait_for("403")
    channel = connect(f"{only.ws_url}/user/sendMsg?token={ann[1]}")
    assert "Redis" in channel.frame("unavailable")["message"]
    call(only, "/user/find", userId=ann[0], token=ann[1])
    only.terminate()
    assert "/chat" in only.log
    assert ann[1] not in only.log
    assert PASSWORD not in only.log


def test_who_is_connected_is_told_in_words_when_the_node_goes_down(
    node: NodeFactory, connect: Any
) -> None:
    only = node()
    ann = person(only, "ann")
    socket = connect(chat(only, ann))
    socket.frame(GREETING)
    assert only.terminate() == 0
    assert socket.frame("重新连接")["UserId"] == 0
    assert not any('"op"' in line for line in socket.lines)


def test_a_body_that_is_too_large_is_told_so(node: NodeFactory, tmp_path: Path) -> None:
    only = node()
    ann, bob = person(only, "ann"), person(only, "bob")
    body = tmp_path / "body"
    for size, answer in ((64 * 1024, 0), (600_000, "too_large"), (1_500_000, "too_large")):
        # The longest text as some programs write it: every character escaped.
        text = "\\u0001" * size if answer == 0 else "x" * size
        body.write_text(f'{{"to":"u:{bob[0]}","text":"{text}"}}')
        got = curl(
            *("-H", f"Authorization: Bearer {ann[1]}", "-H", "Content-Type: application/json"),
            *("--data-binary", f"@{body}", f"{only.url}/api/messages"),
        )
        assert got.get("error") == answer or got["code"] == answer, got


# The Redis channel


def test_what_is_published_reaches_the_listeners_of_all_nodes(
    node: NodeFactory, mysql_url: str, redis_server: RedisServer, connect: Any
) -> None:
    env = {"IM_DATABASE_URL": mysql_url, "IM_REDIS_URL": redis_server.url}
    nodes = [node(env=env), node(env=env)]
    ann = person(nodes[0], "ann")
    end = time.monotonic() + WAIT
    while not all(curl(f"{one.url}/readyz")["redis"] == "up" for one in nodes):
        assert time.monotonic() < end
    listeners = [connect(f"{one.ws_url}/user/sendMsg?token={ann[1]}") for one in nodes]
    with redis_server.client() as redis:
        while redis.pubsub_numsub("websocket")[0][1] < 2:
            assert time.monotonic() < end
        texts = ["广播 <b>1</b>", "second"]
        seen = 0
        while seen < len(listeners):
            # A listener is there a moment after its handshake.
            redis.publish("websocket", "first")
            seen = sum(any("first" in line for line in one.lines) for one in listeners)
            assert time.monotonic() < end
        for text in texts:
            redis.publish("websocket", text)
    for listener in listeners:
        for text in texts:
            line = listener.wait_for(re.escape(text))
            stamp = re.search(
                rf"\[ws\]\[(\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d)\]:{re.escape(text)}$", line
            )
            assert stamp is not None, line
            then = time.mktime(time.strptime(stamp[1], "%Y-%m-%d %H:%M:%S"))
            assert abs(time.time() - then) < 60, "the local time"


def test_the_channel_needs_a_token_and_ends_with_the_session(
    node: NodeFactory, redis_server: RedisServer, connect: Any
) -> None:
    only = node(env={"IM_REDIS_URL": redis_server.url})
    ann = person(only, "ann")
    for query in ("", "?token=wrong"):
        assert connect(f"{only.ws_url}/user/sendMsg{query}").wait_for("error: ").endswith("401")
    end = time.monotonic() + WAIT
    while curl(f"{only.url}/readyz")["redis"] != "up":
        assert time.monotonic() < end
    listener = connect(f"{only.ws_url}/user/sendMsg?token={ann[1]}")
    with redis_server.client() as redis:
        while not any("hello" in line for line in listener.lines):
            redis.publish("websocket", "hello")
            assert time.monotonic() < end
    curl("-X", "POST", "-H", f"Authorization: Bearer {ann[1]}", f"{only.url}/api/logout")
    listener.wait_for(r"^\(end\)$")


def test_a_redis_that_comes_back_is_heard_again(
    node: NodeFactory, redis_server: RedisServer, connect: Any
) -> None:
    only = node(env={"IM_REDIS_URL": redis_server.url})
    ann = person(only, "ann")
    end = time.monotonic() + 30
    while curl(f"{only.url}/readyz")["redis"] != "up":
        assert time.monotonic() < end
    listener = connect(f"{only.ws_url}/user/sendMsg?token={ann[1]}")
    for text in ("before", "after"):
        while not any(text in line for line in listener.lines):
            with redis_server.client() as redis:
                redis.publish("websocket", text)
            assert time.monotonic() < end, listener.lines
        if text == "before":
            redis_server.kill9()
            redis_server.restart()
