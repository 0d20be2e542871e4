"""``run.py backup FILE|FOLDER [--keep N] [--overwrite]``, ``run.py restore FILE [--verify]``."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from im.backup.layout import Contents, Header, Refused
from im.backup.place import named, tidy, written
from im.backup.restore import check, restore
from im.backup.take import megabytes, take
from im.commands import USAGE
from im.node_database import open_node_database
from im.settings import Settings
from im.store.url import SqliteAddress, parse_url

PATIENCE = 600.0
"""Seconds for an answer of the database: nobody waits, and what was begun should end well."""
BACKUP = "backup FILE [--overwrite] | backup FOLDER [--keep N]"
RESTORE = "restore FILE [--log-out] | restore FILE --verify"
SHOWN_SECONDS = 0.2


class Progress:
    """One line at the terminal; nothing where there is none, as under cron."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._live = sys.stderr.isatty()

    def __call__(self, sentence: str) -> None:
        now = time.monotonic()
        if self._live and now >= self._shown + SHOWN_SECONDS:
            self._shown = now
            print(f"\r\x1b[K{sentence}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


async def run_backup(settings: Settings, arguments: Sequence[str]) -> int:
    """Write a backup. The exit status: 0 if it is whole, 2 for a wrong call.

    Raises ``Refused``, ``ImError``, ``UnusableDatabase`` or ``OSError``.
    """
    flags, words = _parted(arguments)
    keep = flags.get("--keep", "")
    allowed = flags.keys() <= {"--keep", "--overwrite"} and _count(keep)
    if len(words) != 1 or not words[0] or not allowed:
        print(BACKUP, file=sys.stderr)
        return USAGE
    place = _place(words[0])
    _refuse_missing(settings)
    file = named(place)
    if keep and file == place:
        raise Refused(f"--keep is for a folder, and {place} is none")
    progress = Progress()
    database = open_node_database(settings, PATIENCE)
    try:
        with written(file, overwrite="--overwrite" in flags) as target:
            contents = await take(database, target, progress)
    finally:
        progress.clear()
        await database.close()
    gone = tidy(place, int(keep)) if keep else []
    print(f"{file}: {megabytes(file.stat().st_size)}; {_amount(contents)}")
    for path in gone:
        print(f"removed {path}")
    _warn(contents)
    return 0


async def run_restore(settings: Settings, arguments: Sequence[str]) -> int:
    """Restore a backup, or look whether it is whole. The exit status: 0, or 2 for a wrong call.

    Raises ``Refused``, ``ImError`` or ``OSError``.
    """
    flags, words = _parted(arguments)
    if len(words) != 1 or set(flags) not in (set(), {"--verify"}, {"--log-out"}):
        print(RESTORE, file=sys.stderr)
        return USAGE
    file = Path(words[0])
    progress = Progress()
    try:
        if "--verify" in flags:
            checked = await asyncio.to_thread(check, file, progress)
        else:
            database = open_node_database(settings, PATIENCE)
            try:
                checked = await restore(database, file, progress, sessions="--log-out" not in flags)
            finally:
                await database.close()
    finally:
        progress.clear()
    done = "is whole" if "--verify" in flags else "is restored"
    print(f"{file} {done}: of {_moment(checked.header)}, {_amount(checked.contents)}")
    _warn(checked.contents)
    return 0


def _parted(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Flags with their values, and the other words."""
    flags = dict(word.partition("=")[::2] for word in arguments if word.startswith("--"))
    return flags, [word for word in arguments if not word.startswith("--")]


def _count(keep: str) -> bool:
    return not keep or (keep.isdecimal() and int(keep) > 0)


def _place(word: str) -> Path:
    """What ends in a slash is meant to be a folder."""
    place = Path(word)
    if word.endswith("/") and not place.is_dir():
        raise Refused(f"there is no folder {word}")
    return place


def _refuse_missing(settings: Settings) -> None:
    """A file that is not there would be made."""
    address = parse_url(settings.database_url)
    if isinstance(address, SqliteAddress) and not address.path.exists():
        raise Refused(f"there is no database {address.path}")


def _moment(header: Header) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(header.made_at / 1000))


def _amount(contents: Contents) -> str:
    def rows(table: str) -> int:
        found = contents.tables.get(table)
        return found.rows if found is not None else 0

    return (
        f"{rows('user_basic'):,} people, {rows('message'):,} entries,"
        f" {contents.files:,} files ({megabytes(contents.file_bytes)})"
    )


def _warn(contents: Contents) -> None:
    if contents.lost:
        print(
            f"missing or damaged in the database that was backed up: {len(contents.lost)} of its"
            " files; what shows them will say that they are gone",
            file=sys.stderr,
        )
