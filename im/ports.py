"""The sockets on which nodes listen: opened here, or inherited from systemd or from a supervisor.

A socket that a supervisor keeps open keeps its queue as well: whoever came while a worker was
started again is answered by the next one.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

import msgspec
from tornado.netutil import bind_sockets

from im.settings import HttpSettings, Settings

BACKLOG = 16_384
"""Connections that may wait to be accepted. The system has the last word (Linux:
``net.core.somaxconn``, 4,096 by default)."""
FIRST_DESCRIPTOR = 3
"""Where sockets begin that systemd passes on: ``SD_LISTEN_FDS_START``, sd_listen_fds(3)."""
METRICS = "metrics"
"""``FileDescriptorName=`` of a socket for figures; all others are for people."""
SHARES = sys.platform == "linux"
"""Whether ``SO_REUSEPORT`` shares connections out among the sockets of a port (socket(7)). Where it
does not (macOS), all workers take from one queue."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What one node listens on.

    Attributes:
        http: where its connections come in.
        others: where those of the other workers of this port do.
        metrics: for figures; may be empty.
    """

    http: Sequence[socket.socket]
    others: Sequence[socket.socket] = ()
    metrics: Sequence[socket.socket] = ()

    @property
    def number(self) -> int:
        """The port that people know."""
        return _number(self.http)

    @property
    def metrics_number(self) -> int:
        """The port of the figures, or 0."""
        return _number(self.metrics)

    def close(self) -> None:
        """Listen no more; who shares a socket still does."""
        for each in (*self.http, *self.others, *self.metrics):
            each.close()


class Place(msgspec.Struct, frozen=True):
    """A worker's place under its supervisor, as it is told on its command line.

    Attributes:
        number: which worker it is; part of its node's name.
        http, others, metrics: descriptors of its ``Ports``.
        ready: the end of a pipe; a byte in it says that people can come.
    """

    number: int
    http: list[int]
    others: list[int]
    metrics: list[int]
    ready: int

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    def ports(self) -> Ports:
        """The sockets. Raises ``OSError``."""
        return Ports(
            http=[_inherited(descriptor) for descriptor in self.http],
            others=[_inherited(descriptor) for descriptor in self.others],
            metrics=[_inherited(descriptor) for descriptor in self.metrics],
        )

    def tell_ready(self) -> None:
        """Tell the supervisor that people can come."""
        os.write(self.ready, b"1")
        os.close(self.ready)


def read_place(text: str) -> Place:
    """A place from the command line. Raises ``ValueError``."""
    try:
        return msgspec.json.decode(text.encode(), type=Place)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def open_ports(settings: Settings, environ: MutableMapping[str, str]) -> list[Ports]:
    """The sockets of each worker: systemd's where it gave some, else new ones.

    Raises ``OSError``.
    """
    workers = range(settings.node.workers)
    given = from_systemd(environ)
    http = [each for name, each in given if name != METRICS]
    figures = [each for name, each in given if name == METRICS]
    shares = [http] if http else _open_shares(settings.http, len(workers))
    return [
        Ports(
            http=shares[worker % len(shares)],
            others=[
                each
                for number, share in enumerate(shares)
                if number != worker % len(shares)
                for each in share
            ],
            metrics=figures[worker :: len(workers)] or _open_metrics(settings, worker),
        )
        for worker in workers
    ]


def from_systemd(environ: MutableMapping[str, str]) -> list[tuple[str, socket.socket]]:
    """Sockets that systemd opened for this process, with their names: sd_listen_fds(3).

    Takes its variables out of ``environ``: they are meant for no child of ours. Raises ``OSError``.
    """
    process = environ.pop("LISTEN_PID", "")
    count = environ.pop("LISTEN_FDS", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    if process != str(os.getpid()) or not count.isdecimal():
        return []
    return [
        (names[number] if number < len(names) else "", _inherited(FIRST_DESCRIPTOR + number))
        for number in range(int(count))
    ]


def _inherited(descriptor: int) -> socket.socket:
    try:
        found = socket.socket(fileno=descriptor)
        found.set_inheritable(False)
        found.setblocking(False)
        internet = found.family in (socket.AF_INET, socket.AF_INET6)
        if internet and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return found
    except OSError as error:
        raise OSError(f"descriptor {descriptor}, a socket to listen on: {error}") from error
    raise OSError(f"descriptor {descriptor} is no TCP socket that listens")


def _open_shares(http: HttpSettings, workers: int) -> list[list[socket.socket]]:
    """Sockets of the port, a list for each share of its connections."""
    count = workers if SHARES else 1
    try:
        if count > 1 and http.port:
            _claim(http)
        shares = [bind_sockets(http.port, http.address, backlog=BACKLOG, reuse_port=count > 1)]
        port = _number(shares[0])
        for _ in range(count - 1):
            shares.append(bind_sockets(port, http.address, backlog=BACKLOG, reuse_port=True))
        return shares
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sentence = f"port {http.port} of {http.address} is in use, perhaps by another node"
        raise OSError(sentence) from error


def _claim(http: HttpSettings) -> None:
    """See that nobody listens there: with ``SO_REUSEPORT`` two supervisors would share a port."""
    family, kind, protocol, _, place = socket.getaddrinfo(
        http.address or None, http.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(place)


def _open_metrics(settings: Settings, worker: int) -> list[socket.socket]:
    metrics = settings.metrics
    if metrics.port is None:
        return []
    return bind_sockets(metrics.port + worker if metrics.port else 0, metrics.address)


def _number(sockets: Sequence[socket.socket]) -> int:
    return int(sockets[0].getsockname()[1]) if sockets else 0
