"""Services on a real database run on MariaDB and on SQLite."""

from __future__ import annotations

from tests.im.store.conftest import sqlite_url, url

__all__ = ["sqlite_url", "url"]
