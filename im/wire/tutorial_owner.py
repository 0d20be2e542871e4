"""The owner of a connection that speaks the tutorial's dialect."""

from __future__ import annotations

from im.wire.connection import Work
from im.wire.tutorial import TutorialGateway
from im.wire.tutorial_client import TutorialClient


class TutorialOwner:
    """Joins a connection to the dialect's gateway (``wire.connection.Owner``)."""

    def __init__(self, gateway: TutorialGateway, client: TutorialClient) -> None:
        self._gateway = gateway
        self._client = client

    def received(self, message: str | bytes) -> Work:
        """A frame has come."""
        return self._gateway.receive(self._client, message)

    def pong(self, data: bytes) -> None:
        """What was sent before the ping has arrived."""
        self._gateway.pong(self._client, data)

    def goodbye(self, retry_after: int) -> bytes:
        """The line that says that the node is going down."""
        return self._gateway.farewell(self._client.identity, retry_after)

    def gone(self) -> None:
        """The connection is gone."""
        self._gateway.closed(self._client)
