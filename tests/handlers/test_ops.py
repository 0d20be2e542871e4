"""For those who run a node: alive, ready, figures."""

from __future__ import annotations

import json

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import AsyncHTTPClient

from handlers.application import HOME
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


@pytest.mark.gen_test
@pytest.mark.parametrize("overrides", [{"media": {"max_bytes": 100_000, "quota_bytes": 150_000}}])
async def test_figures_tell_of_files(messenger: Messenger, api: Api) -> None:
    ann = await api.register("ann")
    assert (await ann.upload(bytes(90_000))).status == 200
    (await ann.upload(bytes(100_001))).refused(413, "too_large")
    (await ann.upload(bytes(90_000))).refused(413, "quota")
    (await ann.upload(b"")).refused(400, "invalid")
    await messenger.files.sweeper.count()
    families = text_string_to_metric_families(generate_latest(figures(messenger)).decode())
    found = {
        (sample.name, sample.labels.get("error")): sample.value
        for family in families
        for sample in family.samples
    }
    assert found["im_uploads_total", None] == 1
    assert found["im_upload_bytes_total", None] == found["im_media_bytes", None] == 90_000
    assert found["im_media_quota_bytes", None] == 150_000
    assert found["im_uploads_open", None] == found["im_downloads_open", None] == 0
    refused = {error: value for (_, error), value in found.items() if error}
    assert refused == {"too_large": 1, "quota": 1, "invalid": 1}


def test_every_figure_is_documented(messenger: Messenger) -> None:
    page = (HOME / "docs" / "operations.md").read_text("utf-8")
    known = {family.name for family in Figures(messenger).collect()}
    assert {name for name in known if f"`{name}`" not in page} == set()


def test_every_figure_says_what_it_counts(messenger: Messenger) -> None:
    families = list(Figures(messenger).collect())
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation for family in families)
