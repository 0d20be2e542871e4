"""Read receipts are mutual: who doesn't tell isn't told."""

from __future__ import annotations

from collections.abc import Collection


def shown(reader: int, member: int | None, without: Collection[int]) -> bool:
    """Whether one person may see how far another has read.

    ``without`` are those who want no receipts. Everyone sees their own.
    """
    return reader == member or (reader not in without and member not in without)
