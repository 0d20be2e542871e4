"""What the documents say can be done as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.console import Shell, matches, sessions

HOME = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    HOME / "README.md",
    *sorted((HOME / "docs").glob("*.md")),
    HOME / "relay" / "README.md",
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")


@pytest.mark.parametrize(
    "name", ["README.md", "docs/tutorial.md", "docs/programs.md", "docs/administration.md"]
)
def test_the_sessions_of_a_document_run(node, wscat, name) -> None:  # type: ignore[no-untyped-def]
    started = node("--relay", "none")
    shell = Shell(f"localhost:{started.port}", wscat)
    commands = [command for session in sessions(HOME / name) for command in session]
    assert len(commands) >= 6
    for command in commands:
        shell.run(command)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(HOME).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    for target, _ in LINK.findall(document.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


def test_an_ellipsis_stands_for_anything_on_its_line_and_nothing_else_does() -> None:
    assert matches('{"a":…}', '{"a":[1,2]}')
    assert not matches('{"a":…}', '{"b":1}')
    assert not matches("a.c", "abc")
