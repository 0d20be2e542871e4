"""A backup has its name when it is whole, and nothing of anyone is overwritten."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from im.backup.layout import Refused
from im.backup.place import PARTIAL, named, tidy, written
from tests.services.process import wait_until

HOLD = """
import pathlib, sys
from im.backup.place import written
with written(pathlib.Path(sys.argv[1]), overwrite=False) as file:
    file.write(b"half")
    file.flush()
    print("begun", flush=True)
    sys.stdin.read()
"""


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.tar.gz"
    with pytest.raises(RuntimeError), written(file, overwrite=False) as target:
        target.write(b"half")
        assert not file.exists()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_it_and_it_is_replaced_only_when_told(tmp_path: Path) -> None:
    file = tmp_path / "a.tar.gz"
    with written(file, overwrite=False) as target:
        assert stat.S_IMODE((tmp_path / f"a.tar.gz{PARTIAL}").stat().st_mode) == 0o600
        target.write(b"one")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(Refused, match="overwrite"), written(file, overwrite=False):
        pytest.fail("it was begun")
    assert file.read_bytes() == b"one"
    with written(file, overwrite=True) as target:
        target.write(b"two")
        assert file.read_bytes() == b"one", "the old one is there until the new one is whole"
    assert file.read_bytes() == b"two"


def test_what_was_killed_is_swept_away_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    file = tmp_path / "im-20300101T000000Z.tar.gz"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None and other.stdout.readline() == b"begun\n"
    partial = file.with_name(file.name + PARTIAL)
    tidy(tmp_path, 1)
    with pytest.raises(Refused, match="being written"), written(file, overwrite=False):
        pytest.fail("it was begun")
    assert partial.exists()
    other.kill()
    other.wait()
    wait_until(lambda: (tidy(tmp_path, 1), not partial.exists())[1], what="the sweep")
    other.stdout.close()
    assert other.stdin is not None
    other.stdin.close()


def test_the_newest_stay_and_what_is_not_ours_too(tmp_path: Path) -> None:
    for day in range(1, 6):
        (tmp_path / f"im-2030010{day}T000000Z.tar.gz").write_bytes(b"")
    (tmp_path / "im-old.tar.gz").write_bytes(b"")
    (tmp_path / "notes.partial").write_bytes(b"")
    tidy(tmp_path, 2)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [
        "im-20300104T000000Z.tar.gz",
        "im-20300105T000000Z.tar.gz",
        "im-old.tar.gz",
        "notes.partial",
    ]


def test_in_a_folder_it_is_named_after_the_time(tmp_path: Path) -> None:
    now = time.strftime("im-%Y%m%d", time.gmtime(time.time() - 1))[:7]
    assert named(tmp_path).name.startswith(now) and named(tmp_path / "x") == tmp_path / "x"
