"""Bodies and answers about tokens, second factors and the ways into groups. Times are UTC ms."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from im.protocol.bodies import Password, Text
from im.protocol.client import Key
from im.protocol.scopes import SCOPES, Scope
from im.protocol.server import User

MAX_KEY = 64
"""Characters of a key (``client.Key``)."""


class NewWebhook(Struct, kw_only=True):
    """A webhook's name: that of its bot."""

    name: Text


class WebhookAnswer(Struct, kw_only=True):
    """A webhook without its secret; ``seen_at``: its last use, to the minute."""

    id: int
    name: str
    bot: int
    created_by: int
    created_at: int
    seen_at: int | None = None


class MadeWebhook(WebhookAnswer, kw_only=True):
    """A new webhook. Its address is told only here."""

    url: str


class WebhooksAnswer(Struct, kw_only=True):
    """A group's webhooks, the newest first."""

    webhooks: list[WebhookAnswer]


class HookMessage(Struct, kw_only=True):
    """What a program says."""

    text: str
    key: Key | None = None


class NewToken(Struct, kw_only=True):
    """A token for a program: what it may do, and for how many days (no end when absent).

    Password, and code for who has a second factor: unless one has just logged in.
    """

    name: Text
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=len(SCOPES))]
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    password: Password = ""
    code: Text = ""


class TokenAnswer(Struct, kw_only=True):
    """A token without its secret; ``seen_at`` is its last use, to the hour."""

    id: int
    name: str
    scopes: list[Scope]
    created_at: int
    seen_at: int | None = None
    expires_at: int | None = None


class MadeToken(TokenAnswer, kw_only=True):
    """A new token. The secret is told only here."""

    token: str


class TokensAnswer(Struct, kw_only=True):
    """Tokens, the newest first."""

    tokens: list[TokenAnswer]


class FactorAnswer(Struct, kw_only=True):
    """Whether one has a second factor, and must have it to administer."""

    enabled: bool
    required: bool


class Enrolment(Struct, kw_only=True):
    """A secret in base32, the address that apps know, and that as a QR code (``data:``)."""

    secret: str
    uri: str
    qr: str


class FactorOn(Struct, kw_only=True):
    """The password, the secret that the app has, and a code of it."""

    password: Password
    secret: Text
    code: Text


class FactorOff(Struct, kw_only=True):
    """The password and a code."""

    password: Password
    code: Text


class RecoveryCodes(Struct, kw_only=True):
    """Codes for when the app is lost, each good once; told only here."""

    codes: list[str]


class DeviceLinkBody(Struct, kw_only=True):
    """The password, and a code for who has a second factor."""

    password: Password
    code: Text = ""


class MadeDeviceLink(Struct, kw_only=True):
    """A link that logs a further device in. Code, address and QR code are told only here."""

    code: str
    url: str
    qr: str
    expires_at: int


class DeviceLinkAnswer(Struct, kw_only=True):
    """Until when this session's link is good, and the session that it has opened.

    Nothing without one.
    """

    expires_at: int | None = None
    opened: int | None = None


class LinkBody(Struct, kw_only=True):
    """For how many days a group's link is good."""

    days: Annotated[int, Meta(ge=1, le=365)] = 7


class MadeLink(Struct, kw_only=True):
    """A group's new link. Code, address and QR code are told only here."""

    code: str
    url: str
    qr: str
    expires_at: int


class LinkAnswer(Struct, kw_only=True):
    """Until when the group's link is good; nothing without one."""

    expires_at: int | None = None


class JoinRequestAnswer(Struct, kw_only=True):
    """Someone who asks to be let in."""

    user: User
    created_at: int


class AskedGroup(Struct, kw_only=True):
    """A group that I asked to be let into: ``waiting`` or ``refused``, since when (UTC ms)."""

    group: int
    name: str
    state: str
    since: int


class AskedGroups(Struct, kw_only=True):
    """Where I wait to be let in, and where I was refused in the last week, the newest first."""

    requests: list[AskedGroup]


class JoinRequests(Struct, kw_only=True):
    """Who asks to be let in, the first first."""

    requests: list[JoinRequestAnswer]
