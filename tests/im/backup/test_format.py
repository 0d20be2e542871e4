"""What is written is read again; what is damaged, cut short or of another kind is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import tarfile
import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest

from im.backup import layout
from im.backup.layout import BadBackup, Contents, Header
from im.backup.reader import File, Part, Rows, parts
from im.backup.writer import BackupWriter

HEADER = Header(layout.FORMAT, "1.0", 7, 1_700_000_000_000, "sqlite")
COLUMNS = ["id", "text", "hash"]
ROWS = [
    (number, f"text {number} 你好\n\r\u2028 😀", bytes([number % 256] * 32))
    for number in range(3000)
]
FILES = [random.Random(size).randbytes(size) for size in (0, 1, 100_000, 1_500_000)]


def pieces(data: bytes) -> Iterator[bytes]:
    """A file as it comes from a disk."""
    for start in range(0, len(data), 700_001):
        yield data[start : start + 700_001]


def written(*, wrong: bool = False) -> bytes:
    """A backup; ``wrong``: of one file other bytes are read than its hash says."""
    target = io.BytesIO()
    writer = BackupWriter(target, HEADER)
    assert writer.table("message", COLUMNS, [ROWS[:1000], ROWS[1000:]]) == len(ROWS)
    assert writer.table("empty", ["id"], []) == 0
    for data in FILES:
        assert writer.file(hashlib.sha256(data).digest(), len(data), pieces(data))
    if wrong:
        assert not writer.file(hashlib.sha256(b"right").digest(), 5, [b"wrong"])
    writer.lost(bytes(32))
    writer.finish()
    return target.getvalue()


def read(data: bytes) -> list[Part | bytes]:
    """All parts; of files their bytes."""
    return [
        part.source.read() if isinstance(part, File) else part for part in parts(io.BytesIO(data))
    ]


def test_all_that_was_written_is_read_again() -> None:
    header, *found, contents = read(written())
    assert header == HEADER and isinstance(contents, Contents)
    rows = [part for part in found if isinstance(part, Rows)]
    assert [row for part in rows if part.table == "message" for row in part.rows] == [
        [number, text, msgspec.to_builtins(hash_)] for number, text, hash_ in ROWS
    ]
    assert [part.columns for part in rows if part.table == "empty"] == [["id"]]
    assert [part for part in found if isinstance(part, bytes)] == FILES
    assert contents.tables["message"].rows == len(ROWS) and contents.files == len(FILES)
    assert contents.lost == [bytes(32).hex()]


def test_any_tool_can_unpack_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(written()), mode="r:gz") as tar:
        names = tar.getnames()
        assert names[0] == layout.HEADER and names[-1] == layout.CONTENTS
        for data in FILES:
            member = tar.extractfile(f"files/{hashlib.sha256(data).hexdigest()}")
            assert member is not None and member.read() == data


def test_a_file_that_was_damaged_where_it_was_read_does_not_spoil_the_backup() -> None:
    *_, contents = read(written(wrong=True))
    assert isinstance(contents, Contents)
    assert hashlib.sha256(b"right").hexdigest() in contents.lost


def test_what_is_cut_short_anywhere_is_refused() -> None:
    data = written()
    rng = random.Random(1)
    for end in [0, 1, 10, 20, 200, len(data) - 300, *rng.sample(range(300, len(data)), 10)]:
        with pytest.raises(BadBackup):
            read(data[:end])


def test_a_changed_byte_anywhere_is_refused() -> None:
    unpacked = bytearray(gzip.decompress(written()))
    with tarfile.open(fileobj=io.BytesIO(bytes(unpacked))) as tar:
        places = [
            member.offset_data + offset
            for member in tar.getmembers()
            for offset in {0, member.size // 2, member.size - 1}
            if member.size
        ]
    assert len(places) > 15
    for place in places:
        for bit in (0x01, 0x80):
            unpacked[place] ^= bit
            with pytest.raises(BadBackup):
                read(gzip.compress(bytes(unpacked), 0))
            unpacked[place] ^= bit


def test_what_is_damaged_behind_its_last_part_is_refused() -> None:
    data = written()
    for damaged in (data[:-1], data[:-8], data[:-8] + bytes([data[-8] ^ 1]) + data[-7:]):
        with pytest.raises(BadBackup):
            read(damaged)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty file"),
        (b"SQLite format 3\0" * 100, "not a backup"),
        (gzip.compress(b"hello" * 1000), "not a backup"),
    ],
    ids=["empty", "a database", "another archive"],
)
def test_another_file_is_refused_as_such(data: bytes, said: str) -> None:
    with pytest.raises(BadBackup, match=said):
        read(data)


def test_a_later_format_is_refused_by_its_first_part() -> None:
    target = io.BytesIO()
    BackupWriter(target, msgspec.structs.replace(HEADER, format=layout.FORMAT + 1)).finish()
    with pytest.raises(BadBackup, match="newer version"):
        read(target.getvalue())


def test_its_size_does_not_show_in_memory() -> None:
    class Nowhere(io.RawIOBase):
        def write(self, data: object) -> int:
            return len(data)  # type: ignore[arg-type]

    def page(start: int) -> list[tuple[int, str, bytes]]:
        return [(start + n, "x" * 1000, bytes(32)) for n in range(500)]

    piece = bytes(layout.READ_BYTES)
    tracemalloc.start()
    try:
        writer = BackupWriter(Nowhere(), HEADER)  # type: ignore[arg-type]
        writer.table("message", COLUMNS, (page(n * 500) for n in range(100)))
        writer.file(bytes(32), 50 * len(piece), (piece for _ in range(50)))
        for _ in range(3000):
            writer.file(bytes(32), 1, [b"x"])
        writer.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * 1024 * 1024
