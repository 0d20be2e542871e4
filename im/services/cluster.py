"""The bus as the services see it: typed signals out, typed signals in, and news of other nodes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from im.services.signals import TOPICS, Signal, pack, unpack
from relay.bus import MAX_PAYLOAD, Bus

S = TypeVar("S", bound=Signal)

log = logging.getLogger("im.cluster")

NodeCallback = Callable[[str], None]


class Cluster:
    """Publishes signals and hands received ones to those who asked for their kind.

    It is the bus's listener (``relay.bus.BusListener``). A callback that fails is logged and
    harms nobody else.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._receivers: dict[str, tuple[type[Signal], Callable[[str, Any], None]]] = {}
        self._up: list[NodeCallback] = []
        self._down: list[NodeCallback] = []
        self._gap: list[NodeCallback] = []

    def on(self, kind: type[S], callback: Callable[[str, S], None]) -> None:
        """Call ``callback(node, signal)`` for each signal of this kind; one callback a kind."""
        self._receivers[TOPICS[kind]] = (kind, callback)

    def on_up(self, callback: NodeCallback) -> None:
        """Call when a node has come up."""
        self._up.append(callback)

    def on_down(self, callback: NodeCallback) -> None:
        """Call when a node has gone."""
        self._down.append(callback)

    def on_gap(self, callback: NodeCallback) -> None:
        """Call when something of a node may be missing here."""
        self._gap.append(callback)

    def publish(self, signal: Signal, *, ordered: bool = False, ephemeral: bool = False) -> None:
        """Tell all other nodes; returns at once.

        What is too large for the bus is left to healing.
        """
        payload = pack(signal)
        if len(payload) > MAX_PAYLOAD:
            log.warning("signal of %d bytes is too large for the bus", len(payload))
            return
        self._bus.publish(TOPICS[type(signal)], payload, ordered=ordered, ephemeral=ephemeral)

    def members(self) -> list[str]:
        """Names of the other nodes that are up."""
        return self._bus.members()

    def deliver(self, node: str, topic: str, payload: bytes) -> None:
        """From the bus: a signal of another node."""
        receiver = self._receivers.get(topic)
        if receiver is None:
            return
        kind, callback = receiver
        try:
            signal = unpack(kind, payload)
        except msgspec.DecodeError:
            log.warning("node %s sent a signal on %r that this version cannot read", node, topic)
            return
        try:
            callback(node, signal)
        except Exception:
            log.exception("signal %r of node %s failed", topic, node)

    def up(self, node: str) -> None:
        """From the bus: a node has come up."""
        log.info("node %s is up", node)
        self._tell(self._up, node)

    def down(self, node: str) -> None:
        """From the bus: a node has gone."""
        log.warning("node %s is down", node)
        self._tell(self._down, node)

    def gap(self, node: str) -> None:
        """From the bus: something of a node may be missing here."""
        log.info("something of node %s may be missing; reading the log", node)
        self._tell(self._gap, node)

    def _tell(self, callbacks: list[NodeCallback], node: str) -> None:
        for callback in callbacks:
            try:
                callback(node)
            except Exception:
                log.exception("news of node %s failed", node)
