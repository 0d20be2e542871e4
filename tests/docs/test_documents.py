"""What the documents say can be done as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from im.client import Client, Message
from tests.docs.console import Shell, matches, sessions
from tests.handlers import samples
from tests.handlers.api import eventually

HOME = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    HOME / "README.md",
    *sorted((HOME / "docs").glob("*.md")),
    HOME / "relay" / "README.md",
    HOME / "deploy" / "README.md",
]
PROGRAM = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "docs/tutorial.md", "docs/programs.md", "docs/administration.md"),
        "docs/media.md",
    ],
)
def test_the_sessions_of_a_document_run(node, wscat, name) -> None:  # type: ignore[no-untyped-def]
    started = node("--relay", "none")
    shell = Shell(f"localhost:{started.port}", wscat)
    commands = [command for session in sessions(HOME / name) for command in session]
    assert len(commands) >= 6
    for command in commands:
        shell.run(command)


def test_the_bot_of_the_document_runs(node, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (program,) = PROGRAM.findall((HOME / "docs" / "programs.md").read_text("utf-8"))
    (tmp_path / "bot.py").write_text(program, "utf-8")
    url = node("--relay", "none").url
    picture = samples.picture()

    async def talk() -> None:
        async with await Client.register([url], "ann", "correct horse") as ann:
            bot = await ann.api.call("POST", "/api/users", {"name": "Echo", "kind": "bot"})
            scopes = {"name": "echo", "scopes": ["read", "send"]}
            made = await ann.api.call("POST", f"/api/users/{bot['id']}/tokens", scopes)
            to = f"u:{bot['id']}"
            # What comes before the bot runs is answered too, and once, also when it comes again.
            await ann.send_file(to, picture, name="first.jpg")
            for name in ("second.jpg", "third.jpg"):
                running = await asyncio.create_subprocess_exec(
                    *(sys.executable, str(tmp_path / "bot.py"), url, made["token"]),
                    env={**os.environ, "PYTHONPATH": str(HOME)},
                )
                try:
                    await ann.send_file(to, picture, name=name)

                    async def answered(name: str = name) -> bool:
                        return await answers(ann, bot["id"], name) > 0

                    await eventually(answered, name)
                finally:
                    running.kill()
                    await running.wait()
            for name in ("first.jpg", "second.jpg", "third.jpg"):
                assert await answers(ann, bot["id"], name) == 1

    asyncio.run(talk())


async def answers(person: Client, bot: int, name: str) -> int:
    """How often the bot has sent a file of this name back."""
    conv = f"p:{person.user.id}:{bot}"
    page = await person.request("sync", conv=conv, after=0)
    found = [entry for entry in page.entries or [] if isinstance(entry, Message)]
    return sum(
        entry.sender == bot
        and entry.file is not None
        and entry.file.name.endswith(name)
        and entry.text.startswith("image/jpeg, ")
        for entry in found
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(HOME).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    for target, _ in LINK.findall(document.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


def test_an_ellipsis_stands_for_anything_on_its_line_and_nothing_else_does() -> None:
    assert matches('{"a":…}', '{"a":[1,2]}')
    assert not matches('{"a":…}', '{"b":1}')
    assert not matches("a.c", "abc")
