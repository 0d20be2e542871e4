"""The real proxies before two nodes, with the files of ``deploy/``."""

from __future__ import annotations

import contextlib
import getpass
import grp
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.throwaway import throwaway_file
from tests.deploy.filled import filled
from tests.services.folder import ServiceFolder
from tests.services.node import Node
from tests.services.ports import PortReservations
from tests.services.process import ServiceProcess, program

ONE, TWO = "10.0.0.11:8888", "10.0.0.12:8888"
"""Where the files say that the nodes are."""

NGINX = """
daemon off;
{user}
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/im.conf;
}}
"""
"""What Debian's nginx.conf has, in a folder of our own."""


class Proxy:
    """A proxy that runs.

    Attributes:
        certificate: what its clients trust, for ``localhost``.
    """

    def __init__(self, process: ServiceProcess, certificate: Path, plain: int, secure: int) -> None:
        self.process = process
        self.certificate = certificate
        self.url = f"https://localhost:{secure}"
        self.plain_url = f"http://localhost:{plain}"
        self.port = secure


@contextlib.contextmanager
def proxy(kind: str, ports: PortReservations, nodes: Sequence[Node]) -> Iterator[Proxy]:
    """``nginx`` or ``haproxy`` before these two nodes; ended with its folder."""
    folder = ServiceFolder(kind)
    plain, secure = ports.reserve(), ports.reserve()
    certificate = throwaway_file(folder.path)
    addresses = {
        place: f"127.0.0.1:{node.port}" for place, node in zip((ONE, TWO), nodes, strict=True)
    }
    make = {"nginx": _nginx, "haproxy": _haproxy}[kind]
    process = make(folder, certificate, plain, secure, addresses)
    try:
        process.start()
        process.wait_ready(lambda: listens(plain) and listens(secure), 20)
        yield Proxy(process, certificate, plain, secure)
    finally:
        process.kill9()
        print(process.log)
        folder.close()
        for port in (plain, secure):
            ports.release(port)


def haproxy_process(
    folder: ServiceFolder, name: str, places: Mapping[str, str], most: str
) -> ServiceProcess:
    """haproxy, not started, with a file of ``deploy/`` for this user and few connections."""
    everywhere = {
        "user haproxy\n": f"user {getpass.getuser()}\n",
        "group haproxy\n": f"group {grp.getgrgid(os.getgid()).gr_name}\n",
        "    chroot /var/lib/haproxy\n": "",
        most: "maxconn 400",
    }
    configuration = folder.path / "haproxy.cfg"
    configuration.write_text(filled(name, {**places, **everywhere}))
    found = program("haproxy", package="haproxy")
    return _process(folder, [found, "-db", "-f", str(configuration)])


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _nginx(
    folder: ServiceFolder, certificate: Path, plain: int, secure: int, addresses: dict[str, str]
) -> ServiceProcess:
    places = {
        **addresses,
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl": f"listen 127.0.0.1:{secure} ssl",
        "chat.example.lan": "localhost",
        "https://$host$request_uri": f"https://$host:{secure}$request_uri",
        "/etc/nginx/im.pem": str(certificate),
    }
    own = folder.path
    (own / "im.conf").write_text(filled("nginx/im.conf", places))
    user = f"user {getpass.getuser()};" if os.getuid() == 0 else ""
    (own / "nginx.conf").write_text(NGINX.format(folder=own, user=user))
    found = program("nginx", package="nginx")
    return _process(folder, [found, "-p", str(own), "-c", str(own / "nginx.conf"), "-e", "stderr"])


def _haproxy(
    folder: ServiceFolder, certificate: Path, plain: int, secure: int, addresses: dict[str, str]
) -> ServiceProcess:
    places = {
        **addresses,
        "bind :80\n": f"bind 127.0.0.1:{plain}\n",
        "bind :443 ": f"bind 127.0.0.1:{secure} ",
        "redirect scheme https": f"redirect prefix https://localhost:{secure}",
        "/etc/haproxy/im.pem": str(certificate),
    }
    return haproxy_process(folder, "haproxy/haproxy.cfg", places, "maxconn 40000")


def _process(folder: ServiceFolder, command: list[str]) -> ServiceProcess:
    return ServiceProcess(
        command,
        log=folder.path / "log",
        environment={**os.environ, **folder.environment},
        cwd=folder.path,
    )
