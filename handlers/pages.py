"""Pages for people: log in, register, be a guest, chat. The forms work without a script."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from handlers.account import me
from handlers.assets import Assets
from handlers.base import PAGE_HEADERS, READING, THEME_COOKIE, BaseHandler
from handlers.caller import SESSION_COOKIE
from handlers.plain import (
    CHOICE_COOKIE,
    CHOICE_DAYS,
    SECURE,
    WITHOUT,
    is_local_path,
)
from handlers.sentences import sentence_file
from im.errors import Forbidden, ImError, Malformed, NotFound, SecureOnly
from im.i18n import HTML_LANGUAGES, LANGUAGES, PAGE_PARTS
from im.protocol import bodies
from im.protocol.encoding import encode
from im.services.profile_rules import THEMES
from im.store.users import UserRow


class PageHandler(BaseHandler):
    """A handler that renders templates."""

    headers = PAGE_HEADERS
    needs_tls = True
    """Whether ``tls.plain`` holds for it; not for pages without which nobody could have TLS."""

    async def prepare(self) -> None:
        """Lead to TLS who is to have it, and know who asks before anything is rendered.

        Pages are for people, not programs. Raises ``SecureOnly`` or ``Unavailable``.
        """
        if self.needs_tls and self._lead_to_tls():
            return
        who = await self.identify()
        if who is not None and who.scopes is not None:
            self._identity = None

    def _lead_to_tls(self) -> bool:
        """Send the browser to where the page can be had, if not here."""
        chosen = self.get_cookie(CHOICE_COOKIE)
        if self.request.method not in READING:
            self.refuse_plain()
            return False
        if self.is_secure:
            if chosen != SECURE and self.messenger.certificates.context() is not None:
                self.set_cookie(
                    CHOICE_COOKIE, SECURE, expires_days=CHOICE_DAYS, httponly=True, samesite="Lax"
                )
            return False
        rule = self.plain_rule
        here = self.request.uri or "/"
        if rule == "allow" or (rule == "ask" and chosen == WITHOUT):
            return False
        # A device that may not trust the cluster's certificate yet is told how first.
        may_warn = rule == "ask" or self.messenger.certificates.authority is not None
        if may_warn and chosen != SECURE:
            self.redirect("/secure?" + urlencode({"next": here}))
            return True
        secure = self.secure_address(here) if is_local_path(here) else None
        if secure is None:
            raise SecureOnly(values={"address": "https://"})
        self.redirect(secure)
        return True

    def check_xsrf_cookie(self) -> None:
        """All forms carry the token."""
        super(BaseHandler, self).check_xsrf_cookie()

    @property
    def theme(self) -> str:
        """``system``, ``light`` or ``dark``."""
        theme = self.get_cookie(THEME_COOKIE, "system")
        return theme if theme in THEMES else "system"

    def get_template_namespace(self) -> dict[str, Any]:
        """What every template may use."""
        namespace = super().get_template_namespace()
        catalogue, language = self.messenger.catalogue, self.language
        namespace.update(
            t=lambda key, **values: catalogue.translate(language, key, **values),
            lang=language,
            html_lang=HTML_LANGUAGES[language],
            theme=self.theme,
            asset=self.application.settings["assets"].url,
            user=None,
            departed=None,
            error=None,
            field=None,
            values={},
            next=self.next_page,
            path=self.request.path,
            urlencode=urlencode,
        )
        return namespace

    @property
    def next_page(self) -> str:
        """Where to go after logging in: a page of ours, whatever was asked."""
        wanted = self.get_argument("next", "/toChat")
        return wanted if is_local_path(wanted) else "/toChat"

    @property
    def phone_address(self) -> str | None:
        """Where a phone begins; None if no other device can come.

        Without TLS where a person is asked there: a phone that does not trust this server yet is
        shown how, where the secure address would only warn of the certificate.
        """
        asks = self._vouches and self.messenger.settings.tls.plain != "allow"
        return self.address_for_others("/", secure=False if asks else None)

    @property
    def _vouches(self) -> bool:
        """Whether new devices trust the secure address only after they learnt to.

        A proxy that ends TLS has a certificate of its own.
        """
        settings = self.messenger.settings
        return (
            self.messenger.certificates.authority is not None and not settings.http.trusted_proxies
        )

    def finish_error(self, error: ImError) -> None:
        """An error as a page."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.render(
            "error.html",
            status=self.get_status(),
            error=self.messenger.catalogue.explain(self.language, error),
            code=error.code,
        )


class NotFoundHandler(PageHandler):
    """Everything that has no route."""

    needs_tls = False

    async def prepare(self) -> None:
        """There is nothing here."""
        await super().prepare()
        raise NotFound(values={"reason": "address"})

    def check_xsrf_cookie(self) -> None:
        """Nothing can be done here."""

    def finish_error(self, error: ImError) -> None:
        """As a page for people, as JSON for programs."""
        if self.request.path.startswith(("/api/", "/hook/")):
            BaseHandler.finish_error(self, error)
        else:
            super().finish_error(error)


class FormHandler(PageHandler):
    """A form that logs someone in."""

    template = "login.html"
    secrets = ("_xsrf", "password", "repassword", "new_password", "code")
    """Fields that are never given back to the form."""

    _departed: int | None = None

    async def prepare(self) -> None:
        """Know also who may register, and whether this browser's account was deleted."""
        await super().prepare()
        self._policy = await self.messenger.people.registration.current()
        token = self.get_cookie(SESSION_COOKIE)
        if token is not None and self._identity is None:
            self._departed = await self.messenger.sessions.departed(token)

    async def get(self) -> None:
        """The form; who is logged in already goes on to the chat."""
        if self._identity is not None and self._identity.kind != "guest":
            self.redirect(self.next_page)
            return
        invitation = self.get_query_argument("invitation", "")
        self.show(None, {"invitation": invitation} if invitation else {})

    async def post(self) -> None:
        """Log in and go on, or show the form again with what was wrong."""
        values = {
            name: self.get_body_argument(name, "")
            for name in self.request.body_arguments
            if name not in self.secrets
        }
        try:
            row = await self.accept()
        except ImError as error:
            self.set_status(error.status)
            self.show(error, values)
            return
        await self.begin_session(row.id, row.kind)
        self.redirect(self.next_page, status=303)

    async def accept(self) -> UserRow:
        """Who the form lets in."""
        body = self.body(bodies.Login)
        return await self.messenger.people.log_in.authenticate(
            body.name,
            body.password,
            self.client_address,
            code=body.code,
            new_password=body.new_password,
        )

    def show(self, error: ImError | None, values: dict[str, str]) -> None:
        """Render the form."""
        self.xsrf_token  # noqa: B018 - reading it sets the cookie
        self.render(
            self.template,
            departed=self._departed,
            error=self.messenger.catalogue.explain(self.language, error) if error else None,
            field=error.field if error else None,
            values=values,
            registration=self._policy.policy,
            guests=self._policy.guests,
            asks_code=self._asks("code", error),
            asks_new_password=self._asks("new_password", error),
        )

    def _asks(self, name: str, error: ImError | None) -> bool:
        """Whether the form has a field that only some people need: once it was asked for."""
        return (error is not None and error.field == name) or name in self.request.body_arguments


class LoginPage(FormHandler):
    """``/``, ``/index`` and, for the form, ``/login``."""


class RegisterPage(FormHandler):
    """``/toRegister`` and, for the form, ``/register``."""

    template = "register.html"

    @property
    def password_min(self) -> int:
        """How many characters a password has at least."""
        return self.messenger.settings.registration.password_min

    async def accept(self) -> UserRow:
        """Make the account."""
        row = await self._make()
        await self.note("user.registered", row.id, f"u:{row.id}", role=row.role)
        return row

    async def _make(self) -> UserRow:
        body = self.body(bodies.Register)
        if self._identity is not None and self._identity.kind == "guest":
            return await self.messenger.accounts.upgrade(
                self._identity,
                body.name,
                body.password,
                body.repassword,
                body.phone,
                body.email,
                body.invitation,
            )
        return await self.messenger.accounts.register(
            body.name,
            body.password,
            body.repassword,
            phone=body.phone,
            email=body.email,
            language=self.language,
            address=self.client_address,
            invitation=body.invitation,
        )


class GuestPage(FormHandler):
    """``/guest``: the form is on the log-in page."""

    async def accept(self) -> UserRow:
        """Let a guest in."""
        body = self.body(bodies.Guest)
        return await self.messenger.accounts.guest(
            (body.name or "").strip() or None, self.language, self.client_address
        )


class LogoutPage(PageHandler):
    """``/logout``"""

    async def post(self) -> None:
        """End the session and show the log-in page."""
        if self._identity is not None:
            await self.end_session(self._identity)
        self.end_cookie()
        self.redirect("/", status=303)


class PreferencesPage(PageHandler):
    """``/preferences``: language and theme of this browser."""

    needs_tls = False

    async def post(self) -> None:
        """Kept in cookies, and in the account of who is logged in."""
        changes: dict[str, str] = {}
        language = self.get_body_argument("language", "")
        theme = self.get_body_argument("theme", "")
        if language in LANGUAGES:
            changes["language"] = language
        if theme in THEMES:
            changes["theme"] = theme
        if not changes:
            raise Malformed("language or theme")
        self.keep_preferences(changes.get("language"), changes.get("theme"))
        if self._identity is not None:
            await self.messenger.accounts.change_profile(self._identity, changes)
        self.redirect(self.next_page if self.get_argument("next", "") else "/", status=303)


class ChatPage(PageHandler):
    """``/toChat``"""

    async def get(self) -> None:
        """The chat, with what its script needs to begin; who is unknown logs in first."""
        who = self._identity
        if who is None:
            self.redirect("/?next=/toChat")
            return
        try:
            row = await self.messenger.accounts.get(who.user)
        except Forbidden:
            self.redirect("/?next=/toChat")
            return
        self.xsrf_token  # noqa: B018 - reading it sets the cookie
        boot = {
            "user": me(row),
            "node": self.messenger.node,
            "version": self.messenger.version,
            "lang": self.language,
            "theme": self.theme,
            "ws": "/ws",
            "limits": self.messenger.client_limits(),
            "sentences": self._sentences(administrator=row.role == "admin"),
            "trust": self._trust_page,
            "can_broadcast": self.messenger.rights.may_broadcast(who),
        }
        self.render("chat.html", user=row, boot=msgspec.json.decode(encode(boot)), json=script_json)

    def _sentences(self, *, administrator: bool) -> dict[str, Any]:
        """Where the page's sentences are: those of its first view, and the others."""
        assets: Assets = self.application.settings["assets"]
        first, later, admin = (
            assets.url(sentence_file(self.language, part)) for part in PAGE_PARTS
        )
        return {"first": first, "later": [later, admin] if administrator else [later]}

    @property
    def _trust_page(self) -> str | None:
        """Where it is said how to come by the secure address; None where nobody need be told."""
        if self.messenger.certificates.context() is None or (self.is_secure and not self._vouches):
            return None
        return "/trust"


def script_json(value: Any) -> bytes:
    """JSON that may stand inside a ``<script>``: nothing in it ends the element."""
    return (
        encode(value).replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    )
