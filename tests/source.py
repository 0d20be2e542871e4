"""The project's own files, for tests that read the source."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENDORED = "static/vendor/"
"""Other people's work, kept as it is."""


def tracked(*suffixes: str) -> list[Path]:
    """Files under version control with one of these suffixes, vendored ones left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    paths = [ROOT / name for name in listed if name and not name.startswith(VENDORED)]
    return [p for p in paths if (not suffixes or p.suffix in suffixes) and p.is_file()]


def modules(*packages: str) -> Iterator[tuple[str, Path]]:
    """Dotted name and path of each Python module of these packages or top-level modules."""
    for package in packages:
        single = ROOT / f"{package}.py"
        paths = [single] if single.is_file() else sorted((ROOT / package).rglob("*.py"))
        for path in paths:
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(source: str, module: str, *, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a module imports, at any depth of its code.

    ``from a import b`` gives ``a.b``, whether ``b`` is a module or a name in ``a``.
    """
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parts, base]).rstrip(".")
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
