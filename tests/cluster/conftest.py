"""Clusters of real nodes on either database."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services.mariadb import MariaDB
from tests.services.netns import Network
from tests.services.schema import make_schema


@pytest.fixture(params=["mariadb", "sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new database of each kind, with the schema on MariaDB."""
    if request.param == "mariadb":
        url = str(request.getfixturevalue("mysql_url"))
        make_schema(url)
        return url
    return f"sqlite:///{tmp_path / 'im.db'}"


@pytest.fixture
def rng() -> random.Random:
    """Chance, with a seed that is shown; ``CLUSTER_SEED`` brings it back."""
    seed = int(os.environ.get("CLUSTER_SEED", random.SystemRandom().randrange(10**6)))
    print(f"CLUSTER_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def other_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """The address of an empty database of the other kind."""
    if database_url.startswith("sqlite:"):
        return str(request.getfixturevalue("mysql_url"))
    return f"sqlite:///{tmp_path / 'elsewhere' / 'im.db'}"


@pytest.fixture
def two_machines(
    netns: Callable[[int], Network], mariadb: MariaDB, mysql_url: str
) -> tuple[Network, str]:
    """Two machines, and the address of a database that they reach."""
    network = netns(2)
    network.forward(mariadb.port)
    return network, mysql_url.replace("@127.0.0.1:", f"@{network.host_address}:")
