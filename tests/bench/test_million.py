"""The measurement of a million, with few: it is complete, stops cleanly, says what is missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from bench.million_machine import Machine, Plan, plan, shortages
from tests.services.folder import OWNER_VARIABLE
from tests.services.node import RUN
from tests.services.process import wait_until

MARK = "MILLION_TEST"
"""What every process of a run has in its environment."""
LARGE = Machine(
    descriptors=20_000,
    files=3_000_000,
    watches=5_000_000,
    ports=28_000,
    memory_kib=64 * 2**20,
    receive_bytes=4 * 2**20,
    tracked=None,
)


def begin(tmp_path: Path, *words: str, mark: str = "") -> subprocess.Popen[str]:
    """The program with its files under a folder; what it finds goes to ``found`` there."""
    with (tmp_path / "found").open("w") as found:
        return subprocess.Popen(
            [sys.executable, "-m", "bench.million", "--results", tmp_path / "results.json", *words],
            env={**os.environ, MARK: mark, "TMPDIR": str(tmp_path)},
            stdout=found,
            stderr=subprocess.PIPE,
            text=True,
            cwd=RUN.parent,
        )


def environments(mark: str) -> list[dict[str, str]]:
    """Those of all processes of a run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            lines = path.read_text(errors="replace").split("\0")
        except OSError:
            continue
        if f"{MARK}={mark}" in lines:
            found.append(dict(line.partition("=")[::2] for line in lines))
    return found


def test_everyone_comes_answers_hears_and_comes_back(tmp_path: Path) -> None:
    people = ("--connections", "300", "--nodes", "3")
    beat = ("--ping-seconds", "1", "--dead-seconds", "6")
    talk = ("--pairs", "30", "--rate", "100", "--seconds", "2")
    program = begin(tmp_path, *people, *beat, *talk)
    _, said = program.communicate(timeout=240)
    assert program.returncode == 0, said
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["failures"] == []
    assert found["log in"]["people"] == 300
    assert (found["heartbeat"]["answered"], found["heartbeat"]["lost"]) == (300, 0)
    messages = found["private messages"]
    assert (messages["sent"], messages["missing"]) == (201, 0)
    assert (found["first words"]["sent"], found["first words"]["missing"]) == (30, 0)
    assert found["broadcast"]["delivered"] == 300
    anew = found["a node anew"]
    assert (anew["people"], anew["written to meanwhile"], anew["missing"]) == (100, 100, 0)


def test_nothing_is_left_when_it_is_stopped_in_the_middle(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    program = begin(tmp_path, "--connections", "40", "--nodes", "2", mark=mark)
    assert program.stderr is not None
    said = [next(line for line in program.stderr if line.startswith("heartbeat"))]
    # Two nodes, their people, the database, and the program itself.
    running = environments(mark)
    assert len(running) >= 6
    program.send_signal(signal.SIGINT)
    said += program.stderr.readlines()
    assert program.wait(60) == 130, said
    wait_until(lambda: not environments(mark), what="the end of all processes")
    folders = {one[OWNER_VARIABLE] for one in running if OWNER_VARIABLE in one}
    assert len(folders) == 3
    assert [folder for folder in folders if Path(folder).exists()] == []
    assert list(tmp_path.glob("im-million-*")) == []
    assert "| log in: people | 40 |" in (tmp_path / "found").read_text()


def test_a_machine_that_cannot_is_told_what_it_lacks(tmp_path: Path) -> None:
    program = begin(tmp_path, "--connections", "100000000")
    _, said = program.communicate(timeout=60)
    assert program.returncode == 2
    assert "missing: " in said and "GiB of memory" in said and "sysctl -w fs.file-max=" in said
    assert not (tmp_path / "results.json").exists()


def test_a_million_is_on_55_nodes_where_a_process_has_20_000_descriptors() -> None:
    wanted = plan(1_000_000, LARGE)
    assert (wanted.nodes, wanted.people >= 1_000_000) == (55, True)
    assert list(shortages(wanted, LARGE)) == []


@pytest.mark.parametrize(
    ("nodes", "each", "lacks", "told", "fatal"),
    [
        (55, 18_182, {"files": 100_000}, "fs.file-max=$(( $(sysctl -n fs.file-max) +", True),
        (55, 18_182, {"watches": 100_000}, "sysctl -w fs.epoll.max_user_watches=", True),
        (55, 18_182, {"tracked": 262_144}, "sysctl -w net.netfilter.nf_conntrack_max=", True),
        (2, 18_000, {"ports": 10_000}, "sysctl -w net.ipv4.ip_local_port_range=", True),
        (2, 18_000, {"descriptors": 1_024}, "ulimit -n 19800", True),
        (80, 100, {}, "there can be 64", True),
        (55, 18_182, {"memory_kib": 2**20}, "fewer --connections", True),
        (2, 100, {"receive_bytes": 212_992}, "sysctl -w net.core.rmem_max=4194304", False),
        (2, 100, {"programs": ("mariadbd",)}, "mariadbd is not installed", True),
    ],
)
def test_what_is_missing_is_told_with_what_gives_it(
    nodes: int, each: int, lacks: dict[str, int], told: str, fatal: bool
) -> None:
    values = {name: getattr(LARGE, name) for name in Machine.__slots__}
    (shortage,) = shortages(Plan(nodes, each), Machine(**{**values, **lacks}))
    assert told in str(shortage)
    assert shortage.fatal == fatal
