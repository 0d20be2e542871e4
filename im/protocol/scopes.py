"""What a program's token may do: scopes, and which of them each socket frame needs.

Which scope an operation of the HTTP API needs stands at the operation itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from im.protocol import client as frames

Scope = Literal["read", "send", "contacts", "groups", "admin"]
"""``read``: what the person may see, and sockets; ``send``: write, take back, arrange one's list;
``contacts`` and ``groups``: change these; ``admin``: administer, for administrators' tokens.

What concerns the account itself (password, profile, sessions, tokens, removal) has no scope: no
program may do it."""
SCOPES: tuple[Scope, ...] = get_args(Scope)

FRAME_SCOPES: Mapping[type[frames.Frame], Scope] = {
    frames.Hello: "read",
    frames.Send: "send",
    frames.Recall: "send",
    frames.Edit: "send",
    frames.Delivered: "read",
    frames.Read: "read",
    frames.Typing: "send",
    frames.Sync: "read",
    frames.Conversations: "read",
    frames.Hide: "send",
    frames.Pin: "send",
    frames.Mute: "send",
    frames.MarkUnread: "send",
    frames.Watch: "read",
    frames.Away: "read",
    frames.Ping: "read",
}
"""The scope that each frame needs; a frame that is missing here is refused to programs."""
