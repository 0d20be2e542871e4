"""From another machine: the offer, the page without TLS, and the secure page of who trusts."""

from __future__ import annotations

import ssl
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lan import Computer, secure, sign_up
from tests.browser.people import QUICK
from tests.browser.scanning import scanned
from tests.services.chromium import Pages
from tests.services.netns import Network
from tests.services.node import Node, NodeFactory

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def machine(node: NodeFactory, netns: Callable[[int], Network]) -> Node:
    """A node on another machine, as it starts by itself."""
    return node(env={**QUICK, "IM_HTTP_ADDRESS": "0.0.0.0"}, namespace=netns(1).machines[0])


def authority(started: Node, folder: Path) -> Path:
    """The certificate, as the page gives it."""
    file = folder / "lan.crt"
    with urllib.request.urlopen(f"{started.url}/trust.crt", timeout=10) as answer:
        file.write_bytes(answer.read())
    return file


def test_python_and_curl_reach_a_node_whose_authority_they_trust(
    machine: Node, tmp_path: Path
) -> None:
    file = authority(machine, tmp_path)
    context = ssl.create_default_context(cafile=file)
    with urllib.request.urlopen(secure(machine, "/api/time"), context=context) as answer:
        assert answer.status == 200
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(secure(machine, "/api/time"))
    command = ["curl", "-sf", "--cacert", file, secure(machine, "/api/time")]
    assert b'"time"' in subprocess.run(command, check=True, capture_output=True).stdout
    refused = subprocess.run(["curl", "-s", secure(machine)], capture_output=True)
    assert refused.returncode == 60, "curl: the certificate cannot be authenticated"


def test_a_device_that_does_not_trust_yet_is_shown_how(machine: Node, new_page: Pages) -> None:
    page = new_page(locale="en-GB")
    page.goto(machine.url)
    page.get_by_role("link", name="Continue securely (recommended)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Let this device trust the server")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the certificate").click()
    file = waiting.value.path()
    assert file.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert waiting.value.suggested_filename.startswith("lan-chat-")
    for name in ("iPhone, iPad", "Android", "Windows", "Mac", "Firefox (computers)"):
        page.locator("summary", has_text=name).click()
        expect(page.locator("details[open]", has_text=name).locator("li").first).to_be_visible()
    expect(page.locator("#known")).to_be_hidden()
    address = scanned(page.get_by_role("img", name=f"QR code: {machine.url}/trust"))
    phone = new_page(locale="en-GB", viewport={"width": 360, "height": 740})
    phone.goto(address)
    expect(phone.get_by_role("link", name="Download the certificate")).to_be_visible()


def test_the_pages_about_trust_work_without_script(machine: Node, new_page: Pages) -> None:
    page = new_page(locale="zh-CN", java_script_enabled=False)
    page.goto(machine.url)
    page.get_by_role("link", name="安全地继续（推荐）").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("让这台设备信任服务器")
    page.locator("summary", has_text="Windows").click()
    expect(page.get_by_text("受信任的根证书颁发机构")).to_be_visible()
    href = page.get_by_role("link", name="打开安全地址").get_attribute("href")
    assert href == secure(machine, "/")
    page.goto(f"{machine.url}/secure")
    page.get_by_role("button", name="不加密继续").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("欢迎回来")


def test_who_trusts_the_authority_has_a_secure_page_and_stays_with_it(
    machine: Node, new_computer: Callable[[], Computer]
) -> None:
    computer = new_computer()
    page = computer.page()
    page.goto(f"{machine.url}/trust")
    computer.trust(page)
    page = computer.page()
    page.goto(machine.url)
    expect(page.locator("#known")).to_be_visible()
    page.get_by_role("link", name="Continue securely (recommended)").click()
    expect(page).to_have_url(secure(machine, "/"))
    sign_up(page, "Bo")
    expect(page).to_have_url(secure(machine, "/toChat"))
    assert page.evaluate("isSecureContext") is True
    assert page.evaluate("'mediaDevices' in navigator && 'serviceWorker' in navigator")
    expect(page.locator(".bcast")).to_have_count(0)
    page.goto(secure(machine, "/toChat") + "#/chats/all")
    page.locator(".comp textarea").fill("over TLS")
    page.locator(".comp textarea").press("Enter")
    expect(page.locator(".msg.me[data-seq]", has_text="over TLS")).to_be_visible()
    names = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert names["__Host-im_session"]["secure"] and names["__Host-_xsrf"]["secure"]
    assert "im_session" not in names
    page.goto(f"{machine.url}/toChat")
    expect(page).to_have_url(secure(machine, "/toChat"))
    page.goto(f"{machine.url}/trust")
    expect(page.locator("#known")).to_be_visible()
