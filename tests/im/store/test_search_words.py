"""What is found in a text is what the index knows it by."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from im.store.folding import fold, fold_by_parts
from im.store.postings import BLOCK, falling, pack, unpack
from im.store.search_words import LONG, find, parse, tokens_of

ALPHABET = (
    "abcABＡＢßéｅ\u0301\u0308İiıſﬃ㎏①½ﾊﾞﾊ中国国中囯你好ああアｶﾞ한국가\u1161ก็ "
    "😀❤\ufe0f\u200d-_.,!？。'1234\u3000\n"
)
texts = st.text(alphabet=ALPHABET, max_size=30) | st.text(max_size=20)


def ranges(query: str, text: str) -> list[str] | None:
    """The parts of a text in which a query is found."""
    parsed = parse(query)
    assert parsed is not None
    found = find(parsed, text)
    return None if found is None else [text[start:end] for start, end in found]


@pytest.mark.parametrize(
    ("query", "text", "parts"),
    [
        ("中", "在中国", ["中"]),
        ("中国", "在中国，中国人", ["中国", "中国"]),
        ("国人", "中国人", ["国人"]),
        ("国中", "中国", None),
        ("中国 上海", "上海在中国", ["上海", "中国"]),
        ("中国 北京", "上海在中国", None),
        ("hello", "Say HELLO", ["HELLO"]),
        ("ell", "Hello", ["ell"]),
        ("ＨＥＬＬＯ", "hello", ["hello"]),
        ("hello", "ｈｅｌｌｏ", ["ｈｅｌｌｏ"]),
        ("go", "Go, then good", ["Go"]),
        ("go", "good", None),
        ("go", "我用go写", ["go"]),
        ("c++", "C++ 和 cc++", ["C++"]),
        ("7", "第7章 77", ["7"]),
        ("第7章", "第7章", ["第7章"]),
        ("3.14", "3.14 13.14 3.145", ["3.14"]),
        ("139", "13912345678", ["139"]),
        ("straße", "STRASSE", ["STRASSE"]),
        ("strasse", "Straße", ["Straße"]),
        ("ss", "Straße", None),
        ("café", "cafe\u0301!", ["cafe\u0301"]),
        ("ガ", "ｶﾞ", ["ｶﾞ"]),
        ("kg", "5 ㎏", ["㎏"]),
        ("😀", "好😀😀", ["😀😀"]),
        ("❤", "I ❤\ufe0f it", ["❤\ufe0f"]),
        ("iPhone手机", "新iphone手机壳", ["iphone手机"]),
        ("don't", "I don't", ["don't"]),
        ("你好！", "你好！", ["你好！"]),
        ("你好！", "你好。", None),
        ("aaa", "aaaa", ["aaaa"]),
    ],
)
def test_what_is_found_and_where(query: str, text: str, parts: list[str] | None) -> None:
    assert ranges(query, text) == parts


@pytest.mark.parametrize("query", ["", "  ", "！？", ".", "\u200d"])
def test_a_query_without_a_letter_or_sign_is_none(query: str) -> None:
    assert parse(query) is None


@settings(max_examples=600, deadline=None)
@given(texts, texts, st.integers(0, 29), st.integers(1, 8))
@example("é", "e\u0301", 0, 2)
@example("ab中", "xab中", 0, 3)
def test_a_text_has_the_tokens_of_whatever_is_found_in_it(
    text: str, other: str, start: int, length: int
) -> None:
    for asked in (text[start : start + length], other):
        query = parse(asked)
        if query is not None and find(query, text) is not None:
            assert set(query.tokens) <= tokens_of(text, 1), (query, text)


@settings(max_examples=400, deadline=None)
@given(texts)
def test_folding_at_once_and_part_by_part_are_the_same(text: str) -> None:
    assert fold(text).text == fold_by_parts(text).text


@settings(max_examples=300, deadline=None)
@given(texts)
def test_a_text_without_blanks_is_found_in_itself(text: str) -> None:
    query = parse(text)
    if query is not None:
        found = find(query, text)
        assert found
        assert all(0 <= start < end <= len(text) for start, end in found)
        assert found == sorted(found)


def test_a_long_text_has_one_token_instead_of_many() -> None:
    text = " ".join(chr(0x4E00 + number) for number in range(3000))
    assert tokens_of(text, 7) == {LONG, "s7"}


def test_a_short_word_that_stands_often_inside_others_takes_no_long_time() -> None:
    query = parse("ab")
    assert query is not None
    assert find(query, "ab" * 32_000) is None


@settings(deadline=None)
@given(st.sets(st.integers(0, BLOCK - 1)) | st.integers(1, BLOCK).map(lambda n: set(range(n))))
def test_a_set_is_packed_small_and_unpacked_whole(numbers: set[int]) -> None:
    bits = sum(1 << number for number in numbers)
    packed = pack(bits)
    assert len(packed) <= min(512, 2 * len(numbers)) or len(packed) == 512
    assert unpack(packed) == bits
    assert list(falling(bits)) == sorted(numbers, reverse=True)
