"""What all handlers share: who asks, in which language, errors as people and programs need them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from tornado.web import HTTPError, RequestHandler

from handlers.caller import GUARD, GUARDED_COOKIES, LANGUAGE_COOKIE, SESSION_COOKIE, Caller
from im.app import Messenger
from im.errors import (
    Forbidden,
    ImError,
    Internal,
    Malformed,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthorized,
)
from im.protocol.encoding import encode
from im.protocol.refusal import error_answer
from im.services.identity import Identity

THEME_COOKIE = "im_theme"
COOKIE_DAYS = 180
READING = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""
MAX_BODY = 512 * 1024
"""Bytes of a JSON or form body: the longest text by default, with every byte escaped, fits in.

Uploads have a limit of their own."""

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
TRUSTED_TYPES = "; require-trusted-types-for 'script'"
"""Text never becomes markup by a string (W3C Trusted Types); for all pages of our own."""

SECRET_PATHS = ("hook", "join")
"""First words of paths whose second one is a secret."""

NOTHING_LOADS = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what is no page."""

DEFAULT_HEADERS = {
    "Content-Security-Policy": NOTHING_LOADS,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers that every answer has; what is personal is never kept by caches."""

PAGE_HEADERS = {
    **DEFAULT_HEADERS,
    "Content-Security-Policy": CONTENT_SECURITY_POLICY + TRUSTED_TYPES,
    "Permissions-Policy": "microphone=(self), camera=(self), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Headers of a page; what isn't one loads nothing and needs no more."""

S = TypeVar("S")

log = logging.getLogger("im.http")


def refusal_headers(error: ImError) -> dict[str, str]:
    """What a refusal says in headers: when to come back, and how to show who one is."""
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(-(-error.retry_after // 1000))
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="im"'
    return headers


class PlainHandler(RequestHandler):
    """Any handler: its answers have the headers that all have."""

    headers: Mapping[str, str] = DEFAULT_HEADERS
    """What each of its answers has, refusals too."""

    def set_default_headers(self) -> None:
        """See ``headers``."""
        for name, value in self.headers.items():
            self.set_header(name, value)
        self.clear_header("Server")


class BaseHandler(Caller, PlainHandler):  # type: ignore[misc]  # get_cookie asks less
    """A handler with the node's services, an identity and a language."""

    def initialize(self, messenger: Messenger) -> None:
        """Given by the routes."""
        self.messenger = messenger
        for name, value in self.transport_headers().items():
            self.set_header(name, value)

    async def head(self, *path: str, **named: str) -> None:
        """As ``get``; Tornado leaves the body out."""
        answer: Any = self.get(*path, **named)
        if answer is not None:
            await answer

    def check_xsrf_cookie(self) -> None:
        """Programs that show their token themselves can't be made to act by another site's page.

        Whoever is known by a cookie must also show the token that only our own pages can read.
        """
        if self.bearer_token() is None and self.get_cookie(SESSION_COOKIE) is not None:
            super().check_xsrf_cookie()

    # Over TLS or not

    def set_cookie(self, name: str, value: str | bytes, *args: Any, **options: Any) -> None:
        """Set a cookie; over TLS a guarded one so that only this host can, over TLS."""
        if name in GUARDED_COOKIES and self.is_secure:
            name, options["secure"] = GUARD + name, True
        super().set_cookie(name, value, *args, **options)

    def keep_preferences(self, language: str | None, theme: str | None) -> None:
        """Let this browser remember what was chosen."""
        for name, value in ((LANGUAGE_COOKIE, language), (THEME_COOKIE, theme)):
            if value:
                self.set_cookie(name, value, expires_days=COOKIE_DAYS, samesite="Lax")

    # Sessions

    async def begin_session(self, user: int, kind: str) -> str:
        """Open a session for who has shown who they are, and keep it in a cookie; its token."""
        token = await self.messenger.sessions.open(user, kind, self.device, self.client_address)
        await self.keep_session(token)
        return token

    async def keep_session(self, token: str) -> None:
        """Keep a new session in a cookie; the one that was there before ends."""
        before = self.get_cookie(SESSION_COOKIE)
        self.set_cookie(
            SESSION_COOKIE,
            token,
            expires_days=COOKIE_DAYS,
            httponly=True,
            samesite="Lax",
        )
        if before is not None:
            await self._end_quietly(before)

    async def end_session(self, who: Identity) -> None:
        """Log out here: over TLS also where one had logged in without."""
        plain = self.cookies.get(SESSION_COOKIE) if self.is_secure else None
        if plain is not None:
            await self._end_quietly(plain.value)
        await self.messenger.sessions.revoke(who.user, who.session)
        self.end_cookie()

    async def note(self, action: str, who: Identity | int, target: str = "", **detail: Any) -> None:
        """Note in the audit log what was just done; ``detail`` has no secrets."""
        actor = who if isinstance(who, int) else who.user
        await self.messenger.people.audit.note(action, actor, target, self.client_address, **detail)

    def end_cookie(self) -> None:
        """Let the browser forget the session, and one that it had here without TLS."""
        self.clear_cookie(SESSION_COOKIE, httponly=True, samesite="Lax")
        if self.is_secure and SESSION_COOKIE in self.cookies:
            super().set_cookie(SESSION_COOKIE, "", expires_days=-1, httponly=True, samesite="Lax")

    async def _end_quietly(self, token: str) -> None:
        try:
            identity = await self.messenger.sessions.resolve(token)
            await self.messenger.sessions.revoke(identity.user, identity.session)
        except (Unauthorized, NotFound):
            pass

    # Errors

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Refusals are no faults of ours and are not logged as such."""
        if isinstance(value, ImError) and not isinstance(value, Internal):
            return
        if isinstance(value, HTTPError):
            path = shown_path(self.request.path)
            log.info("%d %s: %s", value.status_code, path, value.log_message or "")
            return
        path = shown_path(self.request.path)
        log.error("%s %s failed", self.request.method, path, exc_info=(typ, value, tb))

    def refusal(self, status: int, exception: BaseException | None) -> ImError:
        """The error to show for what went wrong."""
        if isinstance(exception, ImError):
            return exception
        return _by_status(status, self.request.method or "")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """An error as JSON, with a truthful status."""
        exception = kwargs.get("exc_info", (None, None, None))[1]
        error = self.refusal(status_code, exception)
        if isinstance(exception, ImError):
            self.set_status(error.status)
        for name, value in refusal_headers(error).items():
            self.set_header(name, value)
        if error.status == 405:
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        self.finish_error(error)

    def allowed_methods(self) -> list[str]:
        """What the route is for (RFC 9110, section 10.2.1)."""
        nothing = RequestHandler._unimplemented_method
        found = [
            method
            for method in self.SUPPORTED_METHODS
            if getattr(type(self), method.lower()) is not nothing
        ]
        if "GET" not in found:
            found.remove("HEAD")
        return sorted(found)

    def finish_error(self, error: ImError) -> None:
        """Write the error as this kind of handler shows it."""
        self.write_json(error_answer(self.messenger.catalogue, self.language, error))

    def write_json(self, value: Any) -> None:
        """Finish with JSON."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(encode(value))

    # Input

    def body(self, kind: type[S]) -> S:
        """The body as a type, from JSON or from a form. Raises ``Malformed`` or ``TooLarge``."""
        if len(self.request.body) > MAX_BODY:
            raise TooLarge("body", values={"limit": f"{MAX_BODY // 1024} KiB"})
        content_type = self.request.headers.get("Content-Type", "").partition(";")[0].strip()
        if content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            return self._convert(self._form(), kind)
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=kind)
        except msgspec.ValidationError as error:
            raise _malformed(error) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise Malformed(str(error)) from None

    def query(self, kind: type[S]) -> S:
        """The query string as a type. Raises ``Malformed``."""
        return self._convert(
            {name: self.get_query_argument(name) for name in self.request.query_arguments}, kind
        )

    def _form(self) -> dict[str, str]:
        return {name: self.get_body_argument(name) for name in self.request.body_arguments}

    def _convert(self, values: dict[str, str], kind: type[S]) -> S:
        try:
            return msgspec.convert(values, kind, strict=False)
        except msgspec.ValidationError as error:
            raise _malformed(error) from None


def shown_path(path: str) -> str:
    """A path as logs may have it: without the secret that some addresses end with."""
    head, slash, rest = path[1:].partition("/")
    return f"/{head}/…" if slash and rest and head in SECRET_PATHS else path


def _malformed(error: msgspec.ValidationError) -> Malformed:
    _, found, path = str(error).rpartition("`$.")
    field = path.rstrip("`").split("[")[0].split(".")[0] if found else None
    return Malformed(str(error), field=field or None)


def _by_status(status: int, method: str) -> ImError:
    """The error for a status that Tornado chose."""
    if status == MethodNotAllowed.status:
        return MethodNotAllowed(method)
    for kind in (Unauthorized, Forbidden, NotFound, TooLarge):
        if kind.status == status:
            return kind("", values={"limit": "…"})
    return Malformed(str(status)) if 400 <= status < 500 else Internal()
