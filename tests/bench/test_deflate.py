"""The measurement of compressed messages measures what would be sent."""

from __future__ import annotations

import json

import pytest

from bench.deflate import KINDS, PAGE, WINDOWS, cost, frames


def test_the_frames_are_those_of_the_protocol() -> None:
    message, page = (json.loads(frames(kind, 1)[0]) for kind in KINDS)
    assert message["op"] == "message" and message["text"]
    assert page["op"] == "ok" and len(page["entries"]) == PAGE


@pytest.mark.parametrize("window", WINDOWS)
def test_what_is_remembered_saves_bytes_of_short_messages(window: int) -> None:
    messages = frames("message", 200)
    remembered, anew = (cost(messages, window, takeover=takeover) for takeover in (True, False))
    assert remembered.packed < anew.packed < anew.plain == remembered.plain
