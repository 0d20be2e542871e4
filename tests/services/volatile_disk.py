"""A disk that forgets at a power cut whatever it was not told to flush, and a file system on it.

Two real file systems make it. The outer one has the disk's sectors in one file: its page cache is
the disk's own cache, and it reaches the platter (a file in memory) where the inner one sends a
flush. The inner one is what programs write to. At the cut the outer one is shut down without a
last write (``EXT4_IOC_SHUTDOWN``, as xfstests has it), so that both caches are lost: what programs
did not flush, and what the disk was not made to. Then both recover by themselves from what is left.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.services.folder import ServiceFolder
from tests.services.process import wait_until

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN: ``_IOR('X', 125, __u32)``."""
WITHOUT_LAST_WRITE = 2
"""EXT4_GOING_FLAGS_NOLOGFLUSH."""
WRITE_AND_WAIT = 7
"""sync_file_range(2): wait for what is being written, write these pages, and wait for them."""
PAGE = 4096
MEGABYTE = 1 << 20
OUTER_MEGABYTES = 16
"""What the outer file system takes for itself at most."""


class VolatileDisk:
    """A disk of some megabytes, of which a cut leaves only what was flushed, and what chance does.

    Attributes:
        path: where its file system is mounted, before a cut and after it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "disk"
        self._platter = folder / "platter"
        self._cache = folder / "cache"
        self._sectors = self._cache / "sectors"
        self._libc = ctypes.CDLL(None, use_errno=True)

    def make(self, megabytes: int) -> None:
        """Make it, empty, and mount it."""
        for place in (self.path, self._cache):
            place.mkdir()
        with self._platter.open("wb") as file:
            file.truncate((megabytes + OUTER_MEGABYTES) * MEGABYTE)
        _run("mkfs.ext4", "-q", "-F", "-N", "16", "-J", "size=4", self._platter)
        _mount(self._platter, self._cache)
        # Written in full, so that later writes change no more than the sectors themselves.
        with self._sectors.open("wb") as file:
            for _ in range(megabytes):
                file.write(bytes(MEGABYTE))
        _run("mkfs.ext4", "-q", "-F", self._sectors)
        self.unmount()
        self._mount()

    def flush(self) -> None:
        """Let everything reach the platter, as on a machine that has run for a while."""
        _run("sync", "--file-system", self.path)

    def cut(self, rng: random.Random, luck: float) -> None:
        """Cut the power and bring it back. Nobody may have a file open there any more.

        ``luck``: the share of the pages in the disk's cache that reach the platter just before,
        each by chance, as a disk writes them in an order of its own.
        """
        if luck:
            self._write_some(rng, luck)
        descriptor = os.open(self._cache, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", WITHOUT_LAST_WRITE))
        finally:
            os.close(descriptor)
        self.unmount()
        self._mount()

    def unmount(self) -> None:
        """Take it away, once nobody has a file open there."""
        for place in (self.path, self._cache):
            if place.is_mount():
                # A process that was killed has files open until its last thread has ended.
                wait_until(partial(_quietly, "umount", place), what=f"the end of {place}")

    def _mount(self) -> None:
        _mount(self._platter, self._cache)
        _mount(self._sectors, self.path)

    def _write_some(self, rng: random.Random, luck: float) -> None:
        write = self._libc.sync_file_range
        write.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
        descriptor = os.open(self._sectors, os.O_RDWR)
        try:
            for place in range(0, os.fstat(descriptor).st_size, PAGE):
                if rng.random() < luck and write(descriptor, place, PAGE, WRITE_AND_WAIT):
                    raise OSError(ctypes.get_errno(), "sync_file_range")
        finally:
            os.close(descriptor)


@contextmanager
def volatile_disk(megabytes: int) -> Iterator[VolatileDisk]:
    """Such a disk in memory; gone at the end. Skips without root."""
    if sys.platform != "linux" or os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        pytest.skip("mounting a file system needs root on Linux")
    folder = ServiceFolder("disk")
    disk = VolatileDisk(folder.path)
    try:
        disk.make(megabytes)
        yield disk
    finally:
        disk.unmount()
        folder.close()


def _mount(image: Path, place: Path) -> None:
    # The journal is written when somebody flushes, and not after some seconds as well.
    # Another process may take the same free loop device in that moment.
    mount = ("mount", "-o", "loop,noatime,commit=600", image, place)
    wait_until(partial(_quietly, *mount), what=f"the mount of {place}")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _quietly(*command: str | Path) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
