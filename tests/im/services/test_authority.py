"""What the cluster's own authority vouches for, what it may not, and how its certificates are."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from im.services.authority import (
    CERTIFICATE_DAYS,
    DAY_MS,
    PERIOD_MS,
    Authority,
    NodeCertificate,
    make_authority,
)
from im.services.tls_context import context_of

NOW = 1_790_000_000_000
NAMES = ("box", "box.local", "localhost", "127.0.0.1", "::1", "10.1.2.3")
AUTHORITY = make_authority(["box"], NOW)


def leaf(made: NodeCertificate) -> x509.Certificate:
    return x509.load_pem_x509_certificates(made.chain)[0]


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A handshake in memory. Raises ``SSLError``."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    done = 0
    while done < 2:
        done = 0
        for end in (one, other):
            try:
                end.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                pass


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.anchor.decode())


@pytest.mark.parametrize("name", NAMES)
def test_who_trusts_the_authority_reaches_a_node_by_all_its_names(name: str) -> None:
    authority = make_authority(["box"], int(datetime.datetime.now().timestamp() * 1000))
    made = authority.issue(NAMES, int(datetime.datetime.now().timestamp() * 1000))
    handshake(context_of(made.chain, made.key), trusting(authority), name)


def test_who_does_not_trust_it_does_not() -> None:
    now = int(datetime.datetime.now().timestamp() * 1000)
    made = make_authority([], now).issue(NAMES, now)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context_of(made.chain, made.key), trusting(make_authority([], now)), "localhost")


def test_older_protocols_than_tls_1_2_are_refused() -> None:
    made = AUTHORITY.issue(NAMES, NOW)
    context = context_of(made.chain, made.key)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_certificate_is_as_browsers_want_it() -> None:
    certificate = leaf(AUTHORITY.issue(NAMES, NOW))
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert datetime.timedelta(days=CERTIFICATE_DAYS) < life < datetime.timedelta(days=90)
    extensions = certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["box", "box.local", "localhost"]
    assert set(names.get_values_for_type(x509.IPAddress)) == {
        ipaddress.ip_address(name) for name in ("127.0.0.1", "::1", "10.1.2.3")
    }
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.SERVER_AUTH]
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_second_implementation_finds_the_chain_right() -> None:
    made = AUTHORITY.issue(NAMES, NOW)
    first, issuer = x509.load_pem_x509_certificates(made.chain)
    store = Store(x509.load_pem_x509_certificates(AUTHORITY.anchor))
    at = datetime.datetime.fromtimestamp(NOW / 1000)
    for name in ("box.local", "localhost"):
        policy = PolicyBuilder().store(store).time(at).max_chain_depth(2)
        verifier = policy.build_server_verifier(x509.DNSName(name))
        assert len(verifier.verify(first, [issuer])) == 3
    with pytest.raises(VerificationError):
        verifier = policy.build_server_verifier(x509.DNSName("bank.example"))
        verifier.verify(first, [issuer])


def test_the_authority_and_what_stands_below_it_are_constrained_alike() -> None:
    anchor = x509.load_pem_x509_certificates(AUTHORITY.anchor)[0]
    issuer = x509.load_pem_x509_certificates(AUTHORITY.issue(NAMES, NOW).chain)[1]
    for certificate, length in ((anchor, 1), (issuer, 0)):
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        assert constraints.critical
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert basic.critical and basic.value == x509.BasicConstraints(True, length)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.key_cert_sign and not usage.digital_signature


def test_the_key_in_the_database_is_not_the_one_of_the_certificate_that_devices_trust() -> None:
    anchor = x509.load_pem_x509_certificates(AUTHORITY.anchor)[0]
    assert AUTHORITY.pem.count(b"PRIVATE KEY") == 2, "one, begun and ended"
    assert AUTHORITY._key.public_key() != anchor.public_key()


@pytest.mark.parametrize("name", ["bank.example", "8.8.8.8", "2001:db8::1", "mybox", "evil-local"])
def test_it_vouches_for_nothing_outside_local_networks(name: str) -> None:
    made = AUTHORITY.issue(["localhost", name], NOW)
    assert (made.names, made.outside) == (("localhost",), (name,))


@pytest.mark.parametrize("name", ["bank.example", "8.8.8.8"])
def test_with_its_key_alone_nobody_passes_for_somebody_else(name: str, tmp_path: Path) -> None:
    """Its own refusal aside: clients refuse such a certificate."""
    now = int(datetime.datetime.now().timestamp() * 1000)
    authority = make_authority([], now)
    authority.permits = lambda name: True  # type: ignore[method-assign]
    made = authority.issue([name], now)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(context_of(made.chain, made.key), trusting(authority), name)


def test_what_was_named_when_it_was_made_is_allowed() -> None:
    given = ["chat.example.org", "130.75.1.2", "2001:db8::7"]
    authority = make_authority(given, NOW)
    made = authority.issue([*given, "130.75.1.3"], NOW)
    assert (made.names, made.outside) == (tuple(given), ("130.75.1.3",))


def test_names_are_compared_as_dns_does() -> None:
    made = AUTHORITY.issue(["BOX", "box", "Box.Local."], NOW)
    assert made.names == ("box", "box.local")


def test_workers_and_restarts_have_the_same_certificate() -> None:
    again = Authority(AUTHORITY.pem)
    assert again.issue(NAMES, NOW).chain == AUTHORITY.issue(NAMES, NOW + 1).chain
    assert again.issue(NAMES, NOW).key.private_numbers() == (
        AUTHORITY.issue(NAMES, NOW).key.private_numbers()
    )


def test_other_names_another_time_and_another_authority_make_another_key_and_number() -> None:
    first = leaf(AUTHORITY.issue(NAMES, NOW))
    others = [
        AUTHORITY.issue(NAMES[:-1], NOW),
        AUTHORITY.issue(NAMES, NOW + PERIOD_MS),
        make_authority(["box"], NOW).issue(NAMES, NOW),
    ]
    for other in map(leaf, others):
        assert other.serial_number != first.serial_number
        assert other.public_key() != first.public_key()


def test_whenever_it_is_made_a_third_of_its_life_is_left() -> None:
    for moment in range(NOW, NOW + PERIOD_MS, PERIOD_MS // 7):
        made = AUTHORITY.issue(NAMES, moment)
        assert made.expires_at - moment >= CERTIFICATE_DAYS * DAY_MS // 3


def test_no_certificate_outlives_its_authority() -> None:
    made = AUTHORITY.issue(NAMES, AUTHORITY.expires_at - DAY_MS)
    assert made.expires_at == AUTHORITY.expires_at


def test_a_machine_with_very_many_addresses_has_those_first_that_were_given() -> None:
    made = AUTHORITY.issue(["given.lan", *(f"10.0.{n}.1" for n in range(200))], NOW)
    assert len(made.names) == 100 and made.names[0] == "given.lan"


def test_openssl_reads_its_fingerprint_as_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "anchor.crt"
    path.write_bytes(AUTHORITY.anchor)
    command = ["openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert shown.strip().rpartition("=")[2] == AUTHORITY.fingerprint


def test_this_machine_knows_its_names_and_addresses() -> None:
    from im.addresses import lan_addresses, own_names

    names = own_names()
    assert {"localhost", "127.0.0.1", "::1", socket.gethostname().lower()} <= set(names)
    assert set(lan_addresses()) <= set(names)
    assert not [name for name in names if name.startswith("fe80") or "%" in name]
