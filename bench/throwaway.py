"""A certificate for a benchmark: nobody knows it, and nobody has to. And what a session takes."""

from __future__ import annotations

import datetime
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bench.memory import resident_kib
from im.services.tls_context import context_from_files, context_of
from im.wire.tls import Tls, TlsSession

WARM = 200
MEASURED = 2000


def throwaway_certificate() -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    """A certificate (PEM) and its key, ECDSA on P-256 as the messenger's own, for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM), key


def throwaway_context() -> ssl.SSLContext:
    """A server's context with such a certificate, as the node's port has it."""
    return context_of(*throwaway_certificate())


def throwaway_file(folder: Path) -> Path:
    """A file with such a certificate and its key."""
    chain, key = throwaway_certificate()
    path = folder / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(chain + private)
    return path


def session_kib(certificate: Path) -> float:
    """What OpenSSL keeps for one session of a server at rest, in KiB: nothing else is there."""
    measured = subprocess.run(
        [sys.executable, "-m", "bench.throwaway", certificate],
        capture_output=True,
        check=True,
        text=True,
    )
    return float(measured.stdout)


def main() -> None:
    """Make sessions and print what each takes."""
    path = Path(sys.argv[1])
    server = context_from_files(path, path)
    tls = Tls(lambda: server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    kept = [_session(tls, client) for _ in range(WARM)]
    before = resident_kib()
    kept += [_session(tls, client) for _ in range(MEASURED)]
    print((resident_kib() - before) / MEASURED)


def _session(tls: Tls, client: ssl.SSLContext) -> TlsSession:
    session = tls.session()
    if session is None:
        raise RuntimeError("no context")
    come, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    other = client.wrap_bio(come, out, server_hostname="localhost")
    while not session.established:
        with suppress(ssl.SSLWantReadError):
            other.do_handshake()
        session.receive(out.read())
        come.write(session.unsent)
        session.unsent = b""
    other.write(b"x" * 300)
    session.receive(out.read())
    session.seal(b"x" * 300)
    return session


if __name__ == "__main__":
    main()
