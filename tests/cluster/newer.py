"""A newer version of this program: its source with one revision of the schema more."""

from __future__ import annotations

import shutil
from pathlib import Path

from im.store.migrations import HEAD

SOURCE = Path(__file__).resolve().parents[2]
PARTS = ("conf", "handlers", "im", "relay", "static", "templates")
REVISION = '''"""What no program of today knows of."""

from im.store.migrations.ddl import add_columns

revision = "{newest:04d}"
down_revision = "{before:04d}"


def upgrade() -> None:
    add_columns("member", "of_the_future SMALLINT NOT NULL DEFAULT 0")
'''


def newer_program(folder: Path) -> Path:
    """The ``run.py`` of a newer version, made in a folder."""
    for part in PARTS:
        shutil.copytree(SOURCE / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(SOURCE / "run.py", folder / "run.py")
    versions = folder / "im" / "store" / "migrations"
    known = versions / "__init__.py"
    text = known.read_text("utf-8")
    assert f"HEAD = {HEAD}\n" in text
    known.write_text(text.replace(f"HEAD = {HEAD}\n", f"HEAD = {HEAD + 1}\n"), "utf-8")
    revision = REVISION.format(newest=HEAD + 1, before=HEAD)
    (versions / "versions" / f"r{HEAD + 1:04d}_future.py").write_text(revision, "utf-8")
    return folder / "run.py"
