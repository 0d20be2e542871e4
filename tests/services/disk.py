"""A file system of a few megabytes, which a test can fill."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.folder import ServiceFolder

CHUNKS = (1 << 20, 4096)
"""Bytes that are written at a time: many, then what is left."""


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system in memory that holds no more than that; gone at the end. Skips without root."""
    folder = ServiceFolder("disk")
    disk = folder.path / "disk"
    disk.mkdir()
    try:
        if sys.platform != "linux" or not _mount(disk, megabytes):
            pytest.skip("mounting a file system needs root on Linux")
        try:
            yield disk
        finally:
            # Whatever still has a file open there loses it only when it ends.
            subprocess.run(["umount", "--lazy", disk], check=True)
    finally:
        folder.close()


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Nothing more finds room there until the end."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in CHUNKS:
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
    try:
        yield
    finally:
        ballast.unlink()


def _mount(disk: Path, megabytes: int) -> bool:
    if os.geteuid() != 0:
        return False
    options = f"size={megabytes}m"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True, check=False
    )
    return made.returncode == 0
