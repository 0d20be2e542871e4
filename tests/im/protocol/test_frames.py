"""Whatever a client sends becomes a frame or a clear error, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.errors import ImError, Malformed, UnknownOp
from im.protocol import client, names, server
from im.protocol.asyncapi import document, schemas
from im.protocol.encoding import OPS, decode_frame, encode, frame_id

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=300))
def test_bytes_become_a_frame_or_a_clear_error(data: bytes) -> None:
    try:
        frame = decode_frame(data)
    except ImError as error:
        assert isinstance(error, Malformed | UnknownOp)
        frame_id(data)
    else:
        assert isinstance(frame, client.Frame)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_even_with_lone_surrogates_becomes_a_frame_or_a_clear_error(text: str) -> None:
    with pytest.raises((Malformed, UnknownOp)):
        decode_frame(json.dumps(text))
    with pytest.raises((Malformed, UnknownOp)):
        decode_frame(text)
    frame_id(text)


@given(
    st.fixed_dictionaries(
        {"op": st.sampled_from(sorted(OPS))},
        optional={
            name: json_values
            for name in ("id", "to", "text", "conv", "seq", "key", "users", "limit", "extra")
        },
    )
)
def test_a_frame_of_wrong_types_is_refused_by_name(frame: dict[str, Any]) -> None:
    data = json.dumps(frame)
    try:
        decoded = decode_frame(data)
    except Malformed:
        found = frame_id(data)
        assert found is None or found == frame["id"]
    else:
        assert encode(decoded)


@given(st.integers(-(2**70), 2**70))
def test_an_id_is_repeated_in_the_answer_to_a_frame_that_is_wrong(number: int) -> None:
    data = json.dumps({"op": "dance", "id": number})
    with pytest.raises(UnknownOp):
        decode_frame(data)
    assert frame_id(data) == number or abs(number) > names.MAX_ID


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00", "a\\ud83dz"])
def test_a_lone_surrogate_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        decode_frame('{"op":"send","to":"u:1","text":"' + text + '"}')


def test_deep_json_is_refused() -> None:
    deep = '{"op":"send","to":"u:1","extra":{"a":' + "[" * 100_000 + "]" * 100_000 + "}}"
    with pytest.raises(Malformed):
        decode_frame(deep)


@given(st.integers(1, names.MAX_ID), st.integers(1, names.MAX_ID))
def test_a_private_conversation_has_one_name_whoever_asks(one: int, other: int) -> None:
    name = names.private(one, other)
    assert name == names.private(other, one)
    if one != other:
        assert names.parse_conversation(name) == ("p", (min(one, other), max(one, other)))
        assert names.target_for(name, one) == f"u:{other}"
        assert names.target_for(name, other) == f"u:{one}"


@given(st.text(max_size=60))
def test_what_is_no_name_is_none(text: str) -> None:
    for parse in (names.parse_target, names.parse_conversation):
        parsed = parse(text)
        if parsed is not None:
            assert all(character in "pgual:0123456789" for character in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u:0",
        "u:01",
        "p:2:1",
        "p:1:1",
        "g:",
        "g:-1",
        "u:9007199254740992",
        "all ",
        "u:1\n",
        "u:٣",
    ],
)
def test_names_that_are_nearly_right_are_refused(text: str) -> None:
    assert names.parse_target(text) is None
    assert names.parse_conversation(text) is None


def test_every_frame_is_in_the_documents() -> None:
    made = document("1")
    for union in (client.ClientFrame, server.AnyServerFrame):
        for kind in union.__args__:
            assert kind.__name__ in made["components"]["messages"]
            assert "op" in made["components"]["schemas"][kind.__name__]["required"]
    assert set(schemas()) == {"client-frame", "server-frame"}


@pytest.mark.parametrize("kind", server.AnyServerFrame.__args__, ids=lambda kind: kind.__name__)
def test_a_server_frame_says_what_it_is(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.tag_field == "op"
    assert kind.__doc__
