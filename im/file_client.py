"""Files for programs: up and down piece by piece, so that none is ever whole in memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import mimetypes
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlencode

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from im.http_client import Refused, Trusted, pause_after, refusal, trusting
from im.protocol.bodies import Uploaded
from im.protocol.names import file_address
from im.protocol.server import File

PIECE_BYTES = 256 * 1024
MOST_BYTES = 1024**3
"""Largest file that any server can be set to take (``media.max_bytes``)."""
SLOWEST = 16 * 1024
"""Bytes a second, on the whole, below which a transfer is given up."""
GRACE_SECONDS = 60.0
PAUSE = 0.5
"""Seconds until a lost upload is tried again."""
ANSWER_BYTES = 64 * 1024
"""Bytes of an answer that is no file."""

T = TypeVar("T")
Source = Path | str | bytes
"""A file's path, or what is in it."""
Progress = Callable[[int, int], None]
"""Called with the bytes that have passed and those of the whole file."""


class Broken(OSError):
    """A file did not come whole; nothing of it was kept."""


class Files:
    """Uploads and downloads of one program, at the first of its nodes that is there.

    Args:
        urls: nodes, ``http(s)://host:port``.
        token: of a session, or of a program: with the scopes ``send`` (up) and ``read`` (down).
        authority: see ``trusting``.
    """

    def __init__(self, urls: Sequence[str], token: str, authority: Trusted = None) -> None:
        self._urls = list(urls)
        self._token = token
        self._trusted = trusting(authority)

    async def upload(
        self,
        source: Source,
        *,
        name: str | None = None,
        square: bool = False,
        duration_ms: int | None = None,
        waveform: Sequence[int] | None = None,
        progress: Progress | None = None,
    ) -> Uploaded:
        """Upload a file; it is kept for some hours for a message to show it.

        ``name``: what people see, by default that of the path. ``square``: for an avatar or icon.
        ``duration_ms``, ``waveform`` (up to 100 steps, 0 to 100): of a recording. Raises
        ``Refused`` (too large, of a kind that is not taken, quota, too often) or ``OSError``.
        """
        shown = name if name is not None else "" if isinstance(source, bytes) else Path(source).name
        query: dict[str, Any] = {"name": shown}
        query |= {"square": "true"} if square else {}
        query |= {"duration_ms": duration_ms} if duration_ms is not None else {}
        query |= {"waveform": ",".join(map(str, waveform))} if waveform is not None else {}
        kind = mimetypes.guess_type(shown)[0] or "application/octet-stream"
        size = size_of(source)

        async def ask(url: str) -> Uploaded:
            with _opened(source) as file:
                response = await self._fetch(
                    f"{url}/api/media?{urlencode(query)}",
                    size,
                    method="POST",
                    headers={"Content-Type": kind, "Content-Length": str(size)},
                    body_producer=_producer(file, size, progress),
                )
            return msgspec.convert(msgspec.json.decode(response.body)["data"], Uploaded)

        return await self._anywhere(ask)

    async def upload_at_last(self, source: Source, **more: Any) -> Uploaded:
        """``upload``, however often that has to be tried. Raises as it does, but for lost
        connections."""
        while True:
            try:
                return await self.upload(source, **more)
            except Refused as error:
                await pause_after(error)
            except ConnectionError:
                await asyncio.sleep(PAUSE)

    async def download(
        self,
        file: File | int,
        target: Path | str,
        *,
        thumbnail: bool = False,
        most_bytes: int = MOST_BYTES,
        progress: Progress | None = None,
    ) -> Path:
        """Download a file to ``target``, or under its number and name into it if it is a folder.

        The path is there when the file is whole and its SHA-256 is right, or not at all. Raises
        ``Refused`` (not there, not yours to see, recalled), ``Broken`` (also for more than
        ``most_bytes``) or another ``OSError``.
        """
        number = file if isinstance(file, int) else file.id
        path = _path(file, Path(target))
        address = file_address(number) + ("/thumbnail" if thumbnail else "")

        async def ask(url: str) -> Path:
            await self._save(url + address, path, most_bytes, progress)
            return path

        return await self._anywhere(ask)

    # Inside

    async def _anywhere(self, ask: Callable[[str], Awaitable[T]]) -> T:
        for url in self._urls[:-1]:
            with suppress(ConnectionError, HTTPClientError):
                return await ask(url)
        try:
            return await ask(self._urls[-1])
        except HTTPClientError as error:
            raise ConnectionError(f"{self._urls[-1]}: {error}") from error

    async def _save(self, url: str, path: Path, most: int, progress: Progress | None) -> None:
        with _whole(path) as target:
            arriving = _Arriving(target, most, progress)
            response = await self._fetch(
                url,
                most,
                header_callback=arriving.header,
                streaming_callback=arriving.take,
                max_body=most,
                said=arriving.refused,
            )
            arriving.check(response.headers.get("Etag", ""))

    async def _fetch(
        self,
        url: str,
        size: int,
        *,
        max_body: int = 0,
        said: Callable[[], bytes] | None = None,
        **more: Any,
    ) -> HTTPResponse:
        """Raises ``Refused``, ``HTTPClientError`` without an answer, or ``OSError``.

        ``said``: the answer of a node that refused, where it is taken in pieces.
        """
        headers = {"Authorization": f"Bearer {self._token}", **more.pop("headers", {})}
        # Of its own, as the usual one takes no answer over 100 MB.
        client = AsyncHTTPClient(force_instance=True, max_body_size=max(max_body, ANSWER_BYTES))
        try:
            return await client.fetch(
                HTTPRequest(
                    url,
                    headers=headers,
                    request_timeout=GRACE_SECONDS + size / SLOWEST,
                    ssl_options=self._trusted,
                    decompress_response=False,
                    **more,
                )
            )
        except HTTPClientError as error:
            raise refusal(error, said() if said is not None else None) or error from error
        finally:
            client.close()


class _Arriving:
    """A download on its way into a file; an answer that is none is kept apart."""

    def __init__(self, target: BinaryIO, most: int, progress: Progress | None) -> None:
        self._refusal = b""
        self._target = target
        self._most = most
        self._progress = progress
        self._hash = hashlib.sha256()
        self._status = 0
        self._size = 0
        self._come = 0

    def header(self, line: str) -> None:
        if line.startswith("HTTP/"):
            self._status = int(line.split()[1])
        elif line.lower().startswith("content-length:"):
            self._size = int(line.partition(":")[2])

    def take(self, data: bytes) -> None:
        if self._status != 200:
            self._refusal = (self._refusal + data)[:ANSWER_BYTES]
            return
        self._target.write(data)
        self._hash.update(data)
        self._come += len(data)
        if self._progress is not None:
            self._progress(self._come, self._size)

    def refused(self) -> bytes:
        """What came in place of a file. Raises ``Broken`` when there is one, but too large."""
        if self._status == 200 and self._size > self._most:
            raise Broken(f"{self._size} bytes; at most {self._most} are wanted")
        return self._refusal

    def check(self, tag: str) -> None:
        self.refused()
        if self._come != self._size or tag.strip('"') != self._hash.hexdigest():
            raise Broken("the file did not come as it is there")


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file that is under its name when all went well, or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".im-")
    try:
        with os.fdopen(descriptor, "wb") as target:
            yield target
            target.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _path(file: File | int, target: Path) -> Path:
    if not target.is_dir():
        return target
    number, name = (file, "") if isinstance(file, int) else (file.id, Path(file.name).name)
    return target / (f"{number}-{name}" if name else f"{number}")


def size_of(source: Source) -> int:
    """Bytes of a file. Raises ``OSError``."""
    return len(source) if isinstance(source, bytes) else Path(source).stat().st_size


def _opened(source: Source) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def _producer(file: BinaryIO, size: int, progress: Progress | None) -> Callable[[Any], Any]:
    async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
        sent = 0
        # Never more than was announced, should the file be growing.
        while data := await asyncio.to_thread(file.read, min(PIECE_BYTES, size - sent)):
            await write(data)
            sent += len(data)
            if progress is not None:
                progress(sent, size)

    return produce


__all__ = ["Broken", "Files", "Refused"]
