"""An event loop that is kept is told of, while it lasts, and with what keeps it."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from im.wire.lag import BLOCKED_SECONDS, TURN_SECONDS, Lag


def keep_everyone_waiting(caplog: pytest.LogCaptureFixture) -> None:
    """Until the log has a word of it."""
    end = time.monotonic() + 20
    while not caplog.records and time.monotonic() < end:
        time.sleep(0.01)


def test_a_blocked_loop_is_logged_while_it_lasts_with_what_blocks_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> Lag:
        lag = Lag(asyncio.get_running_loop())
        lag.start()
        keep_everyone_waiting(caplog)
        await asyncio.sleep(2 * TURN_SECONDS)
        lag.close()
        return lag

    caplog.set_level(logging.WARNING, "im.loop")
    lag = asyncio.run(run())
    assert "is blocked" in caplog.messages[0]
    assert "keep_everyone_waiting" in caplog.messages[0]
    assert lag.blocked >= 1
    assert lag.blocked_seconds >= BLOCKED_SECONDS
