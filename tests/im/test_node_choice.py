"""A node that wants to be left alone is, for as long as it said, within reason."""

from __future__ import annotations

import asyncio

import pytest

from im import node_choice
from im.node_choice import NodeChoice

WISH = 0.2


def test_a_node_is_not_asked_before_the_time_that_it_named() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        nodes = NodeChoice(["one"])
        assert await nodes.next() == "one"
        begun = loop.time()
        nodes.leave_alone("one", WISH)
        assert await nodes.next() == "one"
        assert loop.time() - begun >= WISH

    asyncio.run(run())


def test_meanwhile_the_others_are_asked() -> None:
    async def run() -> None:
        nodes = NodeChoice(["one", "two", "three"])
        nodes.leave_alone("one", 60)
        nodes.leave_alone("three", 60)
        async with asyncio.timeout(30):
            assert [await nodes.next() for _ in range(3)] == ["two", "two", "two"]

    asyncio.run(run())


def test_those_who_were_told_the_same_do_not_come_back_at_the_same_moment() -> None:
    async def run() -> None:
        choices = [NodeChoice(["one"]) for _ in range(20)]
        for nodes in choices:
            nodes.leave_alone("one", 100)
        times = {nodes._not_before["one"] for nodes in choices}
        assert len(times) > 1
        assert max(times) - asyncio.get_running_loop().time() <= 1.5 * node_choice.LONGEST_WISH

    asyncio.run(run())


@pytest.mark.parametrize("wish", [0.0, -5.0])
def test_a_node_that_names_no_time_is_asked_again_soon(wish: float) -> None:
    nodes = NodeChoice(["one"])
    nodes.leave_alone("one", wish)
    assert not nodes._not_before
