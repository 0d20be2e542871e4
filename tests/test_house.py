"""What every file of the project keeps to."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.source import ROOT, tracked

LINES = 400
LONG_FILES: dict[str, str] = {}
"""Path of a file that may be longer: why it is one idea all the same."""
CODE = (".py", ".js", ".mjs", ".css", ".html", ".sh")

VAGUE_NAMES = {"common", "helper", "helpers", "misc", "stuff", "util", "utils"}

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|(?i:\bfor now\b)")
HOMES = [r"/root/", r"/home/\w+/\w", r"/Users/\w+/\w", re.escape(f"{ROOT}/")]
PRIVATE = re.compile("|".join(HOMES))
"""Folders of somebody's machine, this one's copy of the project among them."""
TEXT = (*CODE, ".cfg", ".toml", ".md", ".json", ".sql", ".txt", ".yml", ".yaml", ".service", "")


def relative(path: Path) -> str:
    """The path as in the list of files."""
    return path.relative_to(ROOT).as_posix()


def hits(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """``path:line: text`` for each line in which the pattern is found, but in this file."""
    return [
        f"{relative(path)}:{number}: {line.strip()[:100]}"
        for path in paths
        if path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_a_file_is_one_idea_of_at_most_400_lines() -> None:
    lengths = {relative(p): len(p.read_text("utf-8").splitlines()) for p in tracked(*CODE)}
    long = {name: length for name, length in lengths.items() if length > LINES}
    assert set(long) == set(LONG_FILES), f"too long, or listed without need: {long}"


def test_a_name_says_what_is_in_the_file() -> None:
    names = [relative(p) for p in tracked() if VAGUE_NAMES & {*p.relative_to(ROOT).parts, p.stem}]
    assert names == []


def test_nothing_is_left_for_later() -> None:
    assert hits(UNFINISHED, tracked(*TEXT)) == []


def test_no_path_of_somebodys_machine_is_left() -> None:
    assert hits(PRIVATE, tracked(*TEXT)) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (UNFINISHED, "# TODO: more"),
        (UNFINISHED, "good enough For now."),
        (PRIVATE, f"cd {ROOT}/tests"),
        (PRIVATE, "open('/home/somebody/im.db')"),
    ],
)
def test_such_a_line_is_found(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


def test_hints_are_never_evaluated_at_import() -> None:
    """Each module with code begins with ``from __future__ import annotations``."""
    missing = []
    for path in tracked(".py"):
        body = ast.parse(path.read_text("utf-8")).body
        code = [node for node in body if not isinstance(node, ast.Expr)]
        if code and not (isinstance(code[0], ast.ImportFrom) and code[0].module == "__future__"):
            missing.append(relative(path))
    assert missing == []
