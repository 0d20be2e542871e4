"""An operation of the HTTP API: what it takes, what it gives and who may, said once.

The same words run the request and write its place in the OpenAPI document, so that the document
cannot be wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from time import monotonic
from typing import Any, Literal, TypeVar

from handlers.base import READING, BaseHandler
from im.errors import NotFound
from im.protocol.bodies import Answer, Nothing
from im.protocol.names import MAX_ID
from im.protocol.scopes import Scope
from im.services.identity import Identity

H = TypeVar("H", bound="ApiHandler")
Access = Literal["anyone", "user", "admin"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method of a route does.

    Attributes:
        summary: one line for the document.
        access: who may call it.
        scope: what a program's token needs for it; None: people only (or anyone, without a token).
        query, body, answer: types; None for none. ``bytes`` is a body that the handler takes as it
            comes, or an answer that it sends itself.
        field: the one with the file, when such a body is a form (``multipart/form-data``).
        types: media types of an answer of ``bytes``.
        parts: such an answer may be a part, or nothing when the client has it already.
    """

    summary: str
    access: Access
    scope: Scope | None
    query: type | None
    body: type | None
    answer: type
    field: str | None = None
    types: tuple[str, ...] = ("*/*",)
    parts: bool = False


def operation(
    summary: str,
    *,
    access: Access = "user",
    scope: Scope | None = None,
    query: type | None = None,
    body: type | None = None,
    answer: type = Nothing,
    field: str | None = None,
    types: tuple[str, ...] = ("*/*",),
    parts: bool = False,
    text_path: bool = False,
) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Coroutine[Any, Any, None]]]:
    """Make a handler's method an operation.

    The method gets ``who`` (unless anyone may), then ``query`` and ``body`` where there are any,
    then the path's numbers (with ``text_path`` its texts); what it returns becomes the answer's
    ``data``.
    """
    described = Operation(summary, access, scope, query, body, answer, field, types, parts)

    def decorate(
        method: Callable[..., Awaitable[Any]],
    ) -> Callable[..., Coroutine[Any, Any, None]]:
        @wraps(method)
        async def run(self: ApiHandler, *path: str) -> None:
            given: list[Any] = []
            if access != "anyone":
                given.append(await self.allowed(access, scope))
            if query is not None:
                given.append(self.query(query))
            if body is not None and body is not bytes:
                given.append(self.body(body))
            given.extend(path if text_path else (_number(part) for part in path))
            data = await method(self, *given)
            if answer is not bytes:
                self.answer(data if data is not None else Nothing())

        run.operation = described  # type: ignore[attr-defined]
        return run

    return decorate


def operations(handler: type) -> dict[str, Operation]:
    """The operations of a handler's class by HTTP method."""
    found = {}
    for method in ("get", "post", "put", "patch", "delete"):
        described = getattr(getattr(handler, method, None), "operation", None)
        if described is not None:
            found[method] = described
    return found


class ApiHandler(BaseHandler):
    """A handler whose methods are operations."""

    async def allowed(self, access: Access, scope: Scope | None) -> Identity:
        """Who asks; what changes something counts against their pace.

        Raises ``Unauthorized``, ``Forbidden``, ``RateLimited`` or ``Unavailable``.
        """
        who = await self.require()
        if self.request.method not in READING:
            self.messenger.calls.admit(who.user, monotonic())
        who.check_scope(scope)
        if access == "admin":
            who.check_admin()
        return who

    async def prepare(self) -> None:
        """Know the language of the one who asks before anything can go wrong.

        Raises ``SecureOnly`` or ``Unavailable``.
        """
        self.refuse_plain()
        if self.session_token() is not None:
            await self.identify()

    def answer(self, data: Any) -> None:
        """Finish with the envelope around ``data``."""
        self.write_json(Answer(data=data))


def _number(part: str) -> int:
    number = int(part)
    if number > MAX_ID:
        raise NotFound(part)
    return number
