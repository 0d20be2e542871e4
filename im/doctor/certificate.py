"""Whether the port's certificate can be used, for how long, and by which names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from im.doctor.finding import Finding, Severity
from im.durations import DAY_MS
from im.services.authority import Authority
from im.services.certificates import read_files
from im.settings import Settings

FILE_DAYS = 14
"""A certificate of one's own that ends within this is told of."""
AUTHORITY_DAYS = 365
"""As is the cluster's authority: every device has to trust the next one."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the port would show.

    Attributes:
        days: until it, or the authority that makes it, ends.
        outside: names that the authority may not vouch for.
        error: why the files can't be used; empty if they can.
    """

    days: int = 0
    outside: tuple[str, ...] = ()
    error: str = ""


def ask_certificate(
    settings: Settings, authority: bytes | None, own_names: Sequence[str], now: int
) -> CertificateFacts | None:
    """Read the files, or ask the authority as it is in the database; ``now``: UTC ms.

    None where there is no TLS, or no authority yet.
    """
    tls = settings.tls
    if not tls.enabled:
        return None
    if tls.cert is not None and tls.key is not None:
        try:
            return CertificateFacts((read_files(tls.cert, tls.key).expires_at - now) // DAY_MS)
        except (OSError, ValueError) as error:
            return CertificateFacts(error=str(error))
    if authority is None:
        return None
    kept = Authority(authority)
    # Global IPv6 addresses are nothing that people type.
    asked = [*tls.names, *(name for name in own_names if ":" not in name)]
    outside = tuple(name for name in asked if not kept.permits(name.lower().rstrip(".")))
    return CertificateFacts((kept.expires_at - now) // DAY_MS, outside)


def certificate_findings(settings: Settings, facts: CertificateFacts | None) -> Iterator[Finding]:
    """Whether people can come securely, and will be able to."""
    tls = settings.tls
    if not tls.enabled:
        yield Finding("no_tls", Severity.NOTE)
    if facts is None:
        return
    if facts.error:
        values: dict[str, str | int] = {"error": facts.error}
        yield Finding("certificate_files", Severity.PROBLEM, values, "certificate_files")
    elif tls.cert is not None and facts.days < FILE_DAYS:
        values = {"file": str(tls.cert), "days": facts.days}
        severity = Severity.PROBLEM if facts.days < 0 else Severity.ADVICE
        yield Finding("certificate_ends", severity, values, "certificate_ends")
    elif tls.cert is None and facts.days < AUTHORITY_DAYS:
        renew = ("run.py trust renew",)
        values = {"days": facts.days}
        severity = Severity.PROBLEM if facts.days < 0 else Severity.ADVICE
        yield Finding("authority_ends", severity, values, "trust_renew", renew)
    if facts.outside:
        names = ",".join(facts.outside)
        values = {"names": ", ".join(facts.outside)}
        commands = (f"run.py trust renew --tls-names {names}",)
        yield Finding("names_outside", Severity.ADVICE, values, "trust_renew", commands)
