"""Lengths of time in ms, the unit of all times that are stored or told."""

from __future__ import annotations

import random

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def later_ms() -> int:
    """After what time to try again where too much was asked for: one to three seconds.

    Drawn at random, so that not all who were refused come at the same moment.
    """
    return random.randint(1000, 3000)  # noqa: S311 - spread, no secret
