"""A file is taken for what it is: pictures are made anew, recordings played, others saved."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image

from im.app import Messenger
from tests.handlers import samples
from tests.handlers.api import Api
from tests.handlers.media_store import everything, nothing_left

pytestmark = pytest.mark.gen_test(timeout=60)

MEBI = 1024 * 1024


async def test_a_picture_loses_its_position_and_stands_upright(
    api: Api, messenger: Messenger
) -> None:
    ann = await api.register("ann")
    sent = samples.photograph(orientation=6)
    assert samples.POSITION in sent
    file = (await ann.upload(sent, "image/jpeg", name="家.jpeg")).data
    assert (file["type"], file["media"], file["name"]) == ("image/jpeg", "picture", "家.jpeg")
    assert (file["width"], file["height"]) == (48, 64)
    for url in (file["url"], file["thumbnail_url"]):
        reply = await ann.fetch(url)
        assert samples.POSITION not in reply.body
        with Image.open(io.BytesIO(reply.body)) as image:
            assert image.size == (48, 64)
            assert not image.getexif()
            assert not {"exif", "xmp", "comment"} & image.info.keys()
            # Turned by a quarter, what was left is on top.
            red, _, blue = image.convert("RGB").getpixel((24, 8))
            assert red > 200 > 60 > blue
        assert reply.headers["Content-Disposition"].startswith("inline; ")
    for data in await everything(messenger):
        assert samples.POSITION not in data


async def test_large_pictures_have_a_small_one_too(api: Api) -> None:
    ann = await api.register("ann")
    large = Image.effect_noise((1600, 1200), 80)
    out = io.BytesIO()
    large.save(out, "PNG")
    file = (await ann.upload(out.getvalue(), name="a.png")).data
    assert (file["type"], file["thumbnail"]) == ("image/png", True)
    reply = await ann.fetch(file["thumbnail_url"])
    assert reply.headers["Content-Type"] == "image/webp"
    with Image.open(io.BytesIO(reply.body)) as image:
        assert image.size == (640, 480)
    square = (await ann.upload(out.getvalue(), name="a.png", square="true")).data
    assert (square["width"], square["height"]) == (512, 512)


async def test_moving_pictures_move_on(api: Api) -> None:
    ann = await api.register("ann")
    sent = samples.moving(5)
    file = (await ann.upload(sent, "image/gif", name="cat.gif")).data
    assert (file["type"], file["name"], "thumbnail" in file) == ("image/webp", "cat.webp", False)
    for url in (file["url"], file["thumbnail_url"]):
        reply = await ann.fetch(url)
        with Image.open(io.BytesIO(reply.body)) as image:
            image.load()
            assert getattr(image, "n_frames", 1) == 5
            assert image.info["duration"] == 80
        assert samples.POSITION not in reply.body
    still = (await ann.upload(sent, "image/gif", square="true")).data
    with Image.open(io.BytesIO((await ann.fetch(still["url"])).body)) as image:
        assert (image.size, getattr(image, "n_frames", 1)) == ((30, 30), 1)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF", "BMP", "GIF"])
async def test_all_kinds_of_pictures_are_made_anew(api: Api, format: str) -> None:
    ann = await api.register("ann")
    file = (await ann.upload(samples.picture(format))).data
    assert (file["media"], file["width"], file["height"]) == ("picture", 64, 48)
    assert file["type"] == ("image/webp" if format in ("WEBP", "AVIF") else "image/png")
    with Image.open(io.BytesIO((await ann.fetch(file["url"])).body)) as image:
        red, green, blue = image.convert("RGB").getpixel((9, 9))
        assert red < 20 and 100 < green < 150 and 100 < blue < 150


async def test_transparent_and_grey_pictures_stay_so(api: Api) -> None:
    ann = await api.register("ann")
    clear = samples.picture("PNG", mode="RGBA", colour=(10, 20, 30, 0))
    file = (await ann.upload(clear)).data
    with Image.open(io.BytesIO((await ann.fetch(file["url"])).body)) as image:
        assert image.convert("RGBA").getpixel((1, 1))[3] == 0
    deep = samples.picture("PNG", mode="I;16", colour=32_768)
    file = (await ann.upload(deep)).data
    with Image.open(io.BytesIO((await ann.fetch(file["url"])).body)) as image:
        assert 120 < image.convert("L").getpixel((1, 1)) < 135


async def test_recordings_of_all_browsers_are_voice_messages(api: Api) -> None:
    ann = await api.register("ann")
    for data, said, type_ in (
        (samples.webm(), "audio/webm;codecs=opus", "audio/webm"),
        (samples.mp4(), "audio/mp4", "audio/mp4"),
    ):
        file = (await ann.upload(data, said, duration_ms=2300, waveform="0,50,100")).data
        assert (file["type"], file["media"], file["duration_ms"]) == (type_, "audio", 2300)
        assert file["waveform"] == [0, 50, 100]
        reply = await ann.fetch(file["url"], Range="bytes=0-3")
        assert (reply.status, reply.headers["Content-Type"]) == (206, type_)
        assert reply.headers["Content-Disposition"].startswith("inline; ")
        # The same bytes, not said to be a recording, are a film that one saves.
        film = (await ann.upload(data, "video/mp4")).data
        assert film["media"] == "file"
        disposition = (await ann.fetch(film["url"])).headers["Content-Disposition"]
        assert disposition.startswith("attachment; ")


async def test_what_is_said_of_a_file_is_checked(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    for query, field in (
        ({"duration_ms": 0}, "duration_ms"),
        ({"duration_ms": 3_600_001}, "duration_ms"),
        ({"waveform": "101"}, "waveform"),
        ({"waveform": "1,"}, "waveform"),
        ({"waveform": ",".join(["1"] * 101)}, "waveform"),
        ({"name": "x" * 300}, "name"),
    ):
        reply = await ann.upload(samples.webm(), "audio/webm", **query)
        reply.refused(400, "malformed", field)
    text = b"no sound at all"
    (await ann.upload(text, "audio/webm", duration_ms=5)).refused(415, "type_refused", "file")
    (await ann.upload(text, "image/png", square="true")).refused(415, "type_refused", "file")
    (await ann.upload(b"")).refused(400, "invalid", "file")
    (await api.call("POST", "/api/media", b"x")).refused(401, "unauthorized")
    await nothing_left(messenger)


async def test_pages_and_scripts_are_only_saved(api: Api) -> None:
    ann = await api.register("ann")
    page = b"<!doctype html><script>alert(1)</script>"
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    for data, said in (
        *((page, "text/html"), (svg, "image/svg+xml"), (b"alert(1)", "text/javascript")),
        *((b"%PDF-1.7 \n", "text/html"), (b"MZ\x90\x00" + bytes(100), "image/png")),
    ):
        file = (await ann.upload(data, said, name="a.html")).data
        reply = await ann.fetch(file["url"])
        assert reply.headers["Content-Type"] in ("application/octet-stream", "application/pdf")
        assert reply.headers["Content-Disposition"] == 'attachment; filename="a.html"'
        assert reply.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert (file["media"], reply.body) == ("file", data)


async def test_a_picture_that_is_also_something_else_is_only_a_picture(api: Api) -> None:
    ann = await api.register("ann")
    hidden = b"<script>alert(1)</script>PK\x03\x04"
    for data in (
        samples.picture("GIF") + hidden,
        samples.picture("PNG") + hidden,
        samples.picture("JPEG", comment=hidden) + hidden,
    ):
        file = (await ann.upload(data, "text/html")).data
        body = (await ann.fetch(file["url"])).body
        assert file["media"] == "picture"
        assert b"script" not in body and b"PK\x03\x04" not in body


async def test_bombs_and_broken_pictures_are_refused(api: Api, messenger: Messenger) -> None:
    ann = await api.register("ann")
    (await ann.upload(samples.huge_png())).refused(413, "too_large", "file")
    (await ann.upload(samples.huge_png(20_000, 2))).refused(413, "too_large", "file")
    many = samples.moving(1001, (2, 2))
    (await ann.upload(many)).refused(413, "too_large", "file")
    for data in (
        *(samples.picture("PNG")[:60], samples.picture("JPEG")[:300], samples.heic()),
        *(samples.huge_png(100, 100), b"GIF89a" + bytes(30), b"BM" + os.urandom(60)),
    ):
        (await ann.upload(data, "image/png")).refused(415, "type_refused", "file")
    await nothing_left(messenger)


@pytest.mark.parametrize("overrides", [{"media": {"kinds": ("picture",)}}])
async def test_only_what_is_enabled_is_taken(api: Api) -> None:
    ann = await api.register("ann")
    assert (await ann.upload(samples.picture())).status == 200
    for data, said in ((b"text", ""), (samples.webm(), "audio/webm")):
        (await ann.upload(data, said)).refused(415, "type_refused", "file")


@pytest.mark.parametrize("overrides", [{"media": {"kinds": ()}}])
async def test_nothing_is_taken_where_nothing_is_enabled(api: Api) -> None:
    ann = await api.register("ann")
    (await ann.upload(samples.picture())).refused(415, "type_refused", "file")
    async with api.socket(ann) as socket:
        assert (await socket.next_op("welcome"))["limits"]["upload_bytes"] == 0
