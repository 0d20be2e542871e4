"""How long an entry that came early waits for those before it until the log is read.

At rest the bus brings an entry within a few ms, so one that has not come soon is lost. Where much
goes on it is only late, and to read what is on its way makes all still later. So a wait that has
proved too short is doubled; when nothing was late for a while, it is halved.
"""

from __future__ import annotations

LEAST_SECONDS = 0.05
MOST_SECONDS = 1.0


class Patience:
    """The present wait, and what is known of those that ran out."""

    def __init__(self) -> None:
        self.seconds = LEAST_SECONDS
        """How long to wait from now on."""
        self._ran_out: dict[str, tuple[int, float]] = {}
        self._late = False

    def ran_out(self, conversation: str, missing: int) -> None:
        """The log is read because this number did not come within the wait."""
        self._ran_out[conversation] = (missing, self.seconds)

    def came(self, conversation: str, number: int) -> None:
        """This number came by itself after all, as far as it was missing."""
        missing, waited = self._ran_out.get(conversation, (0, 0.0))
        if number == missing:
            del self._ran_out[conversation]
            self._late = True
            # Once for all that waited equally long.
            self.seconds = max(self.seconds, min(2 * waited, MOST_SECONDS))

    def relax(self) -> None:
        """A while has passed."""
        if not self._late:
            self.seconds = max(self.seconds / 2, LEAST_SECONDS)
        self._ran_out.clear()
        self._late = False
