"""Sessions in documents: commands with what they print, run as they stand.

A ``console`` block is one session. A line with ``$`` is a command for the shell. After ``wscat``
lines with ``>`` are typed and lines with ``<`` are received. ``…`` stands for anything on its line.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
ASSIGNMENT = re.compile(r"\A([A-Z]+)=")
ANSWER_SECONDS = 20.0


@dataclass
class Command:
    """A command with the lines that follow it."""

    text: str
    lines: list[str] = field(default_factory=list)


def sessions(document: Path) -> list[list[Command]]:
    """The console blocks of a document."""
    found = []
    for block in BLOCK.findall(document.read_text(encoding="utf-8")):
        commands: list[Command] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line[2:]))
            elif line:
                commands[-1].lines.append(line)
        found.append(commands)
    return found


def matches(expected: str, line: str) -> bool:
    """Whether a line is what the document says."""
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, line) is not None


class Shell:
    """Runs commands one after the other; assignments are kept for those that follow."""

    def __init__(self, address: str, wscat: Path) -> None:
        self._address = address
        self._environment = {
            **os.environ,
            "PATH": f"{wscat.parent}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, command: Command) -> None:
        """Run a command and hold what it prints against the document."""
        text = command.text.replace("localhost:8888", self._address)
        assignment = ASSIGNMENT.match(text)
        if assignment:
            value = self._output(f'{text}; printf %s "${assignment[1]}"')
            assert value, f"{command.text} gave nothing"
            self._environment[assignment[1]] = value
        elif text.startswith("wscat "):
            self._talk(text, command.lines)
        else:
            printed = self._output(text).splitlines()
            assert len(printed) == len(command.lines), f"{text}\nprinted {printed}"
            for expected, line in zip(command.lines, printed, strict=True):
                assert matches(expected, line), f"{text}\nexpected {expected}\nprinted  {line}"

    def _output(self, text: str) -> str:
        done = subprocess.run(
            ["bash", "-c", text],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            check=True,
        )
        return done.stdout

    def _talk(self, text: str, lines: list[str]) -> None:
        program = subprocess.Popen(
            ["bash", "-c", f"exec {text}"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert program.stdin is not None and program.stdout is not None
        received: Queue[str] = Queue()
        reader = threading.Thread(target=_read, args=(program.stdout, received), daemon=True)
        reader.start()
        try:
            waiting: list[str] = []
            for line in lines:
                if line.startswith("> "):
                    _expect(waiting, received)
                    waiting = []
                    program.stdin.write(line[2:] + "\n")
                    program.stdin.flush()
                else:
                    waiting.append(line.removeprefix("< "))
            _expect(waiting, received)
        finally:
            program.kill()
            program.wait()
            reader.join()


def _read(source: object, received: Queue[str]) -> None:
    for line in source:  # type: ignore[attr-defined]
        # wscat repeats its prompt before what it shows.
        received.put(re.sub(r"^(?:\x1b\[[0-9;]*[A-Za-z]|> |< )+", "", line.rstrip("\n")))


def _expect(waiting: list[str], received: Queue[str]) -> None:
    """Wait for these lines in any order: an answer and an entry may pass each other."""
    missing = list(waiting)
    seen = []
    while missing:
        try:
            line = received.get(timeout=ANSWER_SECONDS)
        except Empty:
            raise AssertionError(f"never received {missing}; received {seen}") from None
        if not line.startswith("{"):
            continue
        seen.append(line)
        found = next((expected for expected in missing if matches(expected, line)), None)
        assert found is not None, f"received {line}\nexpected one of {missing}"
        missing.remove(found)
