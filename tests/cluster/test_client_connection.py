"""What a program's connection leaves behind when it breaks."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from im.client import Client, Disconnected
from tests.cluster.crew import PASSWORD, SETTINGS
from tests.services.node import NodeFactory

MORE_THAN_IS_TAKEN = "x" * 20_000_000
"""By the kernel's buffers, of a node that reads nothing."""


def test_a_call_whose_connection_breaks_while_it_is_written_fails_once_and_without_a_complaint(
    node: NodeFactory, tmp_path: Path
) -> None:
    one_node = node(env={"IM_DATABASE_URL": f"sqlite:///{tmp_path / 'im.db'}", **SETTINGS})
    complaints: list[Any] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        async with await Client.register([one_node.url], "one", PASSWORD) as one:
            one_node.stop()
            try:
                writing = asyncio.create_task(
                    one.request("send", to="all", text=MORE_THAN_IS_TAKEN)
                )
                await asyncio.sleep(0.1)  # it has begun, and never ends
                one.drop()
                with pytest.raises(Disconnected):
                    await writing
            finally:
                one_node.cont()
        del writing
        gc.collect()

    asyncio.run(run())
    assert complaints == []
