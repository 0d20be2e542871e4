"""Other devices are shown where the server is, by an address at which they reach it."""

from __future__ import annotations

import re
import sys

import pytest

from run import show_addresses
from tests.handlers.api import Api
from tests.services.qr import DARK, LIGHT, scan

LAN = "192.168.7.20"


@pytest.fixture(autouse=True)
def lan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with one address towards others."""
    monkeypatch.setattr("im.addresses.lan_addresses", lambda: [LAN])


@pytest.mark.gen_test
async def test_the_code_leads_where_other_devices_reach_the_server(api: Api) -> None:
    codes = {}
    for host in ("chat.example.lan:8888", f"{LAN}:1", "localhost"):
        reply = await api.call("GET", "/open.svg", headers={"Host": host})
        codes[host] = (reply.status, reply.body)
    assert codes["chat.example.lan:8888"][0] == codes[f"{LAN}:1"][0] == 200
    assert codes["chat.example.lan:8888"][1].startswith(b"<?xml")
    # The node of these tests listens on loopback alone.
    assert codes["localhost"] == (204, b"")
    page = (await api.call("GET", "/", headers={"Host": f"{LAN}:1", "Accept-Language": "en"})).text
    assert f"QR code of http://{LAN}:1/" in page
    page = (await api.call("GET", "/", headers={"Host": "localhost"})).text
    assert "/open.svg" not in page


@pytest.mark.gen_test
async def test_what_one_gives_to_others_leads_where_they_reach_the_server(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await api.register("ann")
    group = (await ann.post("/api/groups", {"name": "crew"})).data["id"]

    async def addresses(host: str) -> list[str]:
        headers = {"Host": host}
        return [
            (await api.call("POST", path, body, token=ann.token, headers=headers)).data["url"]
            for path, body in (
                ("/api/admin/invitations", {"note": "", "uses": 1, "days": 1}),
                (f"/api/groups/{group}/link", {"days": 1}),
            )
        ]

    assert all(url.startswith("http://localhost:1/") for url in await addresses("localhost:1"))
    monkeypatch.setattr("handlers.caller.reachable_addresses", lambda _: [LAN])
    assert all(re.match(rf"http://{LAN}:\d+/", url) for url in await addresses("localhost:1"))
    there = "http://chat.example.lan:8888/"
    assert all(url.startswith(there) for url in await addresses("chat.example.lan:8888"))


def test_a_terminal_shows_the_code_and_a_file_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    show_addresses("0.0.0.0", 8888)
    plain = capsys.readouterr().out
    assert plain.splitlines()[-1].strip() == f"http://{LAN}:8888"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show_addresses("0.0.0.0", 8888)
    shown = capsys.readouterr().out
    assert shown.startswith(plain) and "▀" in shown
    for terminal in (DARK, LIGHT):
        assert scan(terminal.picture(shown)) == f"http://{LAN}:8888"
    show_addresses("127.0.0.1", 8888)
    assert "▀" not in capsys.readouterr().out
