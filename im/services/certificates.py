"""The certificate that the port shows: made by the cluster's authority, or read from files.

It is renewed while the node runs. New connections get the new one; open ones keep theirs.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography import x509

from im.addresses import own_names
from im.errors import Unavailable
from im.services.authority import PERIOD_MS, Authority, make_authority
from im.services.background import Background
from im.services.tls_context import context_from_files, context_of
from im.settings import TlsSection
from im.store import cluster
from im.store.cursor import Cursor
from im.store.database import Database

LOOK_SECONDS = 10.0
"""So often a node looks for new names and addresses, and for another authority."""
AUTHORITY = "authority"
"""Its name in the table ``cluster``."""

log = logging.getLogger("im.tls")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the port shows.

    Attributes:
        context: for new connections.
        names: of the certificate.
        expires_at: UTC ms.
    """

    context: ssl.SSLContext
    names: tuple[str, ...]
    expires_at: int


class Source(Protocol):
    """Where a certificate comes from."""

    authority: Authority | None
    """Who made it, if it was the cluster's own."""

    async def look(self, asked: bool) -> Shown | None:
        """Another certificate than before, or None; ``asked``: somebody wants it looked for.

        Raises ``Unavailable``, ``OSError`` or ``ValueError``.
        """


class Certificates:
    """Keeps the port's certificate fresh; without a source there is none."""

    def __init__(self, source: Source | None) -> None:
        self._source = source
        self._shown: Shown | None = None
        self._asked = asyncio.Event()
        self._background = Background()

    def context(self) -> ssl.SSLContext | None:
        """For a connection that begins now; None: the port has no TLS."""
        return None if self._shown is None else self._shown.context

    @property
    def shown(self) -> Shown | None:
        """What the port shows now."""
        return self._shown

    @property
    def authority(self) -> Authority | None:
        """The cluster's authority; None where certificates are not its."""
        return None if self._source is None else self._source.authority

    async def start(self) -> None:
        """Have the first one, and begin to renew it.

        Raises ``Unavailable``, ``OSError`` or ``ValueError``.
        """
        if self._source is not None:
            self._shown = await self._source.look(True)
            self._background.start(self._run(self._source))

    def reload_soon(self) -> None:
        """Look now whether there is another one."""
        self._asked.set()

    async def close(self) -> None:
        """Renew no more."""
        await self._background.close()

    async def _run(self, source: Source) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                pass
            asked = self._asked.is_set()
            self._asked.clear()
            try:
                self._shown = await source.look(asked) or self._shown
            except Unavailable:
                continue
            except (OSError, ValueError) as error:
                log.error("the certificate stays as it was: %s", error)
            except Exception:
                log.exception("the certificate stays as it was")


class OwnAuthority:
    """Certificates from the cluster's authority, which is made when there is none.

    Args:
        names: given by a person, see ``tls.names``.
        own_names: what this machine is called now.
        clock: UTC ms.
    """

    def __init__(
        self,
        database: Database,
        names: Sequence[str],
        own_names: Callable[[], list[str]],
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._names = names
        self._own_names = own_names
        self._clock = clock
        self._made_from: tuple[bytes, tuple[str, ...], int] | None = None
        self.authority: Authority | None = None

    async def look(self, asked: bool) -> Shown | None:
        """A new one when names, authority or time ask for it."""
        names = (*self._names, *await asyncio.to_thread(self._own_names))
        now = self._clock()
        if self.authority is None:
            self.authority = await open_authority(self._database, names, now)
        else:
            kept = await self._database.read(cluster.get, AUTHORITY)
            if kept is not None and kept != self.authority.pem:
                self.authority = Authority(kept)
                log.warning("there is a new authority: %s", self.authority.fingerprint)
        made_from = (self.authority.pem, names, now // PERIOD_MS)
        if made_from == self._made_from:
            return None
        shown = await asyncio.to_thread(self._issue, self.authority, names, now)
        self._made_from = made_from
        return shown

    def _issue(self, authority: Authority, names: Sequence[str], now: int) -> Shown:
        made = authority.issue(names, now)
        log.info("certificate for %s", ", ".join(made.names))
        # Nobody types the global IPv6 addresses that machines give themselves.
        missed = [name for name in made.outside if name in self._names or ":" not in name]
        if missed:
            log.warning(
                "the certificate is not for %s: the authority was made for local networks and the"
                " names known then; give these in tls.names and run: run.py trust renew",
                ", ".join(missed),
            )
        return Shown(context_of(made.chain, made.key), made.names, made.expires_at)


class CertificateFiles:
    """A certificate that somebody else made, and its key."""

    authority: Authority | None = None

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key

    async def look(self, asked: bool) -> Shown | None:
        """Read the files when asked to."""
        return await asyncio.to_thread(read_files, self._certificate, self._key) if asked else None


def read_files(certificate: Path, key: Path) -> Shown:
    """What two files hold. Raises ``OSError`` or ``ValueError``, both with a file's name."""
    context = context_from_files(certificate, key)
    leaf = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = (
            *found.get_values_for_type(x509.DNSName),
            *map(str, found.get_values_for_type(x509.IPAddress)),
        )
    except x509.ExtensionNotFound:
        names = ()
    expires = leaf.not_valid_after_utc
    log.info("certificate of %s, valid until %s", certificate, expires.isoformat())
    return Shown(context, names, int(expires.timestamp()) * 1000)


def certificate_source(
    settings: TlsSection, database: Database, clock: Callable[[], int]
) -> Source | None:
    """Where the certificate comes from by the settings; ``clock``: UTC ms."""
    if not settings.enabled:
        return None
    if settings.cert is not None and settings.key is not None:
        return CertificateFiles(settings.cert, settings.key)
    return OwnAuthority(database, settings.names, own_names, clock)


async def open_authority(database: Database, names: Sequence[str], now: int) -> Authority:
    """The cluster's authority. If there is none yet it is made, for these names besides.

    Of several nodes that make one, one wins. Raises ``Unavailable``.
    """
    kept = await database.read(cluster.get, AUTHORITY)
    if kept is None:
        made = make_authority(names, now)
        kept = await database.write(cluster.value, AUTHORITY, made.pem)
    return Authority(kept)


async def renew_authority(database: Database, names: Sequence[str], now: int) -> Authority:
    """Another authority in its place; devices have to trust it anew. Raises ``Unavailable``."""
    made = make_authority(names, now)

    def write(cursor: Cursor) -> None:
        cluster.put(cursor, AUTHORITY, made.pem)

    await database.write(write)
    return made
