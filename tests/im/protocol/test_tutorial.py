"""The dialect's translation: nothing is lost on the way through, and nothing breaks it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.errors import ImError
from im.i18n import read_catalogue
from im.protocol.encoding import encode
from im.protocol.names import MAX_ID
from im.protocol.server import Event, Message
from im.protocol.tutorial import line_frame, message_frame, named, read_frame, sentence, server_line

ME = 7
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
NUMBER = st.integers(1, MAX_ID)
FRAMES = st.fixed_dictionaries(
    {
        "Type": st.sampled_from([1, 2]),
        "TargetId": NUMBER,
        "Media": st.sampled_from([1, 2, 3, 4]),
        "Content": TEXT.filter(bool),
        "Pic": TEXT,
        "Url": TEXT,
        "Desc": TEXT,
        "Amount": st.integers(-MAX_ID, MAX_ID),
        "CreateTime": NUMBER,
    }
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["Type", "media", "USERID", "FormId", "TargetId", "Content", "Pic", "url", "Amount", "x"]
)


@given(FRAMES)
def test_all_that_a_frame_has_is_given_back(frame: dict[str, Any]) -> None:
    send = read_frame(json.dumps(frame | {"UserId": ME}), ME)
    assert send is not None
    private = frame["Type"] == 1 and frame["TargetId"] != ME
    low, high = sorted((ME, frame["TargetId"]))
    message = Message(
        conv=f"p:{low}:{high}" if private else f"g:{frame['TargetId']}",
        seq=3,
        ordinal=2,
        sender=ME,
        time=5,
        media=send.media,
        text=send.text,
        extra=send.extra,
    )
    shown = json.loads(encode(message_frame(message)))
    if not private:
        frame = frame | {"Type": 2}
    assert frame.items() <= shown.items()
    assert (shown["UserId"], shown["FormId"], shown["Seq"], shown["Time"]) == (ME, ME, 3, 5)


@given(TEXT | st.dictionaries(NAMES, JSON, max_size=8).map(json.dumps) | JSON.map(json.dumps))
def test_whatever_comes_is_read_or_refused(data: str) -> None:
    try:
        read_frame(data, ME)
    except ImError as error:
        assert error.status in (400, 403)


@given(st.dictionaries(st.sampled_from(["Pic", "Url", "Desc", "Amount", "CreateTime"]), JSON))
def test_what_a_native_client_keeps_under_the_same_names_breaks_nothing(
    extra: dict[str, Any],
) -> None:
    message = Message(conv="all", seq=1, ordinal=1, sender=2, time=3, text="x", extra=extra)
    shown = json.loads(encode(message_frame(message)))
    assert {type(shown[name]) for name in ("Pic", "Url", "Desc")} == {str}
    assert {type(shown[name]) for name in ("Amount", "CreateTime")} == {int}


@pytest.mark.parametrize("sender", [ME, 0, None])
def test_who_a_frame_is_from_may_be_left_out(sender: int | None) -> None:
    frame = {"Type": 1, "TargetId": 2, "Content": "x", "UserId": sender, "FormId": sender}
    assert read_frame(json.dumps(frame), ME) is not None


def test_a_heartbeat_is_no_message() -> None:
    assert read_frame('{"Type":3,"Media":-1,"Content":"heartbeat"}', ME) is None
    with pytest.raises(ImError):
        read_frame('{"Type":1,"TargetId":2,"Media":-1,"Content":"x"}', ME)


EVENTS = [
    ("recall", "2 撤回了一条消息"),
    ("edit", "2 修改了一条消息：T"),
    ("created", "2 创建了群组“T”"),
    ("joined", "2 邀请 3、4 加入群组"),
    ("left", "2 退出了群组"),
    ("removed", "2 将 3、4 移出群组"),
    ("renamed", "2 将群名改为“T”"),
    ("role", "2 取消了 3、4 的管理员身份"),
    ("announcement", "2 发布了群公告：T"),
    ("owner", "2 将群主转让给 3、4"),
    ("settings", "2 修改了群资料"),
    ("past_shown", "2 设置了新成员可查看历史消息"),
    ("past_hidden", "2 设置了新成员不可查看历史消息"),
    ("silenced", "2 将 3、4 禁言"),
    ("unsilenced", "2 解除了 3、4 的禁言"),
    ("dissolved", "2 解散了群组"),
]


@pytest.mark.parametrize(("kind", "line"), EVENTS)
def test_every_event_is_a_line_of_text(kind: Any, line: str) -> None:
    event = Event(
        conv="g:9", seq=5, ordinal=3, sender=2, time=8, kind=kind, target=4, text="T", users=[3, 4]
    )
    catalogue = read_catalogue()
    key, values = sentence(event, str, "、")
    assert catalogue.translate("zh", key, **values) == line
    assert "{" not in catalogue.translate("en", key, **values)
    shown = json.loads(encode(line_frame(event, line)))
    assert (shown["Type"], shown["TargetId"], shown["Media"], shown["Seq"]) == (2, 9, 1, 5)
    assert shown.get("Recalls") == (4 if kind == "recall" else None)


def test_a_long_list_of_names_is_cut_and_counted() -> None:
    event = Event(
        conv="g:9", seq=1, ordinal=0, sender=1, time=1, kind="joined", users=list(range(1, 500))
    )
    assert len(named(event)) == 10
    assert sentence(event, str, ",")[1]["names"] == "1,2,3,4,5,6,7,8,9,10 … (499)"


def test_a_line_of_the_server_is_in_no_log() -> None:
    shown = json.loads(encode(server_line("hi", ME, 4)))
    assert (shown["UserId"], shown["TargetId"], shown["Conv"], shown["Seq"]) == (0, ME, "", 0)
