"""Messengers and brokers that people talk through, each started and ended by these.

What an acknowledgement means in each is in docs/performance.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench import durable
from bench.servers import ROOT, end_process, free_port, wait_listening
from tests.services.mariadb import MariaDB
from tests.services.ports import PortReservations

DRIVER = ROOT / "bench" / "peers" / "talk.py"
PYTHON = ROOT / "build" / "talkers" / "bin" / "python"
PACKAGES = (
    *("websockets==17.4", "nats-py==2.16.0"),
    *("python-socketio==5.18.1", "aiohttp==3.14.5", "slixmpp==1.17.0"),
)
PAIRS = 20
EJABBERD = """hosts: [localhost]
loglevel: error
listen:
  - {port: PORT, ip: 127.0.0.1, module: ejabberd_c2s, starttls: false}
auth_method: internal
registration_timeout: infinity
access_rules:
  everybody: {allow: all}
modules:
  mod_register: {access: everybody, ip_access: all}
  mod_mam: {default: always, db_type: mnesia}
  mod_roster: {}
  mod_stream_mgmt: {}
"""

Talk = dict[str, Any]
Talker = Callable[[float, float], Talk]
"""Messages a second, and seconds: what ``talk.py`` prints."""
Begin = Callable[[Path], AbstractContextManager[Talker]]


def talkers(wanted: Sequence[str]) -> dict[str, Begin]:
    """Those of the wanted ones that are installed here, the Python ones now."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", PYTHON.parent.parent], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return {
        name: begin
        for name, (program, begin) in TALKERS.items()
        if name in wanted and (program is None or shutil.which(program))
    }


@contextmanager
def ours(folder: Path) -> Iterator[Talker]:
    """Two nodes on a MariaDB that flushes at every commit."""
    mariadb = MariaDB(PortReservations())
    with ExitStack() as stack:
        stack.callback(mariadb.close)
        mariadb.start()
        url = mariadb.create_database()
        tokens = folder / "tokens"
        tokens.write_text(asyncio.run(durable.prepare(url)))
        durable.BUILD.mkdir(parents=True, exist_ok=True)
        work = folder / "nodes"
        work.mkdir()
        running = stack.enter_context(durable.nodes(url, 2, work))
        yield _talker("im", *(f"127.0.0.1:{node.port}" for node in running), str(tokens))


@contextmanager
def socketio(folder: Path) -> Iterator[Talker]:
    """A messenger of a few lines."""
    peer = ROOT / "bench" / "peers" / "peer_socketio.py"
    with _server([PYTHON, peer, "PORT"], folder) as port:
        yield _talker("socketio", f"127.0.0.1:{port}")


@contextmanager
def nats(folder: Path) -> Iterator[Talker]:
    """The broker alone."""
    with _server(["nats-server", "--addr", "127.0.0.1", "--port", "PORT"], folder) as port:
        yield _talker("nats", f"127.0.0.1:{port}")


@contextmanager
def jetstream(folder: Path) -> Iterator[Talker]:
    """With a stream in a file, as it is set when nobody sets anything."""
    command: list[str | Path] = ["nats-server", "--addr", "127.0.0.1", "--port", "PORT"]
    with _server([*command, "-js", "-sd", folder / "streams"], folder) as port:
        yield _talker("jetstream", f"127.0.0.1:{port}")


@contextmanager
def ejabberd(folder: Path) -> Iterator[Talker]:
    """With an archive of messages in its own database, by its own start."""
    settings = folder / "ejabberd.yml"
    environment = {
        "ERL_LIBS": f"/usr/lib/{os.uname().machine}-linux-gnu",
        "EJABBERD_CONFIG_PATH": str(settings),
        "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"),
        "HOME": str(folder),
    }
    command: list[str | Path] = ["erl", "+K", "true", "-noinput", "-mnesia", "dir"]
    command += [f'"{folder / "spool"}"', "-s", "ejabberd"]
    port = free_port()
    settings.write_text(EJABBERD.replace("PORT", str(port)))
    with _server(command, folder, port, environment):
        yield _talker("xmpp", f"127.0.0.1:{port}")


def _talker(kind: str, *addresses: str) -> Talker:
    def talk(rate: float, seconds: float) -> Talk:
        command: list[str | Path] = [
            PYTHON,
            "-W",
            "ignore",
            DRIVER,
            kind,
            str(PAIRS),
            str(rate),
            str(seconds),
        ]
        done = subprocess.run(
            [*command, *addresses], stdout=subprocess.PIPE, timeout=120, check=True
        )
        found: Talk = json.loads(done.stdout)
        return found

    return talk


@contextmanager
def _server(
    command: list[str | Path],
    folder: Path,
    port: int | None = None,
    environment: dict[str, str] | None = None,
) -> Iterator[int]:
    """A server that listens, on the port that stands for ``PORT``; ended at the end."""
    port = port or free_port()
    words = [str(port) if word == "PORT" else word for word in command]
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            words,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
            cwd=folder,
        )
        try:
            wait_listening(port, process, Path(log.name))
            yield port
        finally:
            end_process(process)


TALKERS: dict[str, tuple[str | None, Begin]] = {
    "im": (None, ours),
    "socketio": (None, socketio),
    "nats": ("nats-server", nats),
    "jetstream": ("nats-server", jetstream),
    "xmpp": ("erl", ejabberd),
}
"""Each with the program that it needs."""
