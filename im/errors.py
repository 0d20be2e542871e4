"""Every refusal that a person or program may meet, as one small hierarchy.

An error has a stable ``code`` for programs, an HTTP ``status``, and values that fill the sentence
which ``i18n`` has for its code in each language. Nothing here knows HTTP or sockets beyond the
number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class ImError(Exception):
    """A refusal with a reason. What was asked for did not happen.

    Attributes:
        code: stable name for programs, and the key of the sentence for people (``error.<code>``).
        status: HTTP status (RFC 9110) of an answer that carries it.
        field: the name of the input that is wrong, or None.
        retry_after: milliseconds after which to try again, or None.
        values: what fills the sentence's blanks.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(
        self,
        detail: str = "",
        *,
        field: str | None = None,
        retry_after: int | None = None,
        values: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__(detail or self.code)
        self.field = field
        self.retry_after = retry_after
        self.values: Mapping[str, str | int] = values or {}


class Internal(ImError):
    """A fault of ours; the log has the details, the answer has not."""


class Invalid(ImError):
    """An input breaks a rule. ``field`` names it, ``reason`` in ``values`` says which rule."""

    code = "invalid"
    status = 400


def invalid(field: str, reason: str, **values: int) -> Invalid:
    """The refusal of a field, with the rule that it breaks."""
    return Invalid(reason, field=field, values={"reason": reason, "field": field, **values})


class Malformed(ImError):
    """Not JSON, not UTF-8, or not of the shape that the schema asks for."""

    code = "malformed"
    status = 400


class UnknownOp(ImError):
    """A frame with an ``op`` that does not exist."""

    code = "unknown_op"
    status = 400


class TooLarge(ImError):
    """A text, body or frame is over its limit; it is refused whole, never cut."""

    code = "too_large"
    status = 413


class SecureOnly(ImError):
    """Without TLS this server answers only those on its own machine."""

    code = "secure_only"
    status = 403


class TypeRefused(ImError):
    """A file of a kind that is not taken here, or that is not what it says it is."""

    code = "type_refused"
    status = 415


class QuotaReached(ImError):
    """Someone's files take all the room that one person has (``limit`` in ``values``: MiB).

    413 and not 507, which proxies take for a fault of the server and try elsewhere.
    """

    code = "quota"
    status = 413


class Unauthorized(ImError):
    """No valid session or token, or a wrong name and password."""

    code = "unauthorized"
    status = 401


class WrongPassword(ImError):
    """Name and password do not match; the same whether the name exists or not."""

    code = "wrong_password"
    status = 401


class CodeNeeded(ImError):
    """Name and password match; the account asks for the code of its second factor too."""

    code = "code_needed"
    status = 401


class PasswordChangeNeeded(ImError):
    """Name and password match; the account asks for a new password before it lets anyone in."""

    code = "password_change_needed"
    status = 403


class Forbidden(ImError):
    """Known, but without the right to do this."""

    code = "forbidden"
    status = 403


class ApprovalNeeded(ImError):
    """The group lets people in by approval: those who lead it have been asked."""

    code = "approval_needed"
    status = 403


class Blocked(Forbidden):
    """The receiver has blocked the sender."""

    code = "blocked"


class NotContacts(Forbidden):
    """The setting ``chat.strangers`` asks for a contact (or a request) first."""

    code = "not_contacts"


class NotFound(ImError):
    """It does not exist, or is not for you to see; the two are not told apart."""

    code = "not_found"
    status = 404


class MethodNotAllowed(ImError):
    """The route exists, but not for this method."""

    code = "method_not_allowed"
    status = 405


class Taken(ImError):
    """A name, phone or e-mail that belongs to someone already; ``field`` says which."""

    code = "taken"
    status = 409


class AlreadyExists(ImError):
    """It is so already: a contact, a membership."""

    code = "already_exists"
    status = 409


class KeyConflict(ImError):
    """The key was used for another content."""

    code = "key_conflict"
    status = 409


class Recalled(ImError):
    """The message was taken back, so it cannot be edited, quoted or forwarded."""

    code = "recalled"
    status = 409


class Expired(ImError):
    """The message's content was removed after its time, so it cannot be edited or forwarded."""

    code = "expired"
    status = 409


class TooLate(ImError):
    """The time in which this was possible is over (``limit`` in ``values``: minutes)."""

    code = "too_late"
    status = 409


class RateLimited(ImError):
    """Too many; ``retry_after`` says when the next one is welcome."""

    code = "rate_limited"
    status = 429


class LimitReached(ImError):
    """A bound on how many of these there may be (``limit`` in ``values``)."""

    code = "limit_reached"
    status = 409


class Overloaded(ImError):
    """This node is full; another one, or this one later, is not. Nothing was done."""

    code = "overloaded"
    status = 503


class Unavailable(ImError):
    """The database did not answer: the outcome is unknown. Send again with the same key."""

    code = "unavailable"
    status = 503


def by_code() -> dict[str, type[ImError]]:
    """All errors by their code: for catalogues, schemas and the tests that hold them complete."""
    found: dict[str, type[ImError]] = {}
    waiting: list[type[ImError]] = [ImError]
    while waiting:
        error = waiting.pop()
        found.setdefault(error.code, error)
        waiting.extend(error.__subclasses__())
    return found
