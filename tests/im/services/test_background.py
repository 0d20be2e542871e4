"""What a service does in the background ends when it is closed, and not unheard before."""

from __future__ import annotations

import asyncio

import pytest

from im.services.background import Background
from tests.im.store.harness import on_loop


@on_loop
async def test_work_that_ends_by_a_mistake_is_heard_of_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        raise RuntimeError("a mistake")

    background = Background()
    background.start(work())
    for _ in range(3):
        await asyncio.sleep(0)
    assert [record.exc_text is not None for record in caplog.records] == [True]
    assert "work has ended" in caplog.text
    await background.close()
    assert len(caplog.records) == 1


@on_loop
async def test_work_that_is_closed_ends_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    background = Background()
    background.start(work())
    await asyncio.sleep(0)
    await background.close()
    assert ended.is_set()
    assert not caplog.records
