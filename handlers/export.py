"""All of one's own data in one file."""

from __future__ import annotations

from datetime import UTC, datetime

from handlers.operation import ApiHandler, operation
from handlers.ranges import disposition
from handlers.sending import send_pieces
from im.services.identity import Identity


class ExportHandler(ApiHandler):
    """``/api/me/export``"""

    @operation(
        "All that is mine, and all that I may read", answer=bytes, types=("application/zip",)
    )
    async def get(self, who: Identity) -> None:
        """A ZIP archive: profile, settings, contacts, groups and sessions as JSON; every
        conversation as JSON lines and as pages for a browser; the files that I have sent, and those
        that others have shown me, up to `media.export_bytes`. One at a time.
        """
        today = datetime.now(UTC).date().isoformat()
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", disposition("attachment", f"{who.name} {today}.zip"))
        asked = self.request.method == "HEAD"
        export = await self.messenger.exports.begin(who, self.language, counted=not asked)
        try:
            if asked:
                return
            await self.note("data.exported", who, f"u:{who.user}")
            await send_pieces(self, export.pieces())
        finally:
            await export.close()
