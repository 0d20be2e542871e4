"""What every frame must pass, whatever is spoken on its connection."""

from __future__ import annotations

from time import monotonic

from im.errors import Malformed
from im.services.limits import TokenBucket, too_soon


def admit_frame(data: str | bytes, bucket: TokenBucket) -> str:
    """The text of a frame that may be handled now; its size the socket has checked.

    Raises ``Malformed`` for binary data, or ``RateLimited``.
    """
    if isinstance(data, bytes):
        raise Malformed("text frames only")
    wait = bucket.take(monotonic())
    if wait:
        raise too_soon(wait)
    return data
