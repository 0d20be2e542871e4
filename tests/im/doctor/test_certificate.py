"""The doctor on certificates: broken, about to end, or not for the names that people use."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from im.doctor.certificate import ask_certificate, certificate_findings
from im.doctor.finding import Finding, Severity
from im.doctor.output import Words
from im.durations import DAY_MS
from im.i18n import LANGUAGES, read_catalogue
from im.services.authority import make_authority
from im.settings import Settings, TlsSection

NOW = 1_790_000_000_000
AUTHORITY = make_authority(["box"], NOW)
OWN = ["box", "box.local", "127.0.0.1", "2001:db8::1"]


def found(settings: TlsSection, names: list[str] = OWN, now: int = NOW) -> list[Finding]:
    """Findings, each of which reads well in both languages."""
    given = Settings(tls=settings)
    listed = [
        *certificate_findings(given, ask_certificate(given, AUTHORITY.pem, names, now)),
    ]
    for finding in listed:
        for language in LANGUAGES:
            words = Words(read_catalogue(), language)
            for sentence in (words.sentence(finding), words.mend(finding)):
                assert "{" not in sentence and "doctor." not in sentence
    return listed


def codes(findings: list[Finding]) -> list[tuple[str, Severity]]:
    return [(finding.code, finding.severity) for finding in findings]


def test_where_all_is_well_nothing_is_said() -> None:
    assert found(TlsSection()) == []


def test_before_the_first_start_nothing_is_said() -> None:
    assert ask_certificate(Settings(), None, OWN, NOW) is None
    assert [*certificate_findings(Settings(), None)] == []


def test_that_tls_is_off_is_noted() -> None:
    assert codes(found(TlsSection(enabled=False))) == [("no_tls", Severity.NOTE)]


def test_names_that_the_authority_may_not_vouch_for_are_told_with_what_mends_it() -> None:
    (finding,) = found(TlsSection(names=("chat.example.org",)), ["server2", "server2.local"])
    assert (finding.code, finding.severity) == ("names_outside", Severity.ADVICE)
    assert finding.commands == ("run.py trust renew --tls-names chat.example.org,server2",)


@pytest.mark.parametrize(
    ("days", "severity"), [(100, Severity.ADVICE), (-1, Severity.PROBLEM), (400, None)]
)
def test_the_authoritys_end_is_told_in_time(days: int, severity: Severity | None) -> None:
    now = AUTHORITY.expires_at - days * DAY_MS
    wanted = [] if severity is None else [("authority_ends", severity)]
    assert codes(found(TlsSection(), now=now)) == wanted


def files(folder: Path) -> TlsSection:
    made = AUTHORITY.issue(["box"], NOW)
    (folder / "cert.pem").write_bytes(made.chain)
    (folder / "key.pem").write_bytes(
        made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return TlsSection(cert=folder / "cert.pem", key=folder / "key.pem")


def test_the_end_of_a_certificate_of_ones_own_is_told_in_time(tmp_path: Path) -> None:
    given = files(tmp_path)
    end = AUTHORITY.issue(["box"], NOW).expires_at
    assert codes(found(given, now=end - 20 * DAY_MS)) == []
    assert codes(found(given, now=end - 3 * DAY_MS)) == [("certificate_ends", Severity.ADVICE)]
    assert codes(found(given, now=end + DAY_MS)) == [("certificate_ends", Severity.PROBLEM)]


def test_files_that_cannot_be_used_are_a_problem(tmp_path: Path) -> None:
    given = files(tmp_path)
    (tmp_path / "cert.pem").write_text("nonsense")
    assert codes(found(given)) == [("certificate_files", Severity.PROBLEM)]
