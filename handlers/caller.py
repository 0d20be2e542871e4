"""Who asks, from where, and in which language: for all requests, a socket's handshake among them.

A proxy's words count only when the proxy is trusted.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from handlers.plain import Rule, address_of, is_loopback, plain_rule
from im.addresses import reachable_addresses
from im.app import Messenger
from im.errors import SecureOnly, Unauthorized
from im.i18n import Language, choose
from im.services.identity import Identity

SESSION_COOKIE = "im_session"
LANGUAGE_COOKIE = "im_lang"
GUARDED_COOKIES = frozenset({SESSION_COOKIE, "_xsrf"})
"""Over TLS these are ``Secure`` and have this prefix: set by this very host, and over TLS."""
GUARD = "__Host-"


class Caller:
    """What is known of who sent a request."""

    request: HTTPServerRequest
    messenger: Messenger
    _identity: Identity | None = None
    _identified = False

    def get_cookie(self, name: str, default: str | None = None) -> str | None:
        """A cookie; over TLS a guarded one only if it was set over TLS."""
        guarded = name in GUARDED_COOKIES and self.is_secure
        morsel = self.request.cookies.get(GUARD + name if guarded else name)
        return default if morsel is None else morsel.value

    def bearer_token(self) -> str | None:
        """The token of an ``Authorization: Bearer`` header (RFC 6750, section 2.1)."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def session_token(self) -> str | None:
        """The token that says who asks: the header's, else the cookie's."""
        return self.bearer_token() or self.get_cookie(SESSION_COOKIE)

    async def identify(self) -> Identity | None:
        """Who asks; None without a valid session. Raises ``Unavailable``."""
        if not self._identified:
            token = self.session_token()
            if token is not None:
                try:
                    self._identity = await self.messenger.sessions.resolve(token)
                except Unauthorized:
                    self._identity = None
            self._identified = True
        return self._identity

    async def require(self) -> Identity:
        """Who asks. Raises ``Unauthorized`` or ``Unavailable``."""
        identity = await self.identify()
        if identity is None:
            raise Unauthorized("no valid session")
        return identity

    # From where

    @property
    def device(self) -> str:
        """What the client says it is."""
        return self.request.headers.get("User-Agent", "")

    def check_trusted_origin(self, origin: str) -> bool:
        """Other origins whose pages may talk to this node, from the settings."""
        return origin in self.messenger.settings.http.origins

    @property
    def from_elsewhere(self) -> bool:
        """Whether a page of another host that is not trusted sent this.

        As Tornado's cross-origin protection judges: by ``Sec-Fetch-Site``, which pages cannot
        forge, else by ``Origin`` against ``Host``. Who sends neither is no browser. A page that
        came without TLS is not this host's over TLS: anybody on its way may have changed it.
        """
        headers = self.request.headers
        site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
        if site in ("same-origin", "none") or (site is None and origin is None):
            return False
        if site is None and self._is_own(origin or ""):
            return False
        return not origin or not self.check_trusted_origin(origin)

    def _is_own(self, origin: str) -> bool:
        scheme, host = _scheme_and_host(origin)
        same = host == self.request.headers.get("Host", "").lower()
        return same and not (self.is_secure and scheme == "http")

    @property
    def client_address(self) -> str:
        """The client's IP address; a proxy's word for it only when the proxy is trusted."""
        remote = self.request.remote_ip or ""
        trusted = self.messenger.settings.http.trusted_proxies
        if not trusted or not within(remote, trusted):
            return remote
        for address in reversed(self.request.headers.get("X-Forwarded-For", "").split(",")):
            candidate = address.strip()
            if candidate and not within(candidate, trusted):
                return candidate if _is_address(candidate) else remote
        return remote

    @property
    def is_secure(self) -> bool:
        """Whether the client's connection is encrypted, as far as a trusted proxy says."""
        if self.request.protocol == "https":
            return True
        trusted = self.messenger.settings.http.trusted_proxies
        return (
            bool(trusted)
            and within(self.request.remote_ip or "", trusted)
            and self.request.headers.get("X-Forwarded-Proto") == "https"
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port as the client knows this node."""
        return f"{'https' if self.is_secure else 'http'}://{self.request.host}"

    def address_for_others(self, path: str, *, secure: bool | None = None) -> str | None:
        """Where other devices find a local path: as this one does, if they can; None if nowhere.

        ``secure``: by which scheme; else by that of the request.
        """
        host, listening = self.request.host, self.messenger.listening
        name = self.request.host_name
        if name == "localhost" or is_loopback(name.strip("[]")):
            found = next(iter(reachable_addresses(listening.address)), None)
            if found is None:
                return None
            host = f"[{found}]:{listening.port}" if ":" in found else f"{found}:{listening.port}"
        secure = self.is_secure if secure is None else secure
        return address_of("https" if secure else "http", host, listening.port, path)

    def address_to_share(self, path: str) -> str:
        """``address_for_others``, or this device's own where no other can come."""
        return self.address_for_others(path) or self.origin + path

    # Over TLS or not

    @property
    def plain_rule(self) -> Rule:
        """What holds for this connection, by the setting ``tls.plain``."""
        if self.messenger.certificates.context() is None:
            return "allow"
        setting = self.messenger.settings.tls.plain
        return plain_rule(setting, secure=self.is_secure, address=self.client_address)

    def refuse_plain(self) -> None:
        """Refuse where connections without TLS are refused. Raises ``SecureOnly``."""
        # Where nobody is refused, it need not be known from where this comes.
        if self.messenger.settings.tls.plain == "refuse" and self.plain_rule == "refuse":
            raise SecureOnly(values={"address": self.secure_address("/") or "https://"})

    def secure_address(self, path: str) -> str | None:
        """This host's secure address of a local path; None if the request's host is none."""
        return address_of("https", self.request.host, self.messenger.listening.port, path)

    def transport_headers(self) -> dict[str, str]:
        """What answers say of TLS: nothing, or for how long nothing else shall be used."""
        days = self.messenger.settings.tls.hsts_days
        if not days or not self.is_secure:
            return {}
        return {"Strict-Transport-Security": f"max-age={days * 86400}"}

    # In which language

    @property
    def language(self) -> Language:
        """The language to speak: the cookie's, the account's, or the browser's."""
        account = self._identity.language if self._identity is not None else None
        return choose(
            self.get_cookie(LANGUAGE_COOKIE),
            account,
            accept=self.request.headers.get("Accept-Language", ""),
        )


def _scheme_and_host(origin: str) -> tuple[str, str]:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc.lower()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def within(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address is one of these, or in one of these networks."""
    try:
        found = ipaddress.ip_address(address)
        return any(found in ipaddress.ip_network(network, strict=False) for network in networks)
    except ValueError:
        return False
