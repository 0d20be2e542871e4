"""Imports point downward only, from floor to floor, and the cores touch no outside world."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.source import imports, modules

TOP_LEVEL = ("run", "handlers", "im", "relay")

FLOORS = (
    {
        *("im.app", "im.client", "im.http_client", "im.commands", "im.doctor", "im.supervisor"),
        *("im.file_client", "im.trust_command", "im.buses", "im.node_state", "im.people"),
        *("im.node_choice", "im.own_data", "im.backup", "im.node_database"),
    },
    {"im.wire"},
    {"im.services"},
    {"im.store"},
    {"im.protocol"},
    {
        *("im.config", "im.settings", "im.reference", "im.command_line", "im.logs"),
        *("im.addresses", "im.node_name", "im.ports"),
        *("im.durations", "im.errors", "im.flushing", "im.i18n", "im.interpreter", "im.settle"),
        "im.terminal_code",
    },
)
"""Floors of ``im``, top first. A module reaches its own floor and those below."""

REACHES = {
    "run": ("handlers", "im", "relay"),
    "handlers": ("im",),
    "im.app": ("im", "relay"),
    "im.buses": ("im", "relay"),
    "im.doctor": ("im", "relay"),
    "im.services": ("im", "relay.bus"),
    "im": ("im",),
    "relay": (),
}
"""What else of the project a module reaches besides its own package; the longest name counts."""

WITHOUT_TORNADO = ("relay", "im.services", "im.store", "im.protocol", "im.config", "im.errors")

SANS_IO = (
    "relay.packet",
    "relay.frames",
    "relay.keyring",
    "relay.rangeset",
    "relay.window",
    "relay.sender",
    "relay.flow",
    "relay.holes",
    "relay.outgoing",
    "relay.events",
    "relay.receiver",
    "relay.peer",
    "relay.membership",
    "relay.core",
    "relay.doctor.examination",
    "relay.doctor.probe",
    "relay.doctor.recognise",
    "relay.doctor.voice",
    "im.wire.frames",
    "im.services.ordering",
    "im.services.patience",
    "im.protocol",
)
"""They take bytes and the time and return what to do."""
WORLD = {"asyncio", "secrets", "select", "selectors", "socket", "ssl", "threading", "time"}
"""Sockets, clocks, threads and randomness that cannot be repeated."""


def within(name: str, prefixes: tuple[str, ...] | set[str]) -> bool:
    """Whether a dotted name is one of these or lies in one of these."""
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def floor(name: str) -> int | None:
    """The floor of ``im`` that a module is on, 0 the highest; None if on none."""
    return next((number for number, names in enumerate(FLOORS) if within(name, names)), None)


def faults(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """One sentence for each import of a module that breaks a rule."""
    found = []
    package = module.partition(".")[0]
    reaches = REACHES[max((m for m in REACHES if within(module, (m,))), key=len)]
    own = floor(module)
    if package == "im" and module != "im" and own is None:
        found.append(f"{module} is on no floor")
    for line, name in imports(source, module, is_package=is_package):
        where = f"{module}, line {line}, imports {name}"
        top = name.partition(".")[0]
        if top in TOP_LEVEL and top != package and not within(name, reaches):
            found.append(f"{where}: {package} may not reach it")
        if top == "im" and package == "im" and own is not None:
            other = floor(name)
            if other is not None and other < own:
                found.append(f"{where}: it is on a higher floor")
        if top == "tornado" and within(module, WITHOUT_TORNADO):
            found.append(f"{where}: Tornado belongs to handlers and sockets")
        if top in WORLD and within(module, SANS_IO):
            found.append(f"{where}: a core is given bytes, time and randomness")
    return found


ALL = [pytest.param(name, path, id=name) for name, path in modules(*TOP_LEVEL)]


@pytest.mark.parametrize(("module", "path"), ALL)
def test_imports_point_downward(module: str, path: Path) -> None:
    source = path.read_text("utf-8")
    assert not faults(module, source, is_package=path.name == "__init__.py")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("relay.udp", "import im.config"),
        ("relay.udp", "from im import config"),
        ("relay.redis", "def late():\n    import handlers"),
        ("relay.udp", "from tornado.ioloop import IOLoop"),
        ("relay.core", "import time"),
        ("relay.core", "from asyncio import sleep"),
        ("im.wire.gateway", "import handlers.base"),
        ("im.wire.gateway", "from relay import bus"),
        ("im.wire.gateway", "from im.app import Application"),
        ("im.services.messages", "from im.wire.registry import Registry"),
        ("im.services.messages", "from ..wire import registry"),
        ("im.services.delivery", "from relay.core import Core"),
        ("im.services.delivery", "from tornado import web"),
        ("im.store.log_writer", "from im.services import messages"),
        ("im.store.log_writer", "import relay.bus"),
        ("im.protocol.frames", "import im.store"),
        ("im.config", "import im.protocol"),
        ("im.config", "import run"),
        ("im.something", "import os"),
        ("handlers.ops", "import relay.bus"),
        ("handlers.ops", "import run"),
    ],
)
def test_a_wrong_import_is_found(module: str, source: str) -> None:
    assert len(faults(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("run", "import handlers.application, im.app, relay.udp"),
        ("handlers.application", "from im.services.messages import Messages\nimport tornado.web"),
        ("im.app", "import relay.udp\nfrom im.client import Client\nimport im.wire.gateway"),
        ("im.wire.gateway", "from im.services import messages\nimport asyncio, tornado"),
        ("im.services.delivery", "from relay.bus import Bus\nfrom relay import bus"),
        ("im.services.delivery", "from . import ordering\nfrom im.errors import Refused"),
        ("relay.core", "from relay.packet import Packet\nimport random, struct"),
        ("relay.udp", "import asyncio, socket"),
    ],
)
def test_a_right_import_is_not(module: str, source: str) -> None:
    assert faults(module, source) == []
