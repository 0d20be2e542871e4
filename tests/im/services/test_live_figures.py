"""What nodes tell of themselves, as it is remembered."""

from __future__ import annotations

from im.services.live_figures import MAX_NODES, POINTS, Series
from im.store.nodes import NodeRow


def test_what_is_remembered_of_nodes_is_bounded() -> None:
    series = Series()
    for number in range(MAX_NODES + 5):
        row = NodeRow(f"n{number}", "", 1, "", 0, "1", 1, 0, number + 1, 0, "nonsense")
        series.keep([row])
        series.keep([row])
    assert len(series.of(f"n{MAX_NODES}", POINTS)) == 1
    assert series.of("n0", POINTS) == []
    for at in range(POINTS + 5):
        series.keep([NodeRow("n", "", 1, "", 0, "1", 1, 0, at + 1, 0)])
    points = series.of("n", POINTS)
    assert (len(points), points[-1].at) == (POINTS, POINTS + 5)
