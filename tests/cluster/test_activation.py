"""Sockets that systemd opened: sd_listen_fds(3)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.node import RUN

ACTIVATE = """
import os, sys
descriptors, process, names, *command = sys.argv[1:]
moved = [os.dup(int(each)) for each in descriptors.split(",")]
for place, descriptor in enumerate(moved, 3):
    os.dup2(descriptor, place)
    os.set_inheritable(place, True)
variables = {"LISTEN_FDS": str(len(moved)), "LISTEN_FDNAMES": names}
variables["LISTEN_PID"] = process or str(os.getpid())
os.execve(command[0], command, {**os.environ, **variables})
"""
"""What systemd does: descriptors from 3 on, and the id of the process that is to take them."""


@contextmanager
def activated(
    folder: Path,
    *sockets: socket.socket,
    process: str = "",
    names: str = "",
    arguments: tuple[str, ...] = (),
) -> Iterator[subprocess.Popen[str]]:
    """A node that is given sockets."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("IM_")}
    own = {
        "IM_DATABASE_URL": f"sqlite:///{folder / 'im.db'}",
        "IM_NODE_DATA_DIR": str(folder),
        "IM_RELAY": "none",
    }
    descriptors = [each.fileno() for each in sockets]
    activate = [sys.executable, "-c", ACTIVATE, ",".join(map(str, descriptors)), process, names]
    run = [sys.executable, str(RUN), "--address", "127.0.0.1", "--port", "0", *arguments]
    with subprocess.Popen(
        [*activate, *run],
        env={**inherited, **own},
        pass_fds=descriptors,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.terminate()


def listening() -> socket.socket:
    """A socket that listens on a free port."""
    return socket.create_server(("127.0.0.1", 0))


def answered(
    port: int, path: str = "/readyz", headers: MutableMapping[str, str] | None = None
) -> bytes:
    """What a node says, once it is there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
    with opener.open(asked, timeout=20) as response:
        return bytes(response.read())


def shown_port(running: subprocess.Popen[str]) -> int:
    """The port that a node shows at its start."""
    assert running.stdout is not None
    running.stdout.readline()
    return int(running.stdout.readline().rpartition(":")[2])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_node_listens_on_the_sockets_that_systemd_gives_it(tmp_path: Path, workers: str) -> None:
    arguments = ("--workers", workers)
    with listening() as people, listening() as figures:
        port, metrics = people.getsockname()[1], figures.getsockname()[1]
        with activated(
            tmp_path, people, figures, names="im:metrics", arguments=arguments
        ) as running:
            # Whoever comes before it is there waits in the socket's queue.
            assert b'"ready"' in answered(port)
            assert b"im_connections" in answered(metrics, "/metrics")
            assert shown_port(running) == port
        assert running.returncode == 0


def test_no_port_reads_a_head_that_is_too_large(tmp_path: Path) -> None:
    with listening() as people, listening() as figures:
        ports = [each.getsockname()[1] for each in (people, figures)]
        with activated(tmp_path, people, figures, names="im:metrics"):
            for port in ports:
                assert b'"ok"' in answered(port, "/healthz")
                with pytest.raises(OSError):
                    answered(port, "/healthz", {"X-Large": "a" * 20_000})


def test_sockets_meant_for_another_process_are_left_alone(tmp_path: Path) -> None:
    with listening() as foreign, activated(tmp_path, foreign, process="1") as running:
        port = shown_port(running)
        assert port != foreign.getsockname()[1]
        assert b'"ready"' in answered(port)


def test_a_socket_that_does_not_listen_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wrong,
        activated(tmp_path, wrong) as running,
    ):
        assert running.wait(20) == 1
        assert running.stderr is not None
        said = running.stderr.read()
        assert "descriptor 3 is no TCP socket that listens" in said and "Traceback" not in said
