"""Static files: right, small on the wire, kept for good, and nothing but them."""

from __future__ import annotations

import gzip
import json
from http import HTTPStatus

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from handlers.application import HOME
from handlers.assets import Assets, without_comments
from handlers.sentences import sentence_file
from im.i18n import LANGUAGES, NOT_FOR_SCRIPT, PAGE_PARTS, read_catalogue

MAIN = HOME / "static" / "app" / "main.js"


async def fetch(
    http_client: AsyncHTTPClient, url: str, method: str = "GET", **headers: str
) -> HTTPResponse:
    """A raw answer, as it came over the wire."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = HTTPRequest(url, method=method, headers=named, decompress_response=False)
    return await http_client.fetch(request, raise_error=False)


@pytest.mark.gen_test
async def test_a_file_by_version_may_be_kept_for_a_year_and_without_one_is_asked_for_again(
    http_client: AsyncHTTPClient, base_url: str, assets: Assets
) -> None:
    versioned = await fetch(http_client, base_url + assets.url("app/main.js"))
    assert versioned.body == MAIN.read_bytes()
    assert "immutable" in versioned.headers["Cache-Control"]
    assert "Etag" not in versioned.headers
    plain = await fetch(http_client, base_url + "/static/app/main.js")
    assert plain.headers["Cache-Control"] == "no-cache"
    old = await fetch(http_client, base_url + "/static/v-000000000000/app/main.js")
    assert old.headers["Cache-Control"] == "no-cache"
    assert old.body == MAIN.read_bytes()


@pytest.mark.gen_test
async def test_text_goes_compressed_to_who_takes_that(
    http_client: AsyncHTTPClient, base_url: str, assets: Assets
) -> None:
    url = base_url + "/static/app/main.js"
    answer = await fetch(http_client, url, Accept_Encoding="br, gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.body) == without_comments(MAIN.read_bytes())
    tag = answer.headers["Etag"]
    again = await fetch(http_client, url, Accept_Encoding="gzip", If_None_Match=tag)
    assert (again.code, again.body) == (HTTPStatus.NOT_MODIFIED, b"")
    head = await fetch(http_client, url, "HEAD", Accept_Encoding="gzip")
    assert (head.body, head.headers["Content-Length"]) == (b"", str(len(answer.body)))
    part = await fetch(http_client, url, Accept_Encoding="gzip", Range="bytes=0-9")
    assert (part.code, part.body) == (HTTPStatus.PARTIAL_CONTENT, MAIN.read_bytes()[:10])


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.gen_test
async def test_the_sentences_of_a_language_are_a_file_that_is_the_same_for_everyone(
    http_client: AsyncHTTPClient, base_url: str, assets: Assets, encoding: str
) -> None:
    catalogue = read_catalogue()
    for language in LANGUAGES:
        told: dict[str, str] = {}
        for part in PAGE_PARTS:
            name = sentence_file(language, part)
            assert name in assets.offline
            url = base_url + assets.url(name)
            answer = await fetch(http_client, url, Accept_Encoding=encoding)
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Type"].startswith("text/javascript")
            gzipped = answer.headers.get("Content-Encoding") == "gzip"
            assert gzipped == (encoding == "gzip")
            text = (gzip.decompress(answer.body) if gzipped else answer.body).decode()
            assert text.startswith("export default {")
            told |= json.loads(text.removeprefix("export default ").rstrip(";\n"))
        known = catalogue.sentences(language).items()
        assert told == {key: text for key, text in known if not key.startswith(NOT_FOR_SCRIPT)}
        url = f"{base_url}/static/{sentence_file(language, 'first')}"
        tag = (await fetch(http_client, url, Accept_Encoding=encoding)).headers["Etag"]
        again = await fetch(http_client, url, Accept_Encoding=encoding, If_None_Match=tag)
        assert again.code == HTTPStatus.NOT_MODIFIED


@pytest.mark.gen_test
async def test_what_can_be_a_document_has_a_policy_and_scripts_have_few_headers(
    http_client: AsyncHTTPClient, base_url: str, assets: Assets
) -> None:
    for name in ("icons.svg", "app/main.js", "css/base.css"):
        for encoding in ("gzip", "identity"):
            url = base_url + assets.url(name)
            answer = await fetch(http_client, url, Accept_Encoding=encoding)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert ("Content-Security-Policy" in answer.headers) == name.endswith(".svg")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../run.py",
        "/static/%2e%2e/run.py",
        "/static/v-000000000000/../../run.py",
        "/static/app/../../conf/app.toml",
        "/static//etc/passwd",
        "/static/app",
        "/static/nothing.js",
        "/static/%00",
        "/static/app/main.js%00.svg",
    ],
)
@pytest.mark.gen_test
async def test_nothing_else_can_be_read(
    http_client: AsyncHTTPClient, base_url: str, path: str
) -> None:
    for encoding in ("identity", "gzip"):
        answer = await fetch(http_client, base_url + path, Accept_Encoding=encoding)
        assert answer.code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


@pytest.mark.gen_test
async def test_what_is_personal_is_never_compressed(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    for path in ("/", "/toRegister", "/api/openapi.json"):
        answer = await fetch(http_client, base_url + path, Accept_Encoding="gzip")
        assert "Content-Encoding" not in answer.headers
