"""A run fails on a test that was skipped, or expected to fail, without being listed."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest


class SkipList:
    """A pytest plugin over a file of lines ``pattern of test ids | reason``.

    The pattern is a shell's; the reason must be the very one that the test reports. Empty lines
    and lines that start with ``#`` mean nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._allowed = parse(path.read_text("utf-8"))
        self._unlisted: list[str] = []

    def allows(self, nodeid: str, reason: str) -> bool:
        """Whether a line lists this skip."""
        return any(
            fnmatch.fnmatchcase(nodeid, pattern) and reason == known
            for pattern, known in self._allowed
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that was skipped."""
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that was skipped."""
        self._note(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that else passed."""
        if self._unlisted and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what is missing in the list."""
        if self._unlisted:
            terminalreporter.section(f"skips that {self._path.name} does not list", red=True)
            for line in self._unlisted:
                terminalreporter.write_line(line)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped:
            return
        if isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
        else:
            reason = getattr(report, "wasxfail", str(report.longrepr))
        if not self.allows(report.nodeid, reason):
            self._unlisted.append(f"{report.nodeid} | {reason}")


def parse(text: str) -> list[tuple[str, str]]:
    """The pairs of pattern and reason in a list. Raises ``ValueError`` for a line without ``|``."""
    pairs = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pattern, bar, reason = line.partition("|")
        if not bar or not reason.strip():
            raise ValueError(f"a skip needs a reason: {line!r}")
        pairs.append((pattern.strip(), reason.strip()))
    return pairs
