"""What nodes say of themselves at ``/metrics``."""

from __future__ import annotations

import urllib.request
from collections import Counter

from prometheus_client.parser import text_string_to_metric_families


def read_figures(url: str) -> Counter[str]:
    """The figures of one node by name; those of the relay by their own names. Blocks.

    Raises ``OSError`` when the node doesn't answer.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/metrics", timeout=20) as response:
        text = response.read().decode()
    figures: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            figures[sample.labels.get("figure", sample.name)] = int(sample.value)
    return figures
