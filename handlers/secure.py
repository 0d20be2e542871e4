"""``/secure``: a device that came without TLS chooses once whether to go on so."""

from __future__ import annotations

from handlers.pages import PageHandler
from handlers.plain import CHOICE_COOKIE, CHOICE_DAYS, WITHOUT
from im.errors import Malformed


class SecurePage(PageHandler):
    """The offer, for whom there is a choice; others go on."""

    needs_tls = False

    def get(self) -> None:
        """The offer."""
        if self.plain_rule == "allow":
            self.redirect(self.next_page)
            return
        secure = self.secure_address(self.next_page)
        if secure is None:
            raise Malformed("host")
        self.render("secure.html", secure=secure, may_stay=self.plain_rule != "refuse")

    def post(self) -> None:
        """Go on without TLS, from now on."""
        if self.plain_rule != "refuse":
            self.set_cookie(
                CHOICE_COOKIE, WITHOUT, expires_days=CHOICE_DAYS, httponly=True, samesite="Lax"
            )
        self.redirect(self.next_page, status=303)
