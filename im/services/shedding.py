"""Refusing what would only make everyone later, where more comes than a node can work on.

Who waits for the event loop is not seen by the loop: frames wait in the kernel, and each of them
has come just now when it is read. So a node counts as behind while there were for some time, each
time it looked, more connections with something to read than it could get to (a standing queue, as
in RFC 8289), or a frame had to wait for so long after it was read. Then messages are refused until
that is over; a refusal costs a tenth of a message. Marks and what one asks for are still answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from im.durations import later_ms
from im.errors import Unavailable
from im.services.identity import Identity


class Shedding:
    """Says which messages are not taken in.

    Args:
        standing: seconds for which there were always more than could be got to.
        most: seconds that this may last, and that a frame may wait.

    Attributes:
        refused: how many messages were not taken in.
    """

    def __init__(self, standing: Callable[[], float], most: float) -> None:
        self._standing = standing
        self._most = most
        self.refused = 0

    def is_behind(self, came: float | None = None) -> bool:
        """Whether the node is; ``came``: when the frame was read (the loop's time), None: now."""
        if self._standing() > self._most:
            return True
        return came is not None and asyncio.get_running_loop().time() - came > self._most

    def check(self, who: Identity, came: float | None) -> None:
        """Raises ``Unavailable`` while the node is behind, but for administrators."""
        if self.is_behind(came) and not who.is_admin:
            self.refused += 1
            raise Unavailable("the node is behind", retry_after=later_ms())
