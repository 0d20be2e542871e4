"""Each test of the store runs on MariaDB and on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["mariadb", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'im.db'}"
    found: str = request.getfixturevalue("mysql_url")
    return found


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an empty SQLite database."""
    return f"sqlite:///{tmp_path / 'im.db'}"
