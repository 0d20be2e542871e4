"""A page's socket, some of whose requests are refused, or kept waiting, in the node's place."""

from __future__ import annotations

import json

from playwright.sync_api import Page, WebSocketRoute


class SocketAnswers:
    """All sockets that a page opens from now on go through here, to the node and back."""

    def __init__(self, page: Page) -> None:
        self._codes: dict[str, str | None] = {}
        page.route_web_socket("**/ws*", self._open)

    def refuse(self, op: str, code: str = "internal", message: str = "") -> None:
        """Answer requests of this kind with an error."""
        self._codes[op] = json.dumps({"op": "error", "code": code, "message": message or code})

    def hold(self, op: str) -> None:
        """Give requests of this kind no answer."""
        self._codes[op] = None

    def clear(self) -> None:
        """Let the node answer everything again."""
        self._codes.clear()

    def _open(self, socket: WebSocketRoute) -> None:
        node = socket.connect_to_server()

        def from_page(message: str | bytes) -> None:
            frame = json.loads(message)
            if frame["op"] not in self._codes:
                node.send(message)
                return
            answer = self._codes[frame["op"]]
            if answer is not None:
                socket.send(json.dumps({**json.loads(answer), "id": frame.get("id")}))

        socket.on_message(from_page)
