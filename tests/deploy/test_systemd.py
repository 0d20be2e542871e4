"""The units of ``deploy/systemd``: right, narrow, and wide enough for the program."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cluster.book import rows
from tests.cluster.crew import SETTINGS
from tests.cluster.wait import until
from tests.deploy.filled import filled
from tests.deploy.greeting import greet
from tests.services.folder import owned
from tests.services.node import RUN, NodeFactory
from tests.services.ports import PortReservations
from tests.services.process import program

pytestmark = pytest.mark.timeout(120)

EXPOSURE = 15
"""Tenths that ``systemd-analyze security`` may give, of 100: a plain unit has 96. What is left is
that the program talks over the network, which is what it is for."""

RESTRICTED = """
import ctypes, os, sys
# PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN (prctl(2)): what MemoryDenyWriteExecute= does; Linux 6.3.
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    print("the kernel lets pages be written and executed")
os.umask(0o077)
setpriv = ["setpriv", "--no-new-privs"]
if os.getuid() == 0:
    setpriv += ["--bounding-set", "-all", "--inh-caps", "-all"]
os.execvp("setpriv", [*setpriv, "--", sys.executable, {run!r}, *sys.argv[1:]])
"""
"""As the unit, as far as that goes without systemd: no rights, no code written at run time."""


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with a program that is there."""
    python = {"/opt/im/.venv/bin/python": sys.executable, "/opt/im/": f"{RUN.parent}/"}
    made = []
    for name, places in (("im.service", python), ("im.socket", {})):
        made.append(tmp_path / name)
        made[-1].write_text(filled(f"systemd/{name}", places))
    return made


def analyze(*words: object) -> str:
    """What ``systemd-analyze`` says, without an error."""
    done = subprocess.run(
        [program("systemd-analyze", package="systemd"), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_units_are_understood_and_the_service_may_do_little(units: list[Path]) -> None:
    assert analyze("verify", *units) == ""
    said = analyze("security", "--offline=yes", f"--threshold={EXPOSURE}", units[0])
    assert "Overall exposure level for im.service: " in said


@pytest.fixture
def restricted(ports: PortReservations, swept: None, tmp_path: Path) -> Iterator[NodeFactory]:
    """Starts nodes with as little as the unit leaves them."""
    start = tmp_path / "restricted.py"
    start.write_text(RESTRICTED.format(run=str(RUN)))
    factory = NodeFactory(ports, program=start)
    try:
        yield factory
    finally:
        factory.close()


def test_the_program_needs_no_more_and_shows_nobody_its_password(
    restricted: NodeFactory, mysql_url: str, tmp_path: Path
) -> None:
    secret = tmp_path / "database-url"
    secret.write_text(f"{mysql_url}\n")
    secret.chmod(0o400)
    node = restricted("--workers", "2", env={"IM_DATABASE_URL_FILE": str(secret), **SETTINGS})

    async def talk() -> None:
        await until(lambda: len(rows(mysql_url, "SELECT process FROM node")) == 2)
        await greet(node.url, node.url)

    asyncio.run(talk())
    password = urlsplit(mysql_url).password
    assert password is not None
    processes = owned(Path(node.process.environment["TEST_FOLDER"]))
    assert len(processes) >= 3 and os.getpid() not in processes
    for process in processes:
        for place in ("cmdline", "environ"):
            assert password.encode() not in Path(f"/proc/{process}/{place}").read_bytes()
    assert password not in node.log
