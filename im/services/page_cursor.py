"""Where the next page of a list begins, as clients hand it back: opaque to them, no secret."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from im.errors import Invalid

P = TypeVar("P")


class PageCursor(Generic[P]):
    """Cursors of one kind of list.

    Args:
        shape: the type of a place's plain values, a tuple of them.
        place: makes a place of these values.
    """

    def __init__(self, shape: object, place: Callable[..., P]) -> None:
        self._decoder: msgspec.json.Decoder[tuple[object, ...]] = msgspec.json.Decoder(shape)
        self._place = place

    def encode(self, *values: object) -> str:
        """The cursor of a place."""
        return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode()

    def decode(self, cursor: str | None) -> P | None:
        """The place of a cursor; None without one, for the first page. Raises ``Invalid``."""
        if cursor is None:
            return None
        try:
            return self._place(*self._decoder.decode(base64.urlsafe_b64decode(cursor)))
        except (ValueError, binascii.Error, msgspec.DecodeError):
            raise Invalid("not a cursor", field="cursor", values={"field": "cursor"}) from None
