"""``/trust``: how a phone or a computer learns to trust the cluster's certificates."""

from __future__ import annotations

from typing import Any

from handlers.open_here import svg_code
from handlers.pages import PageHandler
from im.errors import NotFound
from im.services.authority import Authority

SYSTEMS = {"ios": 3, "android": 3, "windows": 4, "mac": 3, "linux": 4, "firefox": 3}
"""Systems that are explained, and in how many steps."""
_COMMAND = (
    "certutil -d sql:$(ls -dr ~/.pki/nssdb ~/.local/share/pki/nssdb 2>/dev/null | head -n 1)"
    ' -A -t C,, -n "{name}" -i {file}'
)
"""What Linux is told in a terminal: the folder is another one in newer Chromiums."""
_MARKS = {
    "ios": ("iphone", "ipad"),
    "android": ("android", "harmony"),
    "windows": ("windows",),
    "mac": ("mac os",),
    "linux": ("linux", "x11", "cros"),
}


class TrustHandler(PageHandler):
    """What can be had without TLS, as one needs it to have TLS."""

    needs_tls = False

    @property
    def authority(self) -> Authority:
        """The cluster's. Raises ``NotFound`` where certificates are not its."""
        authority = self.messenger.certificates.authority
        if authority is None:
            raise NotFound("authority")
        return authority

    @property
    def open_address(self) -> str | None:
        """Where other devices find this page: without TLS, as they trust nothing yet.

        None where none can come.
        """
        return self.address_for_others("/trust", secure=False)


class TrustPage(TrustHandler):
    """``/trust``"""

    def get(self) -> None:
        """What it is, the certificate, and the steps, those for this device first."""
        if self.messenger.certificates.context() is None:
            raise NotFound("no TLS")
        systems = dict(SYSTEMS)
        agent = self.request.headers.get("User-Agent", "").lower()
        here = next((s for s, marks in _MARKS.items() if any(m in agent for m in marks)), None)
        if "firefox" in agent and here in ("windows", "mac", "linux"):
            here = "firefox"
        if here is not None:
            systems = {here: SYSTEMS[here]} | systems
        authority: dict[str, Any] = dict.fromkeys(("name", "fingerprint", "file", "command"))
        if self.messenger.certificates.authority is not None:
            name, file = self.authority.name, file_name(self.authority)
            authority = {
                "name": name,
                "fingerprint": self.authority.fingerprint.split(":"),
                "file": file,
                "command": _COMMAND.format(name=name, file=file),
            }
        self.render(
            "trust.html",
            here=here,
            systems=systems,
            inside="micromessenger" in agent,
            open_address=self.open_address,
            secure=self.secure_address(self.next_page),
            is_secure=self.is_secure,
            **authority,
        )


class CertificateFile(TrustHandler):
    """``/trust.crt``"""

    def get(self) -> None:
        """The certificate to trust, PEM, under the type by which phones know it."""
        self.set_header("Content-Type", "application/x-x509-ca-cert")
        self.set_header(
            "Content-Disposition", f'attachment; filename="{file_name(self.authority)}"'
        )
        self.finish(self.authority.anchor)


class TrustCode(TrustHandler):
    """``/trust.svg``"""

    def get(self) -> None:
        """The page's address as a QR code, for the phone beside this screen."""
        address = self.open_address
        if address is None:
            raise NotFound("no address for other devices")
        self.set_header("Content-Type", "image/svg+xml; charset=utf-8")
        self.finish(svg_code(address))


def file_name(authority: Authority) -> str:
    """What the certificate is called when it is saved."""
    return f"{authority.name.lower().replace(' ', '-')}.crt"
