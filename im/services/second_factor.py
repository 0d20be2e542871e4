"""A second factor for log-ins: codes of an authenticator app (RFC 6238), and recovery codes.

A secret is stored once a code has proven that the app has it; until then only the client keeps it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from im.errors import (
    AlreadyExists,
    CodeNeeded,
    Forbidden,
    Invalid,
    NotFound,
    WrongPassword,
    invalid,
)
from im.services.identity import Identity
from im.services.own_password import OwnPassword
from im.store import conversations, nodes, second_factors, users
from im.store.cursor import Cursor
from im.store.database import Database

SECRET_BYTES = 20
"""The length of HMAC-SHA-1 (RFC 4226, section 4)."""
STEP_SECONDS = 30
DIGITS = 6
WINDOW = 2
"""Steps that a phone's clock may differ: a LAN may have no time server."""
SEARCHED = 240
"""Steps in which a code is looked for when it is only to be said that the clocks differ: 2 h."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 15
"""So random that one round of a hash is enough to store it (OWASP ASVS 5.0.0, 6.5.2)."""
ISSUER = "IM"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that is not stored yet, in base32, and the address that an app reads from a QR."""

    secret: str
    uri: str


class SecondFactor:
    """Enrols, checks and removes second factors.

    Attributes:
        admins_need_it: whether administrators without one may not administer.
    """

    def __init__(self, database: Database, own_password: OwnPassword, admins_need_it: bool) -> None:
        self.admins_need_it = admins_need_it
        self._database = database
        self._own_password = own_password

    async def enabled(self, user: int) -> bool:
        """Whether this person has a second factor."""
        return await self._database.read(second_factors.get, user) is not None

    async def begin(self, who: Identity) -> Enrolment:
        """A new secret to put into an app. Raises ``AlreadyExists`` or ``Forbidden``."""
        await self._check_may_enrol(who)
        key = secrets.token_bytes(SECRET_BYTES)
        return Enrolment(b32encode(key).decode(), _totp(key).get_provisioning_uri(who.name, ISSUER))

    async def confirm(self, who: Identity, password: str, secret: str, code: str) -> list[str]:
        """Store a secret whose code was shown; the recovery codes, told only now.

        Raises ``WrongPassword``, ``Invalid`` (the code, or the clocks differ), ``AlreadyExists``,
        ``Forbidden`` or ``RateLimited``.
        """
        await self._check_may_enrol(who)
        await self._own_password.check(who, password)
        key = _key(secret)
        now = await self._database.read(nodes.now_ms) // 1000
        step = _step_of(key, code, now, WINDOW)
        if step is None:
            far = _step_of(key, code, now, SEARCHED)
            if far is not None:
                seconds = far * STEP_SECONDS - now
                raise invalid("code", "clock", seconds=seconds)
            await self._own_password.wrong(who)
            raise invalid("code", "code")
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]

        def write(cursor: Cursor) -> None:
            users.lock(cursor, who.user)
            if second_factors.get(cursor, who.user) is not None:
                raise AlreadyExists("a second factor", values={"reason": "factor"})
            second_factors.put(cursor, who.user, secret, step, [_hashed(code) for code in codes])
            ask_anew(cursor)

        await self._database.write(write)
        return codes

    async def disable(self, who: Identity, password: str, code: str) -> None:
        """Take one's own away again. Raises ``NotFound``, or as ``prove``."""
        await self.prove(who, password, code)
        if not await self.enabled(who.user):
            raise NotFound("no second factor")
        await self._database.write(removed, who.user)

    async def prove(self, who: Identity, password: str, code: str) -> None:
        """Whether someone who is logged in could log in now: password, and a code if they need one.

        Raises ``WrongPassword``, ``CodeNeeded`` or ``RateLimited``.
        """
        async with self._own_password.checked(who, password):
            if not code and await self.enabled(who.user):
                raise CodeNeeded("a second factor", field="code")
            if not await self.use(who.user, code):
                await self._own_password.wrong(who)
                raise WrongPassword("not the code", field="code", values={"reason": "code"})

    async def use(self, user: int, code: str) -> bool:
        """Whether this is a code of the app, not used before, or a recovery code, now used up.

        True for someone without a second factor.
        """
        row, now = await self._database.read(
            lambda cursor: (second_factors.get(cursor, user), nodes.now_ms(cursor) // 1000)
        )
        if row is None:
            return True
        step = _step_of(_key(row.secret), code, now, WINDOW)
        if step is not None:
            return await self._database.write(second_factors.use_step, user, step)
        hashed = _hashed(code)
        if hashed not in row.recovery:
            return False
        return await self._database.write(second_factors.use_recovery, user, hashed)

    async def _check_may_enrol(self, who: Identity) -> None:
        if who.kind != "user":
            raise Forbidden("only with a password")
        if await self.enabled(who.user):
            raise AlreadyExists("a second factor", values={"reason": "factor"})


def removed(cursor: Cursor, user: int) -> None:
    """Take someone's second factor away, and the rights that need it."""
    second_factors.remove(cursor, user)
    ask_anew(cursor)


def ask_anew(cursor: Cursor) -> None:
    """Who may write to everyone is asked anew, also for what is on its way."""
    conversations.raise_epoch(cursor, conversations.broadcast(cursor).id)


def _totp(key: bytes) -> TOTP:
    return TOTP(key, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what apps know (RFC 6238)


def _key(secret: str) -> bytes:
    try:
        key = b32decode(secret)
    except NotBase32:
        key = b""
    if len(key) != SECRET_BYTES:
        raise Invalid("secret", field="secret", values={"field": "secret"})
    return key


def _step_of(key: bytes, code: str, now: int, window: int) -> int | None:
    """The time step, at most ``window`` from now, of which this is the code; the nearest."""
    given = "".join(code.split()).encode()
    totp, here = _totp(key), now // STEP_SECONDS
    for distance in sorted(range(-window, window + 1), key=abs):
        step = here + distance
        if step > 0 and hmac.compare_digest(totp.generate(step * STEP_SECONDS), given):
            return step
    return None


def _recovery_code() -> str:
    text = b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _hashed(code: str) -> str:
    """What is stored of a recovery code: it is random, so one round cannot be turned back."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
