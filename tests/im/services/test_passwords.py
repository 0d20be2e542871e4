"""What a stored password costs whoever would guess it."""

from __future__ import annotations

import asyncio

from im.services.passwords import Passwords


def test_a_password_is_hashed_as_owasp_recommends_and_each_time_otherwise() -> None:
    async def run() -> None:
        passwords = Passwords()
        try:
            one, other = [await passwords.hash("correct horse") for _ in range(2)]
            assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
            assert one != other
            assert await passwords.verify(one, "correct horse")
            assert not await passwords.verify(one, "correct hors")
            assert not await passwords.verify(None, "correct horse")
            assert not passwords.outdated(one)
            assert passwords.outdated(one.replace("t=2", "t=1"))
        finally:
            passwords.close()

    asyncio.run(run())
