"""The measurement of growth, with few: every wanted step is there and kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_each_step_up_to_the_wanted_one_is_measured_and_kept(tmp_path: Path) -> None:
    results = tmp_path / "growth.json"
    results.write_text(json.dumps({"memory": {"rounds": 1, "of": {}}}))
    words = "--servers im --only fan --most 30 --seconds 1 --rounds 2 --results"
    program = [sys.executable, "-m", "bench.growth", *words.split(), results]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL, timeout=120)
    kept = json.loads(results.read_text())
    assert kept["memory"] == {"rounds": 1, "of": {}}
    assert kept["fan"]["rounds"] == 2
    [[ten, few], [thirty, more]] = kept["fan"]["of"]["im"]
    assert (ten, thirty) == (10, 30)
    assert few > 0 and more > 0
