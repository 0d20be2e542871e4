"""A certificate and its key as what the port needs for TLS."""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

TICKETS = 1
"""For how many connections a client can use again what it agreed on with this one (RFC 8446,
section 4.6.1). Each of those gives it another, so one lets it go on for ever."""


def context_of(chain: bytes, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    """A context from certificates (PEM) and a key.

    ``ssl`` reads files only. The one that it is given is the user's alone, gone at once, and the
    key in it is encrypted with a password that nobody else ever knows.
    """
    password = secrets.token_bytes(32).hex().encode()
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    descriptor, name = tempfile.mkstemp(prefix="im-", suffix=".pem")
    try:
        with open(descriptor, "wb") as file:
            file.write(chain + sealed)
        return _context(Path(name), None, password)
    finally:
        os.unlink(name)


def context_from_files(certificate: Path, key: Path) -> ssl.SSLContext:
    """A context from files. Raises ``OSError`` or ``ValueError``, both with the file's name."""
    for path in (certificate, key):
        with path.open("rb"):
            pass
    try:
        return _context(certificate, key, b"")
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).replace("_", " ").lower()
        raise ValueError(f"{certificate} and {key} can't be used for TLS: {reason}") from None


def _context(certificate: Path, key: Path | None, password: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.num_tickets = TICKETS
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key, password=lambda: password)
    return context
