"""What several tests of the page begin with."""

from __future__ import annotations

import pytest

from tests.browser.people import TWO_NODES
from tests.services.node import NodeFactory
from tests.services.schema import make_schema


@pytest.fixture
def urls(node: NodeFactory, mysql_url: str) -> tuple[str, str]:
    """Two nodes with one database."""
    make_schema(mysql_url)
    first, second = (node("--database", mysql_url, env=TWO_NODES) for _ in range(2))
    return first.url, second.url
