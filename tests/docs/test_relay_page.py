"""What ``docs/relay.md`` shows is what the code does and the kept measurement says."""

from __future__ import annotations

import re

from relay.frames import Data, decode_frames
from relay.keyring import Keyring
from relay.packet import Space, parse_header, unseal
from scripts import relay_page


def test_the_made_parts_are_up_to_date() -> None:
    results = relay_page.read_results()
    page = relay_page.PAGE.read_text("utf-8")
    assert relay_page.render(page, results) == page, "make docs"
    assert relay_page.CURVES.read_text("utf-8") == relay_page.curves(results), "make docs"
    assert {found[2] for found in relay_page.MARK.finditer(page)} == {
        *("example", "peer_states", "hole_states", "limits", "figures")
    }


def test_the_example_can_be_opened_by_hand_with_the_key_that_the_page_names() -> None:
    page = relay_page.PAGE.read_text("utf-8")
    example = page[page.index("An example, made by") : page.index("The frames, opened")]
    datagram = bytes.fromhex("".join(re.findall(r"^\| \d+ \| `([0-9a-f ]+)`", example, re.M)))
    header = parse_header(datagram)
    assert header is not None
    key = Keyring(b"cluster1", {1: bytes(range(32))}, 1).key(header.sender, header.key)
    assert key is not None
    frames = unseal(key, header, datagram)
    assert frames is not None
    assert decode_frames(Space.RELIABLE, frames) == [
        Data("greetings", b"hello", True),
        Data("news", b"rain", False),
    ]
