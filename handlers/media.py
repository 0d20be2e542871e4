"""Files: upload, and see what one may see."""

from __future__ import annotations

from tornado.web import stream_request_body

from handlers.operation import ApiHandler, operation
from handlers.ranges import Range, Unsatisfiable, disposition, wanted_range
from handlers.receiving import ReceivingHandler
from handlers.sending import send_pieces
from im.errors import Internal
from im.protocol import bodies, names
from im.protocol.server import File
from im.services.identity import Identity
from im.services.media import Opened, kind_of
from im.services.uploads import Description
from im.store.media import Sight

SHOWN_SECONDS = 86_400
"""How long a browser may show an avatar or icon without asking."""
FILE_POLICY = "sandbox; default-src 'none'"
"""Whatever a browser makes of a file that is opened alone: it runs nothing and reaches nothing."""


@stream_request_body
class UploadHandler(ReceivingHandler):
    """``/api/media``"""

    async def begin(self) -> None:
        """What is sent is described in the address; the body is the file itself."""
        who = await self.allowed("user", "send")
        query = self.query(bodies.UploadQuery)
        length = self.request.headers.get("Content-Length", "")
        self.upload = await self.messenger.files.uploads.begin(
            who,
            Description(
                name=query.name,
                type=self.request.headers.get("Content-Type", ""),
                size=int(length) if length.isdigit() else None,
                square=query.square,
                duration_ms=query.duration_ms,
                waveform=query.waveform_bytes(),
            ),
        )

    @operation(
        "Upload a file, to send it by its id",
        scope="send",
        query=bodies.UploadQuery,
        body=bytes,
        answer=bodies.Uploaded,
    )
    async def post(self, who: Identity, query: bodies.UploadQuery) -> bodies.Uploaded:
        """The body is the file; `Content-Type` tells a recording (`audio/…`) from a film.

        Pictures are made anew, without position and other metadata. A file that is not sent is
        removed after a day.
        """
        if self.upload is None:
            raise Internal("an upload that never began")
        return uploaded(await self.upload.finish())


class FileHandler(ApiHandler):
    """``/api/media/{file}``"""

    thumbnail = False

    @operation("A file that I may see", scope="read", answer=bytes, parts=True)
    async def get(self, who: Identity, file: int) -> None:
        """My own before it is sent; then those of messages that I can see, avatars and icons.

        Parts of it with `Range`.
        """
        await self.show(who, file)

    async def show(self, who: Identity, file: int) -> None:
        """Answer with the file, or the part of it that is asked for."""
        media = self.messenger.files.media
        opened = await media.open(who, file, thumbnail=self.thumbnail)
        tag = f'"{opened.file.sha256.hex()}"'
        self._describe(opened, tag)
        if self._known(tag):
            self.set_status(304)
            self.finish()
            return
        size = opened.file.size
        try:
            part = self._part(tag, size)
        except Unsatisfiable:
            self.set_status(416)
            self.set_header("Content-Range", f"bytes */{size}")
            self.finish()
            return
        if part is not None:
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {part.first}-{part.last}/{size}")
        whole = part or Range(0, size - 1)
        self.set_header("Content-Length", str(whole.last + 1 - whole.first))
        if self.request.method == "HEAD":
            self.finish()
            return
        with media.being_sent():
            await self._send(opened, whole)

    def _describe(self, opened: Opened, tag: str) -> None:
        file = opened.file
        kind = "inline" if kind_of(file.type) != "file" else "attachment"
        self.set_header("Content-Type", file.type)
        self.set_header("Content-Disposition", disposition(kind, file.name or f"{file.id}"))
        self.set_header("Content-Security-Policy", FILE_POLICY)
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Etag", tag)
        # What can be recalled is asked for each time, so that no browser shows it once it is gone.
        fresh = f"max-age={SHOWN_SECONDS}" if opened.sight is Sight.ANYONE else "no-cache"
        self.set_header("Cache-Control", f"private, {fresh}")

    def _known(self, tag: str) -> bool:
        """Whether the client has it already (RFC 9110, section 13.1.2)."""
        given = self.request.headers.get("If-None-Match", "")
        return given.strip() == "*" or tag in [
            each.strip().removeprefix("W/") for each in given.split(",")
        ]

    def _part(self, tag: str, size: int) -> Range | None:
        condition = self.request.headers.get("If-Range")
        if condition is not None and condition.strip() != tag:
            return None
        return wanted_range(self.request.headers.get("Range"), size)

    async def _send(self, opened: Opened, part: Range) -> None:
        await send_pieces(
            self, self.messenger.files.media.pieces(opened.file, part.first, part.last)
        )


class ThumbnailHandler(FileHandler):
    """``/api/media/{file}/thumbnail``"""

    thumbnail = True

    @operation("A small picture of a file that I may see", scope="read", answer=bytes, parts=True)
    async def get(self, who: Identity, file: int) -> None:
        """At most 640 pixels wide and high; the picture itself where it is small or moves."""
        await self.show(who, file)


def uploaded(file: File) -> bodies.Uploaded:
    """A new file with its addresses, and what a message calls it."""
    address = names.file_address(file.id)
    return bodies.Uploaded(
        **{name: getattr(file, name) for name in file.__struct_fields__},
        media=kind_of(file.type),
        url=address,
        thumbnail_url=f"{address}/thumbnail" if kind_of(file.type) == "picture" else None,
    )
