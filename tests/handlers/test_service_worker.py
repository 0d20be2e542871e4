"""The service worker knows the files of its version, and the manifests say what the app is."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

import pytest
from tornado.httpclient import AsyncHTTPClient

from handlers.application import HOME
from handlers.assets import Assets
from im.i18n import HTML_LANGUAGES, read_catalogue

WORKER = "/service-worker.js"


@pytest.mark.gen_test
async def test_the_worker_names_every_file_that_the_page_may_ask_for(
    http_client: AsyncHTTPClient, base_url: str, assets: Assets
) -> None:
    answer = await http_client.fetch(base_url + WORKER)
    text = answer.body.decode()
    assert f'const VERSION = "{assets.version}";' in text
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    found = re.search(r"^const FILES = (.*);$", text, re.MULTILINE)
    assert found is not None
    names = set(json.loads(found[1]))
    static = HOME / "static"
    needed = {
        path.relative_to(static).as_posix()
        for pattern in ("app/**/*.js", "css/*.css", "vendor/*.js", "*.svg")
        for path in static.glob(pattern)
    }
    assert needed | set(assets.made) <= names
    assert not any("swagger" in name or name.endswith(".json") for name in names)
    for name in names:
        head = await http_client.fetch(base_url + assets.url(name), method="HEAD")
        assert head.code == HTTPStatus.OK, name


@pytest.mark.gen_test
async def test_its_tag_is_the_version_of_the_pages_files(
    http_client: AsyncHTTPClient, base_url: str, assets: Assets
) -> None:
    head = await http_client.fetch(base_url + WORKER, method="HEAD")
    assert head.headers["Etag"] == f'"{assets.version}"'
    again = await http_client.fetch(
        base_url + WORKER, headers={"If-None-Match": head.headers["Etag"]}, raise_error=False
    )
    assert again.code == HTTPStatus.NOT_MODIFIED


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.gen_test
async def test_the_manifest_says_in_each_language_what_the_app_is(
    http_client: AsyncHTTPClient, base_url: str, assets: Assets, language: str
) -> None:
    address = assets.url(f"app-{language}.webmanifest")
    page = await http_client.fetch(base_url + "/", headers={"Accept-Language": language})
    assert f'<link rel="manifest" href="{address}">' in page.body.decode()
    answer = await http_client.fetch(base_url + address)
    assert answer.headers["Content-Type"] == "application/manifest+json; charset=utf-8"
    manifest = json.loads(answer.body)
    sentences = read_catalogue().sentences(language)  # type: ignore[arg-type]
    assert manifest["name"] == sentences["app.name"]
    assert manifest["description"] == sentences["app.tagline"]
    assert manifest["lang"] == HTML_LANGUAGES[language]  # type: ignore[index]
    assert (manifest["start_url"], manifest["scope"]) == ("/toChat", "/")
    assert {icon.get("purpose", "any") for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        picture = await http_client.fetch(base_url + assets.url(icon["src"]))
        assert picture.headers["Content-Type"].startswith(icon["type"])
        if icon["type"] == "image/png":
            size = int.from_bytes(picture.body[16:20], "big")
            assert icon["sizes"] == f"{size}x{size}"
