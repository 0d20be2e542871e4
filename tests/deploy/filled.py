"""The files of ``deploy/`` as they are, but for the places that everybody fills in."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source import ROOT


def filled(name: str, places: Mapping[str, str]) -> str:
    """The text of a file of ``deploy/`` with other addresses, names and paths.

    A place that the file does not have fails the test.
    """
    text = (ROOT / "deploy" / name).read_text("utf-8")
    for place, value in places.items():
        assert place in text, f"deploy/{name} has no {place!r}"
        text = text.replace(place, value)
    return text
