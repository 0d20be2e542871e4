"""A node in the test's own process, on a real database, for tests of handlers."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.application import HOME, make_application
from handlers.assets import Assets
from handlers.port import Port
from handlers.sentences import sentence_files
from im.app import Listening, Messenger, open_messenger
from im.i18n import read_catalogue
from im.services import passwords
from im.settings import Settings
from tests.handlers.api import Api
from tests.services.schema import Schema

LIMITS = {
    name: "10000/hour"
    for name in ("registrations", "contact_requests", "groups", "profiles", "searches")
}
"""So that a test may make as many people, and look for as much, as it needs."""


@pytest.fixture(scope="session")
def assets() -> Assets:
    """The project's static files."""
    return Assets(HOME / "static", sentence_files(read_catalogue()))


@pytest.fixture
def overrides() -> dict[str, Any]:
    """Settings of the node by section; tests give their own by ``parametrize``."""
    return {}


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Empty for the embedded database, unless a test asks for another (``api.ON_BOTH``)."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    url: str = request.getfixturevalue("mysql_url")
    return url


@pytest.fixture
def settings(
    tmp_path: Path, overrides: dict[str, Any], database_url: str, schema: Schema
) -> Settings:
    """The node's settings; its embedded database has the schema already."""
    schema.copy(tmp_path / "im.db")
    given = {
        "node": {"data_dir": tmp_path, "name": "tested"},
        "relay": {"bus": "none"},
        "database": {"url": SecretStr(database_url)},
        **{name: values for name, values in overrides.items() if name != "limits"},
        "limits": {**LIMITS, **overrides.get("limits", {})},
    }
    return Settings.model_validate(given)


@pytest.fixture
def messenger(
    io_loop: IOLoop,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Messenger]:
    """The node's services, started; a test in which it logs an exception fails.

    To hash a password takes it the least that argon2id can, else a third of a test's time.
    """
    monkeypatch.setattr(passwords, "PASSES", 1)
    monkeypatch.setattr(passwords, "MEMORY_KIB", 8)
    listening = Listening(address="127.0.0.1", port=1, metrics_port=0, worker=0)
    opened: Messenger = io_loop.run_sync(lambda: open_messenger(settings, listening))
    io_loop.run_sync(opened.start)
    yield opened
    io_loop.run_sync(opened.close)
    records = caplog.get_records("call")
    failures = [r.getMessage() for r in records if r.levelno >= logging.ERROR and r.exc_info]
    assert failures == []


@pytest.fixture
def app(messenger: Messenger, assets: Assets) -> Application:
    """What pytest-tornado serves."""
    return make_application(messenger, assets)


@pytest.fixture
def http_server(
    io_loop: IOLoop, messenger: Messenger, app: Application, _unused_port: tuple[socket.socket, int]
) -> Iterator[Port]:
    """The node's port, instead of pytest-tornado's server."""

    async def serve() -> Port:
        served = Port(messenger, app, [_unused_port[0]])
        served.start()
        return served

    async def end() -> None:
        port.stop()
        _unused_port[0].close()
        await port.close()

    port: Port = io_loop.run_sync(serve)
    yield port
    io_loop.run_sync(end)


@pytest.fixture
def api(messenger: Messenger, http_client: AsyncHTTPClient, base_url: str) -> Api:
    """Calls the node as programs and browsers do."""
    return Api(http_client, base_url)
