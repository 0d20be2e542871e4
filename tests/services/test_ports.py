"""Ports for tests."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests.services.ports import FIRST_PORT, LAST_PORT, PortReservations

ROOT = Path(__file__).resolve().parents[2]


def test_two_processes_never_get_the_same_port(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.services.ports import PortReservations\n"
        "p = PortReservations(Path(sys.argv[1])); print([p.reserve() for _ in range(300)])\n"
        "sys.stdout.flush(); sys.stdin.read()"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    lines = [child.stdout.readline() for child in children if child.stdout]
    for child in children:
        child.communicate()
    given = [int(port) for line in lines for port in line.strip("[]\n").split(",")]
    assert len(given) == 900
    assert len(set(given)) == 900


def test_a_port_in_use_is_not_given(tmp_path: Path) -> None:
    reservations = PortReservations(tmp_path)
    first = reservations.reserve(span=2)
    reservations.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", first))
        assert not reservations._take(first)
        assert reservations._take(first + 1)
    reservations.close()


def test_a_span_is_consecutive_and_a_released_port_is_free_again(tmp_path: Path) -> None:
    reservations, others = PortReservations(tmp_path), PortReservations(tmp_path)
    first = reservations.reserve(span=65)
    assert FIRST_PORT <= first <= LAST_PORT - 64
    assert not any(others._take(port) for port in range(first, first + 65))
    reservations.release(first + 3)
    assert others._take(first + 3)
    reservations.close()
    others.close()
