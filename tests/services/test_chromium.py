"""The tests' Chromium."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import pytest
import tornado.web
from playwright.sync_api import Page
from tornado.httpclient import AsyncHTTPClient

from tests.services.chromium import BrowserThread, Pages


@pytest.fixture
def app() -> tornado.web.Application:
    class Hello(tornado.web.RequestHandler):
        def get(self) -> None:
            self.write("hello")

    return tornado.web.Application([("/", Hello)])


def test_a_page_runs_scripts_and_may_use_the_microphone(page: Page) -> None:
    page.route("http://localhost/*", lambda route: route.fulfill(body="<p>"))
    page.goto("http://localhost/")
    page.set_content("<h1>你好</h1>")
    assert page.locator("h1").inner_text() == "你好"
    listen = "navigator.mediaDevices.getUserMedia({audio: true}).then(s => s.active)"
    assert page.evaluate(listen) is True


def test_two_pages_share_no_storage(new_page: Pages) -> None:
    first, second = new_page(), new_page()
    for page in (first, second):
        page.route("http://im.test/*", lambda route: route.fulfill(body="<p>"))
        page.goto("http://im.test/")
    first.evaluate("localStorage.setItem('a', 'b')")
    assert first.evaluate("localStorage.getItem('a')") == "b"
    assert second.evaluate("localStorage.getItem('a')") is None


def test_the_console_is_kept(new_page: Pages) -> None:
    page = new_page()
    with page.expect_console_message():
        page.evaluate("console.error('bad')")
    assert new_page.console == ["error: bad"]


@pytest.mark.gen_test
async def test_tornado_runs_between_browser_tests(
    http_client: AsyncHTTPClient, base_url: str, browser_thread: BrowserThread
) -> None:
    browser_thread.call(browser_thread.browser)
    response = await http_client.fetch(base_url)
    assert response.body == b"hello"


class Broken(Exception):
    """Breaks a wait off, as the end of a test's time does."""


def test_a_broken_off_step_ends_and_the_next_browser_is_new(browser_thread: BrowserThread) -> None:
    def break_off(number: int, frame: FrameType | None) -> None:
        raise Broken

    first = browser_thread.call(browser_thread.browser)
    page = browser_thread.call(first.new_page)
    before = signal.signal(signal.SIGUSR1, break_off)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(Broken):
            browser_thread.call(lambda: page.wait_for_timeout(60_000))
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    second = browser_thread.call(browser_thread.browser)
    assert second is not first
    assert browser_thread.call(lambda: second.new_page().evaluate("2 + 2")) == 4
