"""For those who run a node: alive, ready, figures."""

from __future__ import annotations

import json

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import AsyncHTTPClient

from handlers.figures import Figures
from handlers.ops import figures
from im.app import Messenger
from tests.handlers.api import Api


@pytest.mark.gen_test
async def test_a_node_is_ready_until_it_drains(
    messenger: Messenger, http_client: AsyncHTTPClient, base_url: str
) -> None:
    ready = await http_client.fetch(f"{base_url}/readyz")
    assert json.loads(ready.body)["status"] == "ready"
    messenger.draining = True
    refused = await http_client.fetch(f"{base_url}/readyz", raise_error=False)
    assert refused.code == 503
    assert json.loads(refused.body)["reasons"] == ["draining"]
    alive = await http_client.fetch(f"{base_url}/healthz")
    assert alive.code == 200


@pytest.mark.gen_test
async def test_figures_tell_what_happened(messenger: Messenger, api: Api) -> None:
    def read() -> dict[str, float]:
        families = text_string_to_metric_families(generate_latest(figures(messenger)).decode())
        return {sample.name: sample.value for family in families for sample in family.samples}

    before = read()
    person = await api.register("小红")
    other = await api.register("bob")
    async with api.socket(other) as socket:
        await person.send(f"u:{other.id}", "hi")
        await socket.next_op("message")
        after = read()
    assert after["im_connections"] == before["im_connections"] + 1
    assert after["im_users_here"] == 1
    assert after["im_deliveries_total"] == before["im_deliveries_total"] + 1
    assert after["im_database_statements_total"] > before["im_database_statements_total"]


def test_every_figure_says_what_it_counts(messenger: Messenger) -> None:
    families = list(Figures(messenger).collect())
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation for family in families)
