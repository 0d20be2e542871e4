"""Refusing what would only make everyone later, where more comes than a node can work on.

Who waits for the event loop is not seen by the loop: frames wait in the kernel, and each of them
has come just now when it is read. So a node counts as behind while there were for some time, each
time it looked, more connections with something to read than it could get to (a standing queue, as
in RFC 8289). Then messages are refused until that is over; a refusal costs a fraction of a message.
Marks and what one asks for are still answered.
"""

from __future__ import annotations

from collections.abc import Callable

from im.durations import later_ms
from im.errors import Unavailable
from im.services.identity import Identity


class Shedding:
    """Says which messages are not taken in.

    Args:
        standing: seconds for which there were always more than could be got to.
        most: seconds that this may last.

    Attributes:
        refused: how many messages were not taken in.
    """

    def __init__(self, standing: Callable[[], float], most: float) -> None:
        self._standing = standing
        self._most = most
        self.refused = 0

    @property
    def is_behind(self) -> bool:
        """Whether the node is."""
        return self._standing() > self._most

    def check(self, who: Identity) -> None:
        """Raises ``Unavailable`` while the node is behind, but for administrators."""
        if self.is_behind and not who.is_admin:
            self.refused += 1
            raise Unavailable("the node is behind", retry_after=later_ms())
