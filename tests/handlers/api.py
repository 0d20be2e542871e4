"""Calls to a node, as programs and browsers make them, for tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

PASSWORD = "correct horse"
ON_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "mariadb"], indirect=True)
"""Each test on both databases."""
WAIT = 30.0
"""Seconds that a test waits for a frame."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a node answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def error(self) -> str | None:
        """The name of the refusal; None for what is none, a file for example."""
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        return self.json.get("error") if is_json else None

    @property
    def data(self) -> Any:
        """``data`` of an answer that went well."""
        assert self.status == 200, f"{self.status}: {self.text}"
        assert self.json["code"] == 0, self.text
        return self.json["data"]

    def refused(self, status: int, error: str, field: str | None = None) -> dict[str, Any]:
        """The body of a refusal, after a look whether it is the one expected."""
        assert (self.status, self.json.get("error")) == (status, error), self.text
        assert self.json["code"] == -1
        assert self.json["message"] and "{" not in self.json["message"], self.text
        if field is not None:
            assert self.json["field"] == field, self.text
        body: dict[str, Any] = self.json
        return body


@dataclass(slots=True)
class Person:
    """Someone with an account and a session."""

    id: int
    name: str
    token: str
    api: Api = field(repr=False)

    async def get(self, path: str, **query: Any) -> Reply:
        """GET with this person's token."""
        return await self.api.call("GET", path, query=query, token=self.token)

    async def post(self, path: str, body: Any = None, method: str = "POST") -> Reply:
        """POST (or another method) JSON with this person's token."""
        return await self.api.call(method, path, body, token=self.token)

    async def upload(self, data: bytes, type: str = "", **query: Any) -> Reply:
        """Upload a file with this person's token."""
        headers = {"Content-Type": type or "application/octet-stream"}
        return await self.api.call(
            "POST", "/api/media", data, query=query, token=self.token, headers=headers
        )

    async def fetch(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """Fetch a file with this person's token; ``If_Range`` is ``If-Range``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.api.call(method, path, token=self.token, headers=named)

    async def form(self, path: str, **fields: Any) -> Reply:
        """POST a form with this person's token in a field."""
        return await self.api.form(path, {**fields, "token": self.token})

    async def send(self, to: str, text: str, **more: Any) -> dict[str, Any]:
        """Send a message over HTTP; where it was stored."""
        reply = await self.post("/api/messages", {"to": to, "text": text, **more})
        data: dict[str, Any] = reply.data
        return data


class Api:
    """Calls one node."""

    def __init__(self, client: AsyncHTTPClient, url: str) -> None:
        self._client = client
        self.url = url

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A call with JSON; ``bytes`` are sent as they are."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        response: HTTPResponse = await self._client.fetch(
            HTTPRequest(
                url,
                method=method,
                body=body if body is not None or method in ("GET", "HEAD") else b"",
                headers=sent,
                allow_nonstandard_methods=True,
                follow_redirects=False,
                request_timeout=30,
            ),
            raise_error=False,
        )
        return Reply(response.code, response.headers, response.body or b"")

    async def form(
        self, path: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """POST a form."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self.call("POST", path, urlencode(fields).encode(), headers=sent)

    async def register(self, name: str, password: str = PASSWORD) -> Person:
        """Make an account and log in."""
        body = {"name": name, "password": password, "repassword": password}
        data = (await self.call("POST", "/api/register", body)).data
        return Person(data["user"]["id"], data["user"]["name"], data["token"], self)

    async def people(self, *names: str) -> list[Person]:
        """Several accounts; the first is the administrator when nobody was there before."""
        return [await self.register(name) for name in names]

    async def log_in(self, name: str, password: str = PASSWORD) -> Person:
        """A further session of an account."""
        data = (await self.call("POST", "/api/login", {"name": name, "password": password})).data
        return Person(data["user"]["id"], data["user"]["name"], data["token"], self)

    @asynccontextmanager
    async def socket(
        self, person: Person | None = None, path: str = "/ws", **headers: str
    ) -> AsyncIterator[Socket]:
        """A socket, with the person's token in the header; closed at the end."""
        if person is not None:
            headers["Authorization"] = f"Bearer {person.token}"
        url = self.url.replace("http", "ws", 1) + path
        connection = await websocket_connect(HTTPRequest(url, headers=headers))
        try:
            yield Socket(connection)
        finally:
            connection.close()


class Socket:
    """One end of a socket; frames that nobody asked for yet are kept."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.kept: list[Any] = []
        self._number = 0

    async def send(self, frame: Any) -> None:
        """Send a frame: JSON, or text or bytes as they are."""
        if isinstance(frame, bytes):
            await self.connection.write_message(frame, binary=True)
        else:
            text = frame if isinstance(frame, str) else json.dumps(frame)
            await self.connection.write_message(text)

    async def read(self) -> Any:
        """The next frame as JSON, or text that is none; None when the socket is closed."""
        async with asyncio.timeout(WAIT):
            message = await self.connection.read_message()
        if message is None:
            return None
        try:
            return json.loads(message)
        except ValueError:
            return message

    async def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send a native frame and return its answer; what comes before it is kept."""
        self._number += 1
        await self.send({"op": op, "id": self._number, **fields})
        return await self.next(lambda frame: frame.get("id") == self._number)

    async def next(self, wanted: Any) -> dict[str, Any]:
        """The first frame, kept or new, that is wanted; the others before it are kept."""
        for place, frame in enumerate(self.kept):
            if wanted(frame):
                return dict(self.kept.pop(place))
        while True:
            frame = await self.read()
            assert frame is not None, f"closed: {self.connection.close_code}"
            if wanted(frame):
                return dict(frame)
            self.kept.append(frame)

    async def next_op(self, op: str) -> dict[str, Any]:
        """The next native frame of this kind."""
        return await self.next(lambda frame: frame.get("op") == op)

    async def closed(self) -> int | None:
        """Read until the socket is closed; the close code."""
        while (frame := await self.read()) is not None:
            self.kept.append(frame)
        return self.connection.close_code


async def eventually(condition: Callable[[], Awaitable[bool]], what: str = "it") -> None:
    """Return once the condition is true. Raises ``TimeoutError`` after some seconds."""
    end = asyncio.get_running_loop().time() + WAIT
    while not await condition():
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError(f"{what} did not come true")
        await asyncio.sleep(0.02)


def cookies(reply: Reply) -> dict[str, str]:
    """The cookies that an answer sets."""
    found: dict[str, str] = {}
    for line in reply.headers.get_list("Set-Cookie"):  # type: ignore[attr-defined]
        for name, morsel in SimpleCookie(line).items():
            found[name] = morsel.value
    return found


def cookie_header(jar: Mapping[str, str]) -> dict[str, str]:
    """The header that sends cookies back."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
