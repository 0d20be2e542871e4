"""``run.py admin``: what the person at the machine does about accounts, while nodes run."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.browser.people import PASSWORD, QUICK, Person, register
from tests.handlers.api import ON_BOTH
from tests.services.node import RUN, Node, NodeFactory

OTHER = "battery staple"
pytestmark = pytest.mark.timeout(180)


def admin(
    folder: Path, *words: str, url: str = "", password: str = ""
) -> subprocess.CompletedProcess[str]:
    """``run.py admin …`` on the database of a data folder, or of an address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
    where = {"IM_NODE_DATA_DIR": str(folder), **({"IM_DATABASE_URL": url} if url else {})}
    return subprocess.run(
        [sys.executable, str(RUN), "admin", *words],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        env={**kept, **where},
        timeout=60,
    )


class Machine:
    """A node that runs, and the terminal of the machine it runs on."""

    def __init__(self, node: NodeFactory, database_url: str) -> None:
        given = {"IM_DATABASE_URL": database_url} if database_url else {}
        self.node: Node = node(
            "--relay", "none", "--sessions-recheck-seconds", "0.5", env={**QUICK, **given}
        )
        self._url = database_url

    def admin(self, *words: str, password: str = "") -> str:
        """What the command says; it succeeds."""
        done = admin(self.node.data, *words, url=self._url, password=password)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str, password: str = PASSWORD) -> str:
        """Why the command fails."""
        done = admin(self.node.data, *words, url=self._url, password=password)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    def log_in(self, name: str, password: str) -> dict[str, Any]:
        """A new session."""
        nobody = Person(0, name, "", self.node.url)
        found: dict[str, Any] = nobody.call("POST", "/login", {"name": name, "password": password})
        return found


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Empty for the node's embedded database."""
    return request.getfixturevalue("mysql_url") if request.param == "mariadb" else ""


@pytest.fixture
def machine(node: NodeFactory, database_url: str) -> Machine:
    """A machine with a node on one of the databases."""
    return Machine(node, database_url)


def status(person: Person, path: str) -> int:
    """How a request is answered."""
    try:
        person.call("GET", path)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def acts(person: Person) -> list[tuple[str, str, Any]]:
    """What was done at the machine: action, target, detail; the oldest first."""
    found = person.call("GET", "/admin/audit")["acts"]
    return [
        (act["action"], act["target"], act["detail"])
        for act in reversed(found)
        if act["address"] == "console" and act["actor"] is None
    ]


@ON_BOTH
def test_a_role_that_is_given_at_the_machine_holds_at_once(machine: Machine) -> None:
    url = machine.node.url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    assert (status(anna, "/admin/users"), status(bo, "/admin/users")) == (200, 403)
    assert "Bo is an administrator" in machine.admin("role", "bo", "admin")
    assert status(bo, "/admin/users") == 200
    assert "Anna is a plain user" in machine.admin("role", "Anna", "user")
    assert status(anna, "/admin/users") == 403
    assert "There must be an administrator" in machine.refused("role", "Bo", "user")
    assert status(bo, "/admin/users") == 200
    assert "nobody called Carol" in machine.refused("role", "Carol", "admin")
    assert acts(bo) == [
        ("user.changed", f"u:{person.id}", {"fields": ["role"], "role": role})
        for person, role in ((bo, "admin"), (anna, "user"))
    ]


@ON_BOTH
def test_revoking_ends_sessions_tokens_and_sockets_of_one_person(machine: Machine) -> None:
    url = machine.node.url
    anna, bo = register(url, "Anna"), register(url, "Bo")
    made = bo.call("POST", "/tokens", {"name": "build", "scopes": ["read"]})
    program = Person(bo.id, "build", made["token"], url)
    assert (status(bo, "/me"), status(program, "/conversations")) == (200, 200)
    bearer = {"Authorization": f"Bearer {bo.token}"}
    with connect(f"{machine.node.ws_url}/ws", additional_headers=bearer) as socket:
        assert '"welcome"' in str(socket.recv(timeout=20))
        assert "Bo: 2 sessions and tokens have ended" in machine.admin("revoke", "Bo")
        with pytest.raises(ConnectionClosed):
            while True:
                socket.recv(timeout=20)
    assert (status(bo, "/me"), status(program, "/conversations")) == (401, 401)
    assert status(anna, "/me") == 200
    assert acts(anna) == [("user.revoked", f"u:{bo.id}", {})]
    # It bars nobody, and once more there is nothing to end.
    machine.log_in("Bo", PASSWORD)
    assert "Bo: 1 sessions" in machine.admin("revoke", "Bo")
    assert "Bo: 0 sessions" in machine.admin("revoke", "Bo")
    assert "nobody called Carol" in machine.refused("revoke", "Carol")


@ON_BOTH
def test_an_administrator_is_made_and_a_forgotten_password_replaced(machine: Machine) -> None:
    anna = register(machine.node.url, "Anna")
    assert "administrator Root has id 2" in machine.admin("create", "Root", password=PASSWORD)
    root = Person(2, "Root", machine.log_in("Root", PASSWORD)["token"], machine.node.url)
    assert status(root, "/admin/users") == 200
    assert "That name is taken" in machine.refused("create", "root")
    assert "A password has at least" in machine.refused("create", "Carol", password="short")
    for refused in (("create", "Carol"), ("password", "Anna")):
        assert "Too easy to guess" in machine.refused(*refused, password="Passw0rd1")
    machine.admin("password", "Anna", password=OTHER)
    assert status(anna, "/me") == 401
    with pytest.raises(urllib.error.HTTPError):
        machine.log_in("Anna", PASSWORD)
    assert acts(root) == [
        ("user.made", "u:2", {"role": "admin"}),
        ("user.reset", f"u:{anna.id}", {}),
    ]


@pytest.mark.parametrize(
    "words",
    [(), ("create",), ("dance", "Anna"), ("role", "Anna"), ("role", "Anna", "owner")],
)
def test_a_mistyped_word_changes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = admin(tmp_path, *words)
    assert done.returncode == 2 and "admin role NAME admin|user" in done.stderr
    assert list(tmp_path.iterdir()) == []
