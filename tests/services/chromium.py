"""A real Chromium, driven from a thread of its own.

Playwright's blocking interface keeps an event loop running in its thread, where Tornado's tests
could then run none. So a test that asks for ``chromium``, ``new_page`` or ``page`` runs, as a
whole, in the browser's thread (see ``tests/conftest.py``), and pytest's own thread stays free.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.services.folder import ServiceFolder, kill_owned
from tests.services.netns import Namespace

T = TypeVar("T")

# Chromium takes the last such list, so it begins with what Playwright switches off.
FEATURES = [
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    # The suggestions of the address bar, which are two pages of their own for each page.
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
]
"""Features of Chromium that the tests do without."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    f"--disable-features={','.join(FEATURES)}",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
"""Runs as root and without a display; microphone and camera are Chromium's own fakes, granted."""
VARIABLE = "TEST_CHROMIUM"
"""Environment variable with the path of another Chromium."""
DEFAULT_TIMEOUT = 30_000
"""Milliseconds that a step in a page may take."""


BROWSER_FIXTURES = frozenset({"chromium", "new_page", "page"})
"""A test that uses one of these runs in the browser's thread."""


class BrowserThread:
    """One thread that owns one Chromium, started with its first use."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._folder = ServiceFolder("chromium")
        self._own = {**self._folder.environment, "TMPDIR": str(self._folder.path)}
        self._thread = threading.Thread(target=self._work, name="chromium", daemon=True)
        self._killed = threading.Event()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._thread.start()

    def call(self, function: Callable[[], T]) -> T:
        """Run ``function`` in the thread; returns or raises what it does.

        If the wait is broken off (a test's time is over, Ctrl-C), Chromium is killed, which ends
        the function's next step, and the next ``browser`` starts a new one.
        """
        if threading.current_thread() is self._thread:
            return function()
        future: Future[T] = Future()
        self._calls.put(lambda: _settle(future, function))
        try:
            return future.result()
        except BaseException:
            if not future.done():
                self._killed.set()
                kill_owned(self._folder.path)
            raise

    def browser(self) -> Browser:
        """The running Chromium; a new one if the last was killed. Only within ``call``."""
        if self._browser is None or self._killed.is_set() or not self._browser.is_connected():
            self._stop()
            self._killed.clear()
            self._playwright = self._start()
            self._browser = self._launch(executable(), os.environ)
        return self._browser

    def elsewhere(self, home: Path, inside: Namespace | None = None) -> Browser:
        """Another Chromium, as of someone else; its end is the caller's. Only within ``call``.

        Args:
            home: folder of this person, where the browser finds which authorities are trusted.
            inside: the machine it runs on; else this one.
        """
        self.browser()
        program = executable()
        if inside is not None:
            program = str(home / "chromium")
            command = shlex.join([*inside.prefix, executable() or self._bundled()])
            Path(program).write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
            Path(program).chmod(0o700)
        return self._launch(program, {**os.environ, "HOME": str(home)})

    def _launch(self, program: str | None, environment: Mapping[str, str]) -> Browser:
        assert self._playwright is not None
        return self._playwright.chromium.launch(
            executable_path=program,
            args=ARGUMENTS,
            env={**environment, **self._own},
        )

    def _bundled(self) -> str:
        assert self._playwright is not None
        return self._playwright.chromium.executable_path

    def close(self) -> None:
        """End Chromium, its driver and the thread."""
        self.call(self._stop)
        self._calls.put(None)
        self._thread.join(timeout=10)
        self._folder.close()

    def _start(self) -> Playwright:
        # The driver takes its environment from this process and so belongs to the folder too.
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._own.items():
                patch.setenv(name, value)
            return sync_playwright().start()

    def _stop(self) -> None:
        """Also when the driver was killed and can't answer any more."""
        playwright, self._playwright, self._browser = self._playwright, None, None
        if playwright is not None:
            with contextlib.suppress(Exception):
                playwright.stop()

    def _work(self) -> None:
        while (job := self._calls.get()) is not None:
            job()


class Pages:
    """The pages of one test, each with a profile of its own, as if on a device of its own."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        """``options`` are those of ``Browser.new_context`` that each page has."""
        self._browser = browser
        self._options = options
        expect.set_options(timeout=DEFAULT_TIMEOUT)
        self._contexts: list[BrowserContext] = []
        self.pages: list[Page] = []
        self.console: list[str] = []
        """Warnings and errors that the pages wrote, and exceptions that nothing caught."""

    def __call__(self, browser: Browser | None = None, **options: Any) -> Page:
        """A page in a new profile; ``options`` are those of ``Browser.new_context``.

        ``browser``: another than that of the session, as on another machine.
        """
        context = (browser or self._browser).new_context(**{**self._options, **options})
        self._contexts.append(context)
        context.set_default_timeout(DEFAULT_TIMEOUT)
        context.on("page", self._watch)
        return context.new_page()

    def screenshots(self, folder: Path) -> list[Path]:
        """A picture of every page that is still open."""
        taken = []
        for number, page in enumerate(self.pages, 1):
            if not page.is_closed():
                path = folder / f"page-{number}.png"
                with contextlib.suppress(Exception):
                    page.screenshot(path=path, timeout=5000)
                    taken.append(path)
        return taken

    def close(self) -> None:
        """Close every profile; those of a killed browser are closed already."""
        for context in self._contexts:
            with contextlib.suppress(Exception):
                context.close()

    def _watch(self, page: Page) -> None:
        self.pages.append(page)
        page.on("pageerror", lambda error: self.console.append(f"exception: {error}"))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        # Where a test has no service worker, Playwright says so.
        if message.type in ("warning", "error") and not message.text.endswith("by Playwright"):
            self.console.append(f"{message.type}: {message.text}")


PAGES = pytest.StashKey[Pages]()
"""Where the report of a failed test finds its pages."""


def executable() -> str | None:
    """The path of Chromium: ``TEST_CHROMIUM``, the system's, or None for Playwright's own."""
    for name in (os.environ.get(VARIABLE), "chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name) if name else None
        # Ubuntu's packages of these names are snaps, which start neither for root nor in /tmp.
        if path and "snap" not in os.path.realpath(path) and not _starts_snap(path):
            return path
    return None


def _starts_snap(path: str) -> bool:
    with open(path, "rb") as file:
        head = file.read(4096)
    return head.startswith(b"#!") and b"/snap/bin" in head


def _settle(future: Future[T], function: Callable[[], T]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
