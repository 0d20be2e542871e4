"""``run.py trust``: what a person needs in order to bring devices to trust the cluster."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from im.addresses import own_names, page_addresses
from im.app import now_ms
from im.commands import USAGE
from im.node_database import open_node_database
from im.services.authority import Authority
from im.services.certificates import open_authority, renew_authority
from im.settings import Settings
from im.store import nodes
from im.store.bootstrap import bootstrap
from im.store.migrations import migrate
from im.store.nodes import NodeRow
from im.terminal_code import show_code

RENEW = "renew"
SUFFIXES = (".crt", ".pem", ".cer")
"""Of a file to write: a word that is mistyped is none."""
FOR_EVERYONE = 0o644


async def run_trust(settings: Settings, words: tuple[str, ...]) -> int:
    """Show where devices learn to trust, write the certificate, or make a new authority."""
    if words not in ((), (RENEW,)) and (len(words) > 1 or Path(words[0]).suffix not in SUFFIXES):
        print("trust | trust FILE.crt | trust renew", file=sys.stderr)
        return USAGE
    tls = settings.tls
    if not tls.enabled or tls.cert is not None:
        reason = "tls.cert is set" if tls.enabled else "tls.enabled is false"
        print(f"{reason}: the cluster is not its own authority here", file=sys.stderr)
        return 1
    database = open_node_database(settings)
    try:
        await migrate(database)
        await bootstrap(database)
        names = (*tls.names, *own_names())
        if words == (RENEW,):
            authority = await renew_authority(database, names, now_ms())
        else:
            authority = await open_authority(database, names, now_ms())
        live = await database.read(nodes.live)
    finally:
        await database.close()
    if words and words != (RENEW,):
        await asyncio.to_thread(_write, Path(words[0]), authority.anchor)
        print(f"{authority.name} is written to {words[0]}")
        return 0
    if words:
        print("A new authority. All nodes take it within seconds; every device has to trust it")
        print("anew, and should forget the old one.\n")
    show(authority, [f"{address}/trust" for address in _addresses(settings, live)])
    return 0


def _write(path: Path, certificate: bytes) -> None:
    """Unlike all else that is written, it is for everyone."""
    path.write_bytes(certificate)
    with suppress(PermissionError):  # a stick that knows no rights
        path.chmod(FOR_EVERYONE)


def _addresses(settings: Settings, live: list[NodeRow]) -> list[str]:
    """Where other devices find a node of this machine, one of those that run if any does."""
    ports = [row.port for row in live]
    wanted = settings.http.port
    port = wanted if wanted in ports or not ports else ports[0]
    found = page_addresses(settings.http.address, port)
    return found[1:] if len(found) > 1 else found


def show(authority: Authority, addresses: list[str]) -> None:
    """Print all of it, with a QR code of the first address."""
    print("Open on the device that is to trust this server:")
    print(*(f"  {address}" for address in addresses), sep="\n")
    print()
    if addresses:
        show_code(addresses[0])
    print(f"\nCertificate  {authority.name}")
    pairs = authority.fingerprint.split(":")
    print(f"SHA-256      {' '.join(pairs[:16])}\n             {' '.join(pairs[16:])}")
    print("\nrun.py trust FILE.crt writes it to a file. run.py trust renew makes a new one, and")
    print("every device has to trust again.")
