"""My second factor: turn it on with an authenticator app, look, turn it off."""

from __future__ import annotations

from handlers.operation import ApiHandler, operation
from handlers.qr import qr_picture
from im.protocol import access_bodies as bodies
from im.services.identity import Identity


class FactorHandler(ApiHandler):
    """``/api/me/factor``"""

    @operation("Whether I have a second factor", answer=bodies.FactorAnswer)
    async def get(self, who: Identity) -> bodies.FactorAnswer:
        """An authenticator app whose code is asked for at each log-in."""
        factor = self.messenger.people.second_factor
        return bodies.FactorAnswer(
            enabled=await factor.enabled(who.user),
            required=factor.admins_need_it and who.role == "admin",
        )

    @operation("A secret for my authenticator app", answer=bodies.Enrolment)
    async def post(self, who: Identity) -> bodies.Enrolment:
        """Nothing is stored yet: show it to the app, then confirm with a code."""
        made = await self.messenger.people.second_factor.begin(who)
        return bodies.Enrolment(secret=made.secret, uri=made.uri, qr=qr_picture(made.uri))

    @operation("Turn my second factor on", body=bodies.FactorOn, answer=bodies.RecoveryCodes)
    async def put(self, who: Identity, body: bodies.FactorOn) -> bodies.RecoveryCodes:
        """With my password and a code of the app. The recovery codes are told only now."""
        codes = await self.messenger.people.second_factor.confirm(
            who, body.password, body.secret, body.code
        )
        await self.note("factor.on", who, f"u:{who.user}")
        return bodies.RecoveryCodes(codes=codes)


class FactorOffHandler(ApiHandler):
    """``/api/me/factor/off``"""

    @operation("Turn my second factor off", body=bodies.FactorOff)
    async def post(self, who: Identity, body: bodies.FactorOff) -> None:
        """With my password and a code, or a recovery code."""
        await self.messenger.people.second_factor.disable(who, body.password, body.code)
        await self.note("factor.off", who, f"u:{who.user}")
