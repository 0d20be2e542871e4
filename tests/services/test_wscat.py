"""The tests' wscat."""

from __future__ import annotations

import subprocess
from pathlib import Path


def test_wscat_runs(wscat: Path) -> None:
    done = subprocess.run([wscat, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == wscat.parents[2].name.removeprefix("wscat-")
