"""What the README shows works as shown."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import relay
from relay.bus import MAX_PAYLOAD, Bus, PayloadTooLarge
from relay.none import NoneBus
from relay.udp import UdpSettings
from tests.relay.nodes import Recorder, free_port
from tests.source import ROOT


def test_the_example_of_the_readme_greets_the_other_node(
    capsys: pytest.CaptureFixture[str],
) -> None:
    readme = Path(str(relay.__file__)).with_name("README.md").read_text("utf-8")
    found = re.search(r"```python\n(.*?)```", readme, re.S)
    assert found
    example = found.group(1)
    names: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102
    settings = UdpSettings(interface="lo", port=free_port())
    names["UdpSettings"] = lambda: settings  # a port that nobody else uses

    async def both() -> None:
        await asyncio.gather(names["main"]("a", b"s" * 32, 1), names["main"]("b", b"s" * 32, 1))

    asyncio.run(asyncio.wait_for(both(), 20))
    said = capsys.readouterr().out
    for line in ("up a", "up b", "deliver a greetings b'hello'", "deliver b greetings b'hello'"):
        assert line in said


def test_the_demo_shows_the_lines_of_the_other_terminal() -> None:
    port = str(free_port())
    command = [sys.executable, "-m", "relay.demo", "--interface", "lo", "--port", port]
    terminals = [
        subprocess.Popen(
            [*command, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("anna", "ben")
    ]
    try:
        anna, ben = terminals
        for terminal in terminals:
            assert terminal.stdout is not None
            while "is up" not in terminal.stdout.readline():
                pass
        assert anna.stdin is not None and ben.stdout is not None
        anna.stdin.write("good morning\n")
        anna.stdin.flush()
        while (line := ben.stdout.readline()) != "anna: good morning\n":
            assert line, "ben heard nothing"
        anna.stdin.close()
        while (line := ben.stdout.readline()) != "* anna is down\n":
            assert line, "ben did not notice that anna left"
    finally:
        for terminal in terminals:
            terminal.kill()
            terminal.wait(10)
            for stream in (terminal.stdin, terminal.stdout):
                if stream is not None:
                    stream.close()


def test_the_bus_of_a_lonely_node_keeps_to_the_interface() -> None:
    async def use(bus: Bus) -> None:
        recorder = Recorder()
        await bus.start(recorder)
        await bus.ready()
        bus.publish("t", b"x" * MAX_PAYLOAD, ordered=True)
        bus.publish("t", b"x", ephemeral=True)
        with pytest.raises(PayloadTooLarge):
            bus.publish("t", b"x" * (MAX_PAYLOAD + 1))
        assert bus.members() == [] and bus.statistics()["published"] == 2
        await bus.close()
        assert recorder.calls == [] and recorder.payloads == []

    asyncio.run(use(NoneBus()))
