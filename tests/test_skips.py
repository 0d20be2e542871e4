"""The list of skips that a run may have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.skips import parse

ROOT = Path(__file__).resolve().parents[1]

CONFTEST = """
from pathlib import Path
from tests.skips import SkipList

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipList(Path(__file__).with_name("list.txt")))
"""

TESTS = """
import pytest

def test_skipped():
    pytest.skip("no camera")

@pytest.mark.xfail(reason="to be mended")
def test_expected_to_fail():
    assert False

def test_good():
    pass
"""


def run(folder: Path, allowed: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A run of pytest over one file with a list of skips."""
    (folder / "list.txt").write_text(allowed)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null"]
    return subprocess.run(
        [*command, f"--rootdir={folder}", *options, str(folder)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_an_unlisted_skip_fails_the_run_and_is_named(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    done = run(tmp_path, "test_some.py::test_skipped | another reason", *options)
    assert done.returncode == 1, done.stdout
    assert "test_some.py::test_skipped | no camera" in done.stdout
    assert "test_some.py::test_expected_to_fail | to be mended" in done.stdout


def test_listed_skips_pass(tmp_path: Path) -> None:
    done = run(tmp_path, "# why\n*::test_skipped | no camera\n*fail | to be mended\n")
    assert done.returncode == 0, done.stdout


def test_a_whole_file_that_is_skipped_must_be_listed_too(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("import pytest\npytest.importorskip('no_such_thing')")
    done = run(tmp_path, "*::test_skipped | no camera\n*fail | to be mended\n")
    assert done.returncode == 1, done.stdout
    assert "test_other.py | could not import 'no_such_thing'" in done.stdout


def test_a_line_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        parse("test_some.py::test_skipped |  ")
