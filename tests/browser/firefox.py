"""Firefox as a person uses it, over WebDriver BiDi (W3C), which it speaks itself.

Playwright drives only a Firefox of its own; this is the one that people have.
"""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

START_SECONDS = 60.0
WAIT_SECONDS = 30.0
NAMES = ("firefox-esr", "firefox")
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PREFERENCES = {
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "intl.accept_languages": "en-GB",
}
ENTER = "\ue007"


class Firefox:
    """One window of a Firefox with a profile of its own, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        program = next((found for name in NAMES if (found := shutil.which(name))), None)
        if program is None:
            pytest.skip("Firefox is not installed")
        self._open = ExitStack()
        profile = folder / "profile"
        profile.mkdir()
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items())
        (profile / "user.js").write_text("\n".join(lines), "utf-8")
        self._process = subprocess.Popen(
            [
                *(program, "--headless", "--no-remote", "--remote-debugging-port", "0"),
                *("--profile", str(profile), "--width", "1280", "--height", "800", "about:blank"),
            ],
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_HEADLESS": "1"},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            self._socket = self._open.enter_context(
                connect(f"{self._address()}/session", max_size=None)
            )
            self._number = 0
            self._call("session.new", capabilities={})
            tree = self._call("browsingContext.getTree")
            self._context = tree["contexts"][0]["context"]
        except BaseException:
            self._kill()
            raise

    def close(self) -> None:
        """End it."""
        self._open.close()
        self._kill()

    def open(self, url: str) -> None:
        """Open an address; returns when its page is loaded."""
        self._call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def reload(self) -> None:
        """Load the page once more."""
        self._call("browsingContext.reload", context=self._context, wait="complete")

    def fill(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.wait(f"document.querySelector({json.dumps(selector)})")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.press(text)

    def press(self, keys: str) -> None:
        """Press keys, one after the other."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._call(
            "input.performActions",
            context=self._context,
            actions=[{"type": "key", "id": "keyboard", "actions": actions}],
        )

    def wait(self, expression: str) -> Any:
        """The value of an expression once it is true."""
        end = time.monotonic() + WAIT_SECONDS
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f"{expression} is not true; the page:\n{self.text()}"
            time.sleep(0.05)
        return value

    def text(self) -> str:
        """What the page says."""
        return str(self.evaluate("document.body ? document.body.innerText : ''"))

    def evaluate(self, expression: str) -> Any:
        """The value of an expression; an element is its own description."""
        done = self._call(
            "script.evaluate",
            expression=expression,
            target={"context": self._context},
            awaitPromise=True,
        )
        if "result" not in done:  # one page has gone and the next has not come
            return None
        return done["result"].get("value", done["result"]["type"] == "node")

    # Inside

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=WAIT_SECONDS))
            if answer.get("id") != self._number:
                continue
            if answer["type"] == "error":
                if method == "script.evaluate":
                    return {}
                raise AssertionError(f"{method}: {answer['error']}: {answer['message']}")
            found: dict[str, Any] = answer["result"]
            return found

    def _address(self) -> str:
        """Where it listens, which it says on its standard error."""
        said: queue.Queue[str] = queue.Queue()

        def read() -> None:
            assert self._process.stderr is not None
            for line in self._process.stderr:
                said.put(line)

        threading.Thread(target=read, daemon=True).start()
        end = time.monotonic() + START_SECONDS
        lines = []
        while time.monotonic() < end:
            try:
                lines.append(said.get(timeout=0.5))
            except queue.Empty:
                assert self._process.poll() is None, f"Firefox ended: {lines}"
                continue
            if found := LISTENING.search(lines[-1]):
                return found[1]
        raise AssertionError(f"Firefox does not listen: {lines}")

    def _kill(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
