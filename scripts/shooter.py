"""One person's browser, brought to a place of the page."""

from __future__ import annotations

from contextlib import ExitStack

from playwright.sync_api import Page
from sample_data import Sample

from tests.services.socket_answers import SocketAnswers


class Shooter:
    """One person's browser in one language, theme and size."""

    def __init__(self, page: Page, url: str, sample: Sample) -> None:
        self.page = page
        self.url = url
        self.sample = sample
        size = page.viewport_size
        self.phone = size is not None and size["width"] < 720
        self.answers = SocketAnswers(page)
        self.after = ExitStack()
        """What takes back what a state changed at the node."""

    def chats(self, conversation: str | None = None, *, details: bool = False) -> None:
        """Go to the chats, or into one."""
        tail = f"/{conversation}" if conversation else ""
        self.at(f"#/chats{tail}{'/details' if details else ''}")
        shown = ".rows-in [data-seq], .log-in .empty" if conversation else ".pane a.row"
        self.page.wait_for_selector(shown, state="attached")

    def at(self, hash_: str) -> None:
        """Go to a place of the chat page and wait until it is quiet."""
        self.page.goto(f"{self.url}/toChat{hash_}")
        self.page.reload()
        self.page.wait_for_selector(".rail .lan:not(.wait, .bad), .tabs", state="attached")
        self.page.wait_for_selector(".pane .row, .pane .snav, .page, .chat", state="attached")
        self.page.wait_for_timeout(400)

    def forget(self) -> None:
        """Leave nothing in the browser but who is logged in."""
        self.page.goto("about:blank")
        kept = {"origin": self.url, "storageTypes": "indexeddb,local_storage"}
        self.page.context.new_cdp_session(self.page).send("Storage.clearDataForOrigin", kept)

    def settle(self) -> None:
        """Leave nothing of a picture to the next one."""
        self.answers.clear()
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.context.set_offline(False)
        # A recording would ask whether to leave it.
        discard = ".rec .ib:has(use[href$='#trash'])"
        left = self.page.locator(f".toast button, .sending button, .failed button, {discard}")
        for button in left.all():
            if button.is_visible():
                button.click()
        for box in self.page.locator(".comp textarea:visible").all():
            box.fill("")
            box.press("Escape")
        # A conversation may go with it.
        self.after.close()

    @property
    def group(self) -> str:
        """The conversation of the first group."""
        return f"g:{self.sample.groups[0]['id']}"
