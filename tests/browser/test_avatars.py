"""Pictures of people and groups: chosen, cut, and shown wherever they are named."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.people import QUICK, enter, pair, register, row
from tests.browser.test_accessibility import violations
from tests.handlers import samples
from tests.services.chromium import Pages
from tests.services.node import NodeFactory

pytestmark = pytest.mark.no_service_worker


def halves() -> FilePayload:
    """A wide picture, left half red and right half blue."""
    return {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": samples.photograph()}


def choose(page: Page, dialog: Locator) -> None:
    with page.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files(halves())


def colour(picture: Locator) -> list[int]:
    """The colour in the middle of what is shown."""
    expect(picture).to_be_visible()
    pixels: list[int] = picture.evaluate("""async (img) => {
      await img.decode();
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 9;
      const context = canvas.getContext("2d");
      context.drawImage(img, 0, 0, 9, 9);
      return [...context.getImageData(4, 4, 1, 1).data];
    }""")
    return pixels


def test_ones_picture_is_cut_with_the_keys_and_seen_on_another_node(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, conversation = pair(*urls)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(annas, anna, "settings/profile")
    annas.get_by_role("button", name="Change picture").click()
    dialog = annas.get_by_role("dialog", name="My picture")
    assert violations(annas) == []
    choose(annas, dialog)
    frame = dialog.get_by_role("group", name="Part that is shown")
    frame.focus()
    # To the left edge: all of it is red.
    for _ in range(12):
        frame.press("ArrowLeft")
    dialog.get_by_role("slider", name="Zoom").fill("1.5")
    for _ in range(12):
        frame.press("ArrowLeft")
    assert violations(annas) == []
    dialog.get_by_role("button", name="Use it").click()
    expect(dialog).to_have_count(0)
    red, _, blue, _ = colour(annas.locator(".me-head .av img"))
    assert red > 200 and blue < 60
    expect(annas.locator(".rail .av img")).to_be_visible()

    enter(bos, bo, f"chats/{conversation}")
    red, _, blue, _ = colour(bos.locator(".chat-h .av img"))
    assert red > 200 and blue < 60
    assert violations(bos) == []

    # And then none, and another name: Bo's page hears of it as it stands.
    annas.get_by_role("button", name="Change picture").click()
    dialog.get_by_role("button", name="Remove picture").click()
    expect(annas.locator(".me-head .av img")).to_have_count(0)
    expect(bos.locator(".chat-h .av")).to_contain_text("A")
    expect(bos.locator(".chat-h .av img")).to_have_count(0)
    expect(row(bos, "Anna").locator(".av img")).to_have_count(0)
    annas.get_by_role("textbox", name="Name").fill("Anneke")
    annas.get_by_role("button", name="Save").click()
    expect(bos.locator(".chat-h h1, .chat-h h2").first).to_contain_text("Anneke")
    bos.get_by_role("link", name="Contacts").click()
    expect(row(bos, "Anneke")).to_be_visible()


def test_a_group_gets_a_picture_from_who_leads_it(urls: tuple[str, str], new_page: Pages) -> None:
    anna, bo, _ = pair(*urls)
    group = anna.call("POST", "/groups", {"name": "Deck crew", "members": [bo.id]})["id"]
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo, f"groups/{group}")
    expect(bos.get_by_role("button", name="Add", exact=False).first).to_be_visible()
    expect(bos.get_by_role("button", name="Group picture")).to_have_count(0)
    enter(annas, anna, f"groups/{group}")
    annas.get_by_role("button", name="Group picture").click()
    dialog = annas.get_by_role("dialog", name="Group picture")
    choose(annas, dialog)
    dialog.get_by_role("button", name="Use it").click()
    expect(annas.locator(".hero .av img")).to_be_visible()
    expect(bos.locator(".hero .av img")).to_be_visible()
    bos.get_by_role("link", name="Chats").click()
    expect(row(bos, "Deck crew").locator(".av img")).to_be_visible()


def test_a_group_is_made_with_its_picture_and_category_and_seen_on_another_node(
    urls: tuple[str, str], new_page: Pages
) -> None:
    anna, bo, _ = pair(*urls)
    annas, bos = new_page(locale="en-GB"), new_page(locale="en-GB")
    enter(bos, bo)
    bo.call("POST", "/groups", {"name": "Taken"})
    enter(annas, anna, "groups")
    annas.get_by_role("button", name="Create a group").click()
    making = annas.get_by_role("dialog", name="Create a group")
    making.get_by_role("textbox", name="Group name").fill("Taken")
    # By keyboard: the dialog above closes alone, and the focus is where it was.
    opens = making.get_by_role("button", name="Picture (optional)")
    opens.press("Enter")
    cutting = annas.get_by_role("dialog", name="Group picture")
    expect(cutting.get_by_role("button", name="Choose a picture")).to_be_visible()
    assert violations(annas) == []
    annas.keyboard.press("Escape")
    expect(cutting).to_have_count(0)
    expect(opens).to_be_focused()
    opens.press("Enter")
    choose(annas, cutting)
    cutting.get_by_role("group", name="Part that is shown").press("ArrowRight")
    cutting.get_by_role("button", name="Use it").click()
    expect(making.get_by_role("button", name="Change picture")).to_be_focused()
    colour(making.locator(".av.l img"))
    making.get_by_role("textbox", name="Category (optional)").fill("Crew")
    # Enter in a search leads to what was found, and founds no group.
    making.get_by_role("searchbox").fill("bo")
    making.get_by_role("searchbox").press("Enter")
    expect(making.get_by_role("checkbox", name="Bo")).to_be_focused()
    annas.keyboard.press("Space")
    making.get_by_role("button", name="Create (2 people)").click()
    expect(making.locator("#group-name-error")).to_be_visible()
    assert violations(annas) == []
    # Nothing was lost by the refusal.
    making.get_by_role("textbox", name="Group name").fill("Deck crew")
    making.get_by_role("button", name="Create (2 people)").click()
    expect(annas.locator(".chat-h h2")).to_have_text("Deck crew")
    expect(annas.locator(".chat-h .av img")).to_be_visible()
    expect(row(bos, "Deck crew").locator(".av img")).to_be_visible()
    row(bos, "Deck crew").click()
    group = anna.call("GET", "/groups")["groups"][0]["id"]
    bos.goto(f"{bo.url}/toChat#/groups/{group}")
    expect(bos.locator(".block", has_text="Category")).to_contain_text("Crew")
    annas.goto(f"{anna.url}/toChat#/groups/{group}")
    annas.get_by_role("button", name="Edit Category").click()
    annas.get_by_role("dialog").get_by_role("textbox", name="Category").fill("")
    annas.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(annas.locator(".block", has_text="Category")).to_contain_text("No category")
    expect(bos.locator(".block", has_text="Category")).to_have_count(0)


def test_what_is_no_picture_is_refused_in_words(node: NodeFactory, new_page: Pages) -> None:
    url = node(env=QUICK).url
    anna = register(url, "Anna")
    page = new_page(locale="en-GB")
    enter(page, anna, "settings/profile")
    page.get_by_role("button", name="Change picture").click()
    dialog = page.get_by_role("dialog", name="My picture")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(dialog.get_by_role("alert")).to_contain_text("cannot read that picture")
