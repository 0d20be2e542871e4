"""Certificates change while nodes run: at SIGHUP, and with a new authority; nobody is cut off."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from im.client import Client
from im.services.authority import Authority, make_authority
from tests.cluster.crew import PASSWORD, SETTINGS
from tests.cluster.wait import until
from tests.services.node import RUN, Node, NodeFactory

pytestmark = pytest.mark.timeout(120)


def shown_by(port: int) -> x509.Certificate:
    """The certificate that a new connection is shown, whoever made it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain) as secured,
    ):
        der = secured.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def is_trusted(port: int, authority: Path) -> bool:
    """Whether who trusts only this authority trusts a new connection."""
    context = ssl.create_default_context(cafile=authority)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        try:
            context.wrap_socket(plain, server_hostname="127.0.0.1").close()
        except ssl.SSLCertVerificationError:
            return False
        return True


def write_files(folder: Path, authority: Authority) -> x509.Certificate:
    """A certificate for this machine as from elsewhere, and its key."""
    made = authority.issue(["127.0.0.1", "localhost"], time.time_ns() // 1_000_000)
    (folder / "key.pem").write_bytes(
        made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "cert.pem").write_bytes(made.chain)
    return x509.load_pem_x509_certificate(made.chain)


def secure(node: Node) -> str:
    return f"https://127.0.0.1:{node.port}"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_certificate_of_ones_own_is_read_again_and_open_sockets_go_on(
    node: NodeFactory, tmp_path: Path, workers: int
) -> None:
    now = time.time_ns() // 1_000_000
    first, second = make_authority([], now), make_authority([], now)
    before = write_files(tmp_path, first)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(first.anchor)
    started = node(
        *("--workers", str(workers)),
        *("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")),
        env=SETTINGS,
    )
    assert shown_by(started.port) == before

    async def run() -> None:
        async with await Client.register([secure(started)], "anna", PASSWORD, trusted) as anna:
            connections = anna.connections
            (tmp_path / "cert.pem").write_text("nonsense")
            os.kill(started.process.pid, signal.SIGHUP)
            await until(lambda: started.log.count("stays as it was") == workers, what="refusals")
            assert shown_by(started.port) == before
            after = write_files(tmp_path, second)
            os.kill(started.process.pid, signal.SIGHUP)
            await until(
                lambda: {shown_by(started.port) for _ in range(8)} == {after},
                what="the other certificate",
            )
            await anna.send("all", "still here")
            assert anna.connections == connections, "the socket was not broken"

    asyncio.run(run())


def test_all_nodes_take_a_new_authority_and_open_sockets_go_on(
    node: NodeFactory, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'im.db'}"
    env = {"IM_DATABASE_URL": database, **SETTINGS}
    nodes = [node(env=env), node("--workers", "2", env=env)]
    trust = [sys.executable, str(RUN), "trust"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}

    def command(*words: str) -> None:
        subprocess.run(
            [*trust, *words],
            env={**kept, "IM_DATABASE_URL": database},
            check=True,
            capture_output=True,
            timeout=60,
        )

    old, new = tmp_path / "old.crt", tmp_path / "new.crt"
    command(str(old))
    serials = {shown_by(nodes[1].port).serial_number for _ in range(8)}
    assert len(serials) == 1, "workers behind one port show the same certificate"
    assert shown_by(nodes[0].port).serial_number in serials, "and so do nodes of one machine"

    async def run() -> None:
        for started in nodes:
            assert is_trusted(started.port, old)
        async with await Client.register([secure(nodes[0])], "anna", PASSWORD, old) as anna:
            await asyncio.to_thread(command, "renew")
            await asyncio.to_thread(command, str(new))
            ports = [started.port for started in nodes for _ in range(4)]
            await until(lambda: all(is_trusted(port, new) for port in ports), 30, "the new one")
            await until(lambda: not any(is_trusted(port, old) for port in ports), 30, "no old one")
            await anna.send("all", "still here")
            assert anna.connections == 1, "the socket was not broken"

    asyncio.run(run())
