"""The cluster's own certificate authority, and the certificates that it gives to nodes.

Devices are asked to trust the *anchor*. Its private key signed one certificate, the *issuer's*, and
was thrown away at once: nobody can use it. The issuer's key is kept in the database and signs the
nodes' certificates. Both carry the same name constraints (RFC 5280, section 4.2.1.10): addresses of
private networks, names of local ones, and what was named when the authority was made. So whoever
reads the database can pass for this cluster, but not for a bank; some systems look at constraints
of the anchor, and all at those of what stands below it.

A node's key and certificate follow from the issuer's key, the names and the time alone. So workers
behind one port have the same, a node has it again after a restart, and nothing is written down.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from im.durations import DAY_MS

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 14
"""Browsers allow 398 days and Apple's 825 (https://support.apple.com/103769); short is safe, as
nothing has to be called back."""
PERIOD_MS = CERTIFICATE_DAYS * DAY_MS * 2 // 3
"""Certificates change at multiples of this, with a third of their life left."""
BACK_DAYS = 2
"""They are valid from this long before, for clocks that are wrong."""
MAX_NAMES = 100
"""Names and addresses in a certificate; further ones are left out."""

LOCAL_NAMES = (
    *("localhost", "local", "lan", "home.arpa", "internal", "home", "intranet", "private"),
    *("corp", "localdomain", "test"),
)
"""Ends of names that no public authority may give: RFC 6761, 6762 (also appendix G), 8375."""
LOCAL_NETWORKS = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
    *("127.0.0.0/8", "::1/128", "fc00::/7", "fe80::/10"),
)
"""Addresses of private networks: RFC 1918, 3927, 6598, 4193, 4291."""

LAYOUT = b"im node certificate 1"
"""Changes with the layout of a node's certificate: one number may not stand for two of them."""
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CURVE = ec.SECP256R1()

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class NodeCertificate:
    """A certificate of a node, and its key.

    Attributes:
        chain: itself and the issuer's, PEM.
        key: the private key.
        names: what it is for.
        outside: names that the authority may not vouch for, so it is not for these.
        expires_at: UTC ms.
    """

    chain: bytes
    key: ec.EllipticCurvePrivateKey
    names: tuple[str, ...]
    outside: tuple[str, ...]
    expires_at: int


class Authority:
    """An authority that exists. ``pem`` is all of it as kept in the database: secret."""

    def __init__(self, pem: bytes) -> None:
        key = load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the authority's key is not of an elliptic curve")
        self._key = key
        self._issuer, self._anchor = x509.load_pem_x509_certificates(pem)
        self.pem = pem
        constraints = self._issuer.extensions.get_extension_for_class(x509.NameConstraints).value
        permitted = [name.value for name in constraints.permitted_subtrees or ()]
        self._suffixes = [name for name in permitted if isinstance(name, str)]
        self._networks = [name for name in permitted if not isinstance(name, str)]

    @property
    def anchor(self) -> bytes:
        """The certificate that devices trust, PEM."""
        return self._anchor.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """The anchor's SHA-256 as devices show it: 32 hex pairs joined by colons."""
        return self._anchor.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def name(self) -> str:
        """What devices call it in their lists."""
        return str(self._anchor.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def expires_at(self) -> int:
        """UTC ms."""
        return _ms(self._issuer.not_valid_after_utc)

    def permits(self, name: str) -> bool:
        """Whether it may vouch for a name or an address."""
        address = _address(name)
        if address is not None:
            return any(address in network for network in self._networks)
        return any(name == end or name.endswith(f".{end}") for end in self._suffixes)

    def issue(self, names: Iterable[str], now: int) -> NodeCertificate:
        """The certificate for these names at this time (UTC ms), always the same one."""
        wanted = [name.lower().rstrip(".") for name in names]
        allowed = [name for name in dict.fromkeys(wanted) if self.permits(name)]
        outside = [name for name in dict.fromkeys(wanted) if not self.permits(name)]
        period = now // PERIOD_MS
        key, serial = self._derive(allowed[:MAX_NAMES], period)
        start = _time(period * PERIOD_MS)
        end = start + datetime.timedelta(days=CERTIFICATE_DAYS)
        end = min(end, self._issuer.not_valid_after_utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name("im node"))
            .issuer_name(self._issuer.subject)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(start - datetime.timedelta(days=BACK_DAYS))
            .not_valid_after(end)
            .add_extension(_subject_names(allowed[:MAX_NAMES]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_key_id(key), critical=False)
            .add_extension(_authority_id(self._key), critical=False)
            .sign(self._key, hashes.SHA256(), ecdsa_deterministic=True)
        )
        chain = certificate.public_bytes(Encoding.PEM) + self._issuer.public_bytes(Encoding.PEM)
        return NodeCertificate(chain, key, tuple(allowed[:MAX_NAMES]), tuple(outside), _ms(end))

    def _derive(self, names: Sequence[str], period: int) -> tuple[ec.EllipticCurvePrivateKey, int]:
        """Key and number of a certificate (FIPS 186-5, A.2.1: 64 bits more than the order has)."""
        secret = self._key.private_numbers().private_value.to_bytes(32, "big")
        info = b"\0".join([LAYOUT, str(period).encode(), *(name.encode() for name in names)])
        drawn = HKDF(hashes.SHA256(), 40 + 16, salt=None, info=info).derive(secret)
        scalar = int.from_bytes(drawn[:40], "big") % (P256_ORDER - 1) + 1
        return ec.derive_private_key(scalar, _CURVE), int.from_bytes(drawn[40:], "big") | 1


def make_authority(names: Iterable[str], now: int) -> Authority:
    """A new authority that may vouch for the local networks and for these names besides.

    ``now``: UTC ms.
    """
    anchor_key, issuer_key = ec.generate_private_key(_CURVE), ec.generate_private_key(_CURVE)
    mark = x509.SubjectKeyIdentifier.from_public_key(anchor_key.public_key()).digest.hex()[:6]
    anchor_name, issuer_name = _name(f"LAN chat {mark.upper()}"), _name(f"LAN chat {mark} nodes")
    constraints = _constraints(names)

    def certificate(
        name: x509.Name, key: ec.EllipticCurvePrivateKey, path_length: int
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(anchor_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_time(now) - datetime.timedelta(days=BACK_DAYS))
            .not_valid_after(_time(now) + datetime.timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(constraints, critical=True)
            .add_extension(_key_id(key), critical=False)
            .add_extension(_authority_id(anchor_key), critical=False)
            .sign(anchor_key, hashes.SHA256())
        )

    anchor = certificate(anchor_name, anchor_key, 1)
    issuer = certificate(issuer_name, issuer_key, 0)
    parts = [
        issuer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        issuer.public_bytes(Encoding.PEM),
        anchor.public_bytes(Encoding.PEM),
    ]
    return Authority(b"".join(parts))


def _constraints(names: Iterable[str]) -> x509.NameConstraints:
    networks = [ipaddress.ip_network(network) for network in LOCAL_NETWORKS]
    ends = list(LOCAL_NAMES)
    for name in (name.lower().rstrip(".") for name in names):
        address = _address(name)
        if address is None:
            if not any(name == end or name.endswith(f".{end}") for end in ends):
                ends.append(name)
        elif not any(address in network for network in networks):
            networks.append(ipaddress.ip_network(address))
    permitted: list[x509.GeneralName] = [x509.DNSName(end) for end in ends]
    permitted += [x509.IPAddress(network) for network in networks]
    return x509.NameConstraints(permitted, None)


def _subject_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    parsed = [(name, _address(name)) for name in names]
    return x509.SubjectAlternativeName(
        [x509.DNSName(name) if ip is None else x509.IPAddress(ip) for name, ip in parsed]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _authority_id(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _time(ms: int) -> datetime.datetime:
    """Certificates know whole seconds."""
    return datetime.datetime.fromtimestamp(ms // 1000, datetime.UTC)


def _ms(time: datetime.datetime) -> int:
    return int(time.timestamp()) * 1000
