"""The load of people, with few: everyone is answered, nothing is lost, all figures are there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_people_who_live_together_and_write_too_much_lose_nothing_and_all_figures_are_kept(
    tmp_path: Path,
) -> None:
    results = tmp_path / "load.json"
    words = "--people 60 --seconds 5 --late-ms inf --grow-mib inf --results"
    program = [sys.executable, "-m", "bench.load", *words.split(), results]
    ran = subprocess.run(program, capture_output=True, text=True, timeout=150, check=False)
    assert ran.returncode == 0, ran.stderr
    kept = json.loads(results.read_text())
    assert kept["failures"] == []
    found = kept["people"]
    assert (found["people"], found["missing"], found["refused"]) == (60, 0, {})
    assert {"came", "left", "messages", "pages read", "typed", "marks"} <= found["done"].keys()
    for name in ("let in, ms", "answered, ms", "delivered, ms"):
        assert 0 < found[name]["p50"] <= found[name]["p99"] <= found[name]["worst"]
    assert len(found["memory, MiB"]) == len(found["memory, MiB a minute"]) == 2
    assert {"MariaDB", "node 1", "node 2", "load generator"} <= found["processor, cores"].keys()
    much = kept["overload"]
    assert kept["capacity"]["messages a second"] > 0
    assert much["sent a second"] >= much["stored a second"] > 0 == much["missing"]
    for name in ("administrator's page, ms", "administrator's socket, ms", "answered, ms"):
        assert 0 < much[name]["p50"] <= much[name]["worst"]
    assert much["as before after, s"] > 0
    assert all(name in ran.stdout for name in ("delivered, ms", "MiB a minute", "cores"))
