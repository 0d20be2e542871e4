"""A program sends and fetches files with the client: whole or not at all, and never too much."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from im.client import Client, Message, Refused
from im.file_client import Broken
from tests.handlers import samples

NOWHERE = "http://127.0.0.1:1"


async def two(url: str) -> tuple[Client, Client]:
    """Two people; the second one's first node is away."""
    ann = await Client.register([url], "ann", "correct horse")
    bob = await Client.register([url], "bob", "correct horse")
    return ann, Client([NOWHERE, url], bob.token)


def test_a_file_arrives_as_it_was_sent(node, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    url = node("--relay", "none").url
    source, data = tmp_path / "plan.bin", os.urandom(3_000_000)
    source.write_bytes(data)
    incoming = tmp_path / "incoming"
    incoming.mkdir()

    async def talk() -> None:
        ann, bob = await two(url)
        async with ann, bob:
            sent: list[tuple[int, int]] = []
            await ann.send_file(
                "u:2", source, "the plan", progress=lambda *passed: sent.append(passed)
            )
            assert sent[-1] == (len(data), len(data)) and len(sent) > 5
            entry = await anext(bot_entries(bob))
            assert entry.file is not None and entry.text == "the plan"
            come: list[tuple[int, int]] = []
            path = await bob.files.download(
                entry.file, incoming, progress=lambda *passed: come.append(passed)
            )
            assert path == incoming / f"{entry.file.id}-plan.bin"
            assert path.read_bytes() == data
            assert come[-1] == (len(data), len(data))
            named = tmp_path / "named"
            assert await bob.files.download(entry.file, named) == named

    asyncio.run(talk())


async def bot_entries(client: Client):  # type: ignore[no-untyped-def]
    """Messages as they come."""
    async for entry in client.entries():
        if isinstance(entry, Message):
            yield entry


def test_what_is_refused_leaves_nothing(node, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    url = node("--relay", "none", env={"IM_MEDIA_MAX_BYTES": "100000"}).url

    async def talk() -> None:
        ann, bob = await two(url)
        async with ann, bob:
            with pytest.raises(Refused) as refused:
                await ann.send_file("u:2", bytes(100_001), name="zeros")
            assert (refused.value.code, refused.value.field) == ("too_large", "file")
            with pytest.raises(Refused) as refused:
                await ann.files.upload(bytes(100_001))
            assert refused.value.code == "too_large"
            with pytest.raises(OSError, match="nothing-here"):
                await ann.send_file("u:2", tmp_path / "nothing-here")
            own = await ann.files.upload(samples.picture(), name="a/../b.jpg", square=True)
            assert (own.media, own.name, own.width) == ("picture", "b.jpg", own.height)
            with pytest.raises(Refused) as refused:
                await bob.files.download(own.id, tmp_path)
            assert refused.value.code == "not_found"
            with pytest.raises(Broken):
                await ann.files.download(own.id, tmp_path, most_bytes=own.size - 1)
            with pytest.raises(OSError):
                await Client([NOWHERE], ann.token).files.download(own.id, tmp_path)

    asyncio.run(talk())
    assert list(tmp_path.iterdir()) == []


def test_a_program_goes_on_after_what_it_has_read(node) -> None:  # type: ignore[no-untyped-def]
    url = node("--relay", "none").url

    async def talk() -> None:
        ann, bob = await two(url)
        async with ann:
            for number in range(4):
                await ann.send("u:2", f"number {number}")
            async with Client([url], bob.token, unread=True) as first:
                async for entry in bot_entries(first):
                    if entry.text == "number 1":
                        await first.read(entry)
                        break
            async with Client([url], bob.token, unread=True) as second:
                await ann.send("u:2", "number 4")
                seen = [await anext(bot_entries(second)) for _ in range(3)]
                assert [entry.text for entry in seen] == ["number 2", "number 3", "number 4"]

    asyncio.run(talk())
