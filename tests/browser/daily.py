"""What two people do with each other in a day, each at a page of their own."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.people import bubble, go, row, write
from tests.browser.scanning import scanned
from tests.browser.test_avatars import choose as choose_face
from tests.browser.test_avatars import colour
from tests.browser.test_media import choose, paper, photo, send, sent
from tests.browser.test_passing_on import menu
from tests.browser.test_search import field, hits
from tests.handlers import samples

GROUP = "Deck crew"


def open_chat(page: Page, title: str) -> None:
    """From the list of chats."""
    go(page, "chats")
    row(page, title).click()
    expect(page.locator(".chat-h h2")).to_have_text(title)


def become_contacts(anna: Page, bo: Page) -> None:
    """Anna finds Bo and asks, Bo accepts."""
    go(anna, "contacts")
    anna.get_by_role("button", name="Find people").last.click()
    anna.locator("dialog input[type=search]").fill("bo")
    anna.get_by_role("button", name="Add").click()
    anna.fill("#request-note", "I sit next door")
    anna.get_by_role("button", name="Send request").click()
    expect(bo.locator(".rail .it .badge")).to_contain_text("1 new request")
    go(bo, "contacts")
    expect(bo.locator(".req")).to_contain_text("I sit next door")
    bo.get_by_role("button", name="Accept").click()
    expect(row(anna, "Bo").locator(".pv")).to_have_text("online")


def write_to_each_other(anna: Page, bo: Page) -> None:
    """Delivered, read, typing, answered, changed and taken back."""
    row(anna, "Bo").click()
    anna.get_by_role("button", name="Message").click()
    write(anna, "Is the pump on?")
    asked = bubble(anna, "Is the pump on?")
    expect(asked.locator("use[href$='#checks']")).to_be_attached()
    open_chat(bo, "Anna")
    bo.bring_to_front()
    expect(asked.locator(".meta")).to_contain_text("Seen")

    bo.locator(".comp textarea").press_sequentially("Si")
    expect(anna.locator(".typing")).to_contain_text("typing…")
    question = bubble(bo, "Is the pump on?")
    question.focus()
    question.press("r")
    write(bo, "Since nine")
    expect(bubble(anna, "Since nine").locator(".quote")).to_contain_text("Is the pump on?")
    # Only what has its number can be changed.
    expect(bubble(bo, "Since nine").locator("use[href$='#clock']")).to_have_count(0)
    bo.locator(".comp textarea").press("ArrowUp")
    write(bo, "Since noon")
    expect(bubble(anna, "Since noon").locator(".meta")).to_contain_text("edited")
    write(bo, "wrong window")
    expect(bubble(anna, "wrong window")).to_be_visible()
    menu(bo, "wrong window", "Recall")
    expect(anna.locator(".sys").last).to_have_text("Bo recalled a message")
    expect(bubble(anna, "wrong window")).to_have_count(0)


def answer_quickly(anna: Page, bo: Page) -> None:
    """A text of one's own by a slash, a sticker for what was written."""
    anna.locator(".comp textarea").press("/")
    expect(anna.locator(".quick [role=row]")).to_have_count(5)
    anna.locator(".comp textarea").press("Enter")
    expect(bubble(bo, "Got it")).to_be_visible()
    bo.locator(".comp textarea").fill("thanks")
    bo.get_by_role("button", name="Send the sticker “Thanks”").click()
    expect(anna.locator(".msg").get_by_role("img", name="Thanks")).to_be_visible()


def show_pictures(anna: Page, bo: Page, folder: Path) -> None:
    """One that was copied elsewhere and is pasted, one that is chosen."""
    before = sent(bo).count()
    elsewhere = folder / "elsewhere.html"
    elsewhere.write_text("<!doctype html>", "utf-8")
    other = anna.context.new_page()
    other.goto(elsewhere.as_uri())
    other.evaluate(
        """async (bytes) => {
          const blob = new Blob([new Uint8Array(bytes)], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        list(samples.picture("PNG", size=(640, 400))),
    )
    other.close()
    anna.locator(".comp textarea").press("Control+v")
    dialog = anna.locator("dialog.send")
    expect(dialog.get_by_role("heading")).to_have_text("Send 1 picture")
    dialog.get_by_label("Add a caption").fill("Berth 4")
    send(dialog)
    send(choose(anna, photo()))
    expect(sent(bo)).to_have_count(before + 2)
    expect(bo.locator(".msg .cap .tx")).to_have_text("Berth 4")
    bo.wait_for_function(
        "() => [...document.querySelectorAll('.msg .room img')].every((img) => img.naturalWidth)"
    )
    sent(bo).nth(before).click()
    large = bo.get_by_role("dialog", name="Picture")
    expect(large.get_by_role("img")).to_have_attribute("alt", "Berth 4")
    bo.keyboard.press("Escape")


def hand_over_a_file(anna: Page, bo: Page) -> None:
    """It comes out as it went in."""
    send(choose(bo, paper(size=300_000), by="Files"))
    card = anna.locator(".msg", has=anna.locator(".filec"))
    with anna.expect_download() as saved:
        card.get_by_role("link", name="Download watch.pdf").click()
    assert Path(saved.value.path()).read_bytes() == paper(size=300_000)["buffer"]
    expect(bo.locator(".msg", has=bo.locator(".filec")).locator(".meta")).to_contain_text("Seen")


def found_a_group(anna: Page) -> None:
    """Anna makes one, alone as yet."""
    go(anna, "groups")
    anna.get_by_role("button", name="Create a group").click()
    anna.fill("#group-name", GROUP)
    anna.get_by_role("button", name="Create (1 person)").click()
    expect(anna.locator(".chat-h h2")).to_have_text(GROUP)


def invite(anna: Page) -> str:
    """Who comes from now on comes by an invitation, straight into the group; its address."""
    go(anna, "admin/registration")
    anna.get_by_role("radio", name="By invitation").click()
    expect(anna.get_by_text("Set by an administrator.")).to_be_visible()
    anna.get_by_role("button", name="Create an invitation").click()
    anna.select_option("#invite-group", GROUP)
    dialog = anna.locator("dialog")
    dialog.get_by_role("button", name="Create an invitation").click()
    address = anna.get_by_label("Address").input_value()
    assert scanned(anna.get_by_role("img", name=f"QR code: {address}")) == address
    dialog.get_by_role("button", name="I have noted it").click()
    return address


def talk_in_the_group(anna: Page, bo: Page) -> None:
    """Anna names Bo, who forwards something there."""
    open_chat(anna, GROUP)
    box = anna.locator(".comp textarea")
    box.press_sequentially("@Bo")
    expect(anna.locator("#mention-list [role=option]").first).to_contain_text("Bo")
    box.press("Enter")
    box.press_sequentially("your turn")
    box.press("Enter")
    open_chat(bo, GROUP)
    expect(bo.locator(".hitme .at.you")).to_have_text("@Bo")
    open_chat(bo, "Anna")
    menu(bo, "Since noon", "Forward")
    dialog = bo.get_by_role("dialog", name="Forward a message")
    dialog.get_by_role("checkbox", name=GROUP, exact=True).check()
    dialog.get_by_role("button", name="Forward (1)").click()
    expect(bubble(anna, "Since noon").locator(".fwd")).to_have_text("Forwarded")


def find_again(page: Page) -> None:
    """What was said first is found and shown where it was said."""
    go(page, "chats")
    field(page).fill("pump")
    hits(page).last.click()
    found = bubble(page, "Is the pump on?").first
    expect(found).to_be_focused()
    expect(found).to_be_in_viewport()
    field(page).fill("")


def show_ones_face(anna: Page, bo: Page) -> None:
    """Anna chooses a picture of herself, which Bo sees beside her name."""
    go(anna, "settings/profile")
    anna.get_by_role("button", name="Change picture").click()
    dialog = anna.get_by_role("dialog", name="My picture")
    choose_face(anna, dialog)
    dialog.get_by_role("button", name="Use it").click()
    expect(dialog).to_have_count(0)
    open_chat(bo, "Anna")
    red, green, blue, _ = colour(bo.locator(".chat-h .av img"))
    assert red + blue > 200 and green < 60
