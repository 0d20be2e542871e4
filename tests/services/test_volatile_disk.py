"""The disk that forgets: what was flushed is there after a cut, and the rest is up to chance."""

from __future__ import annotations

import mmap
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.volatile_disk import PAGE, VolatileDisk, volatile_disk

PAGES = 256


@pytest.fixture
def disk() -> Iterator[VolatileDisk]:
    with volatile_disk(16) as disk:
        yield disk


def overwrite(path: Path, byte: bytes, *, flush: bool) -> None:
    """Fill a file page by page past the cache of the inner file system, as databases do."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    try:
        with mmap.mmap(-1, PAGE) as page:
            page[:] = byte * PAGE
            for number in range(PAGES):
                os.pwrite(descriptor, page, number * PAGE)
        if flush:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def test_what_was_flushed_outlives_a_cut_and_what_was_only_written_does_not(
    disk: VolatileDisk,
) -> None:
    with (disk.path / "flushed").open("w") as file:
        file.write("flushed")
        file.flush()
        os.fsync(file.fileno())
    (disk.path / "written").write_text("written")
    disk.cut(random.Random(0), luck=0)
    assert (disk.path / "flushed").read_text() == "flushed"
    assert not (disk.path / "written").exists()


def test_a_write_that_reached_the_disk_is_lost_until_the_disk_itself_has_flushed(
    disk: VolatileDisk,
) -> None:
    file = disk.path / "pages"
    overwrite(file, b"a", flush=True)
    overwrite(file, b"b", flush=False)
    disk.cut(random.Random(0), luck=0)
    assert file.read_bytes() == b"a" * PAGE * PAGES


def test_chance_leaves_some_pages_of_what_was_not_flushed_and_not_others(
    disk: VolatileDisk,
) -> None:
    file = disk.path / "pages"
    overwrite(file, b"a", flush=True)
    overwrite(file, b"b", flush=False)
    disk.cut(random.Random(0), luck=0.5)
    pages = Counter(file.read_bytes()[n * PAGE] for n in range(PAGES))
    assert pages.total() == PAGES
    assert min(pages[ord("a")], pages[ord("b")]) > PAGES / 4
