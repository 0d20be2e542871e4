"""A clock that is put forward and back under processes that run (libfaketime)."""

from __future__ import annotations

from pathlib import Path

import pytest

SLEEP = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
"""Python's own names the moment of its end, which libfaketime 0.9.10 takes for a wrong one when it
has passed meanwhile: EINVAL."""
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class WrongClock:
    """The clock of some Python processes, which ``set`` puts so many seconds off this machine's.

    Skips where there is no libfaketime.

    Attributes:
        environment: what the processes must have.
    """

    def __init__(self, folder: Path) -> None:
        if not LIBRARIES:
            pytest.skip("libfaketime is not installed")
        self._file = folder / "clock"
        self.set(0)
        program = folder / "site"
        program.mkdir()
        (program / "sitecustomize.py").write_text(SLEEP, "utf-8")
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            # As when a clock is set: the one that only counts goes on.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(program),
        }

    def set(self, seconds: float) -> None:
        """Put it so many seconds forward, or back if less than 0; seen within a second."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+.0f}\n", "ascii")
        new.replace(self._file)
