"""The tutorial's upload: a form with a file, read as it comes."""

from __future__ import annotations

from typing import Any

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)
from tornado.web import HTTPError, stream_request_body

from handlers.base import BaseHandler
from handlers.operation import operation
from handlers.receiving import ReceivingHandler
from handlers.tutorial import TutorialHandler
from im.errors import Forbidden, Malformed, TooLarge
from im.protocol import names
from im.services.identity import Identity
from im.services.uploads import Description

FIELD = "file"
MAX_FIELD = 4096
"""Bytes of any other field."""
MAX_PARTS = 16


@stream_request_body
class AttachHandler(TutorialHandler, ReceivingHandler):  # type: ignore[misc]  # get_cookie asks less
    """``/attach/upload``"""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Given by the routes."""
        super().initialize(*args, **kwargs)
        self._fields: dict[str, bytearray] = {}
        self._parser: PushMultipartParser | None = None
        self._part: MultipartSegment | None = None

    @operation("上传文件", scope="send", body=bytes, answer=str, field=FIELD)
    async def post(self, who: Identity) -> str:
        """A form (`multipart/form-data`) with the field `file`, and before it `token` unless a
        header or cookie says who asks. Answers with the file's address, for `Url` or `icon`."""
        try:
            if self._parser is not None:
                self._parser.close()
        except MultipartError as error:
            raise Malformed(str(error), field=FIELD) from error
        if self.upload is None:
            raise Malformed("a form with the field file", field=FIELD)
        file = await self.upload.finish()
        self.say("tutorial.uploaded")
        return names.file_address(file.id)

    async def begin(self) -> None:
        """Read the form's outline; who asks may stand in the form itself."""
        kind, options = parse_options_header(self.request.headers.get("Content-Type", ""))
        is_form = kind == "multipart/form-data" and bool(options.get("boundary"))
        if self.bearer_token() is not None or not is_form:
            await self.allowed("user", "send")
        if not is_form:
            raise Malformed(self._example(), values={"reason": "form"})
        try:
            self._parser = PushMultipartParser(
                options["boundary"], max_segment_count=MAX_PARTS, strict=True
            )
        except MultipartError as error:
            raise Malformed(str(error)) from error

    async def take(self, data: bytes) -> None:
        """A piece of the form."""
        parser = self._parser
        if parser is None:
            return
        try:
            for event in parser.parse(data):
                if isinstance(event, MultipartSegment):
                    await self._begin_part(event)
                elif event is not None and self._part is not None:
                    await self._fill(self._part, bytes(event))
        except MultipartError as error:
            raise Malformed(str(error)) from error

    def check_xsrf_cookie(self) -> None:
        """Once the fields before the file are known: the token may be one of them."""

    async def _begin_part(self, part: MultipartSegment) -> None:
        self._part = part
        if part.name != FIELD:
            self._fields[part.name or ""] = bytearray()
            return
        if self.upload is not None:
            raise Malformed("one file at a time", field=FIELD)
        self._check_xsrf()
        # A token in the form counts more than a cookie, as everywhere in the dialect.
        self._identified = False
        who = await self.allowed("user", "send")
        self.upload = await self.messenger.files.uploads.begin(
            who, Description(name=part.filename or "", type=part.content_type or "")
        )

    async def _fill(self, part: MultipartSegment, data: bytes) -> None:
        if part.name == FIELD:
            await super().take(data)
            return
        field = self._fields[part.name or ""]
        field += data
        if len(field) > MAX_FIELD:
            raise TooLarge("field", field=part.name, values={"limit": f"{MAX_FIELD} B"})

    def _check_xsrf(self) -> None:
        if self._field_token() is None:
            given = self._fields.get("_xsrf")
            if given is not None:
                self.request.arguments["_xsrf"] = [bytes(given)]
            try:
                BaseHandler.check_xsrf_cookie(self)
            except HTTPError as error:
                raise Forbidden(str(error)) from error

    def _example(self) -> str:
        address = f"{self.request.protocol}://{self.request.host}{self.request.path}"
        return f"curl -F token=TOKEN -F file=@FILE {address}"

    def _field_token(self) -> str | None:
        field = self._fields.get("token")
        return field.decode(errors="replace") or None if field is not None else None
