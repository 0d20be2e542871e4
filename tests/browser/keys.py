"""Somebody who has a keyboard and nothing else, and looks where the focus is."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, TimeoutError, expect

from tests.browser.people import Person, enter, fetched
from tests.services.chromium import Pages

LOOK = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "lost";
  if (at.matches("main, dialog")) return "";
  const box = at.getBoundingClientRect();
  const within = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  if (!within || !at.checkVisibility({ visibilityProperty: true })) return "out of sight";
  const around = [at, at.parentElement, at.closest("label, .inp, .search, .box, .way, article")];
  const ringed = [...around, ...at.querySelectorAll(".bub, .big")].some((one) => {
    if (!one) return false;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
    return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
  });
  return ringed ? "" : "not marked";
}"""
"""What is wrong with where the focus is: nothing, or a word."""
WHERE = """() => document.activeElement.outerHTML.slice(0, 160)"""
MOST = 90
"""No place on a page is further than so many presses of Tab."""


class Keys:
    """The keyboard of a page; every place that the focus comes to must be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.page.keyboard.type(text)

    def at(self, role: str, name: str | re.Pattern[str]) -> None:
        """The focus is, or comes to be, where it can be seen on what has this role and name."""
        try:
            expect(self._focused(role, name)).to_have_count(1)
        except AssertionError:
            where = self.page.evaluate(WHERE)
            raise AssertionError(f"the focus is not on {role} {name}: {where}") from None
        self.seen()

    def seen(self) -> None:
        """The focus is somewhere, in sight and marked."""
        try:
            self.page.wait_for_function(f"() => ({LOOK})() === ''")
        except TimeoutError:
            wrong = self.page.evaluate(LOOK)
            raise AssertionError(f"{wrong}: {self.page.evaluate(WHERE)}") from None

    def tab(self, role: str, name: str | re.Pattern[str], *, back: bool = False) -> Locator:
        """Press Tab until what has this role and name has the focus."""
        place = self._focused(role, name)
        expect(self._named(role, name).last).to_be_visible()
        for _ in range(MOST):
            if place.count():
                self.seen()
                return place
            self.press("Shift+Tab" if back else "Tab")
            # The way around the page leads over the browser's own buttons.
            wrong = self.page.evaluate(LOOK)
            assert wrong in ("", "lost"), f"{wrong}: {self.page.evaluate(WHERE)}"
        raise AssertionError(f"Tab never came to {role} {name}")

    def open(self, role: str, name: str | re.Pattern[str]) -> None:
        """Tab to something and press Enter."""
        self.tab(role, name)
        self.press("Enter")

    def choose(self, name: str) -> None:
        """Choose in the menu that is open, with the arrows."""
        items = self.page.get_by_role("menuitem")
        expect(items.first).to_be_focused()
        for _ in range(items.count()):
            if items.filter(has_text=name).first.evaluate("one => one === document.activeElement"):
                self.seen()
                self.press("Enter")
                return
            self.press("ArrowDown")
        raise AssertionError(f"the menu has no {name}")

    def undo(self) -> None:
        """Go to the offer to undo, which waits for whoever has come to it, and take it."""
        offer = self._focused("button", "Undo")
        expect(self._named("button", "Undo")).to_be_visible()
        for _ in range(5):
            if not offer.count():
                self.press("F6")
        self.at("button", "Undo")
        self.press("Enter")

    def _focused(self, role: str, name: str | re.Pattern[str]) -> Locator:
        return self._named(role, name).and_(self.page.locator("*:focus"))

    def _named(self, role: str, name: str | re.Pattern[str]) -> Locator:
        exact = isinstance(name, str)
        return self.page.get_by_role(role, name=name, exact=exact)  # type: ignore[arg-type]


def sit_down(new_page: Pages, person: Person, place: str) -> tuple[Page, Keys]:
    """This person's page, once it keeps the focus, and the keys before it."""
    page = new_page(locale="en-GB")
    enter(page, person, place)
    fetched(page, "focus-keeper.js")
    return page, Keys(page)
