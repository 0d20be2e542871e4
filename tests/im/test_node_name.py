"""A node has the name after a restart that it had before, whatever ended it."""

from __future__ import annotations

import random

from im.node_name import node_name
from im.settings import NodeSettings, Settings
from tests.services.volatile_disk import volatile_disk


def test_a_power_cut_right_after_the_first_start_leaves_a_node_its_name() -> None:
    with volatile_disk(16) as disk:
        settings = Settings(node=NodeSettings(data_dir=disk.path / "data"))
        name = node_name(settings, 8888, 0)
        disk.cut(random.Random(0), luck=0)
        assert node_name(settings, 8888, 0) == name
