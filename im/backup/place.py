"""Where a backup is written: under its name only when it is whole, and readable by nobody else."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from im.backup.layout import Refused
from im.flushing import flush_folder

PARTIAL = ".partial"
"""Ends the name of what is being written, beside the file that it will be."""
_OWN_NAME = re.compile(r"im-\d{8}T\d{6}Z\.tar\.gz")


def named(place: Path) -> Path:
    """The file that is meant: in a folder one named after the time, UTC."""
    if place.is_dir():
        return place / time.strftime("im-%Y%m%dT%H%M%SZ.tar.gz", time.gmtime())
    return place


@contextmanager
def written(file: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """A file to write, which gets its name if all goes well, and else is gone.

    Raises ``Refused`` or ``OSError``.
    """
    _refuse_existing(file, overwrite=overwrite)
    partial = file.with_name(file.name + PARTIAL)
    remove_abandoned([partial])
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{file}: another backup is being written there") from None
    with os.fdopen(descriptor, "wb") as target:
        # The system lets go of it with the process, however that ends.
        fcntl.flock(target, fcntl.LOCK_EX)
        try:
            yield target
            target.flush()
            os.fsync(target.fileno())
            _refuse_existing(file, overwrite=overwrite)
            partial.replace(file)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    flush_folder(file.parent)


def tidy(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` backups named by ``named``; those that are gone."""
    remove_abandoned(
        path for path in folder.iterdir() if _OWN_NAME.fullmatch(path.name.removesuffix(PARTIAL))
    )
    whole = sorted(path for path in folder.iterdir() if _OWN_NAME.fullmatch(path.name))
    gone = whole[: max(0, len(whole) - keep)]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def remove_abandoned(files: Iterator[Path] | list[Path]) -> None:
    """Remove those of these that are no whole backup and that nobody writes any more."""
    for path in files:
        if path.name.endswith(PARTIAL):
            with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)


def _refuse_existing(file: Path, *, overwrite: bool) -> None:
    if file.exists() and not overwrite:
        raise Refused(f"{file} exists; --overwrite replaces it")
