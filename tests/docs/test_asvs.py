"""The page about the ASVS has each requirement of its levels 1 and 2, and tests that exist."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "asvs.md").read_text()
SECTIONS = {
    **{"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1},
    **{"3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4},
    **{"5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5},
    **{"6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2},
    **{"8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4},
    **{"10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4},
    **{"11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2},
    **{"13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1},
    **{"16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2},
}
"""Section of version 5.0.0: how many of its requirements are of level 1 or 2; they come first."""
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (.+?) \| (met|partly|not met|n/a) \| (.+) \|$", re.M)
NAMED = re.compile(r"`(tests/[^`:]+\.py)(?:::(test_\w+))?`")


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Names of the functions of a file."""
    found = ast.walk(ast.parse(path.read_text()))
    return frozenset(
        node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_each_requirement_is_there_once() -> None:
    assert sum(SECTIONS.values()) == 253
    wanted = Counter(f"{name}.{n}" for name, many in SECTIONS.items() for n in range(1, many + 1))
    assert Counter(number for number, *_ in ROW.findall(PAGE)) == wanted


def test_what_is_shown_by_a_test_has_one_that_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 150
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or test in functions_of(ROOT / path), f"{path}::{test}"


def test_what_is_not_met_is_named_at_the_beginning() -> None:
    beginning = PAGE.partition("## V1 ")[0]
    for number, _, state, _ in ROW.findall(PAGE):
        if state == "not met":
            assert number in beginning, number
