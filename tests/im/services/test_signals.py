"""Every signal arrives as it was sent."""

from __future__ import annotations

import typing

import pytest

from im.services.signals import TOPICS, Signal, pack, unpack

SAMPLES: dict[object, object] = {
    **{int: 7, str: "会话", bytes: b"\x00\xff", bool: True},
    **{list[int]: [1, 2], list[str]: ["p:1:2"], dict[int, int]: {1: 2}},
}


def sample(kind: type[Signal]) -> Signal:
    """A signal with a value in every field."""
    hints = typing.get_type_hints(kind)
    return kind(*(SAMPLES[hint] for hint in hints.values()))


@pytest.mark.parametrize("kind", list(TOPICS), ids=lambda kind: kind.__name__)
def test_what_is_packed_is_unpacked_the_same(kind: type[Signal]) -> None:
    signal = sample(kind)
    assert unpack(kind, pack(signal)) == signal


def test_every_signal_has_a_topic_of_its_own() -> None:
    assert set(TOPICS) == set(Signal.__subclasses__())
    assert len(set(TOPICS.values())) == len(TOPICS)
