"""What every test sees: the services, their logs in the report of a failure, and the skip list."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.services.chromium import BROWSER_FIXTURES, PAGES
from tests.services.folder import scratch
from tests.services.interfaces import interfaces_stay
from tests.services.node import NODES
from tests.skips import SkipList

pytest_plugins = ["tests.services.fixtures"]

FAILURES = Path(__file__).resolve().parents[1] / "build" / "failures"
"""Folder for the logs and pictures of failed tests."""
SHOWN_LOG = 20_000
"""Characters of a node's log that the report shows; the file has all."""


def pytest_configure(config: pytest.Config) -> None:
    """Watch the skips once, in the process that sees every report.

    No test asserts a speed, those of Hypothesis neither. ``tmp_path`` is where the servers write.
    What is compiled is kept, also where the environment asks otherwise: a quarter of what each of
    hundreds of nodes does until it is ready would be to compile the program once more.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(scratch()))
    settings.register_profile(
        "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("any machine")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipList(Path(__file__).with_name("allowed_skips.txt")))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that drives a browser in the browser's thread, and let no interface change."""
    if BROWSER_FIXTURES.isdisjoint(pyfuncitem.fixturenames):
        return None
    thread = pyfuncitem._request.getfixturevalue("browser_thread")
    arguments = {n: pyfuncitem.funcargs[n] for n in pyfuncitem._fixtureinfo.argnames}
    with interfaces_stay():
        thread.call(lambda: pyfuncitem.obj(**arguments))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the nodes' logs, the pages' consoles and pictures of them to a failure."""
    report = yield
    if not report.failed:
        return report
    folder = FAILURES / re.sub(r"[^\w.-]+", "_", item.nodeid)[-150:]
    if nodes := item.stash.get(NODES, None):
        folder.mkdir(parents=True, exist_ok=True)
        for number, (title, log) in enumerate(nodes.logs(), 1):
            (folder / f"node-{number}.txt").write_text(log, "utf-8")
            report.sections.append((title, log[-SHOWN_LOG:]))
    if pages := item.stash.get(PAGES, None):
        folder.mkdir(parents=True, exist_ok=True)
        report.sections.append(("console of the pages", "\n".join(pages.console)))
        thread = item._request.getfixturevalue("browser_thread")  # type: ignore[attr-defined]
        taken = thread.call(lambda: pages.screenshots(folder))
        report.sections.append(("pictures of the pages", "\n".join(map(str, taken))))
    return report
