"""What every frame must pass, whatever is spoken on its connection."""

from __future__ import annotations

from time import monotonic

from im.errors import Malformed, RateLimited
from im.services.limits import TokenBucket


def admit_frame(data: str | bytes, bucket: TokenBucket) -> str:
    """The text of a frame that may be handled now; its size the socket has checked.

    Raises ``Malformed`` for binary data, or ``RateLimited``.
    """
    if isinstance(data, bytes):
        raise Malformed("text frames only")
    wait = bucket.take(monotonic())
    if wait:
        raise RateLimited(retry_after=int(wait * 1000) + 1, values={"seconds": int(wait) + 1})
    return data
