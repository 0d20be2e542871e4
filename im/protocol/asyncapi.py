"""The AsyncAPI document of the socket ``/ws``, made from the frames' types."""

from __future__ import annotations

from typing import Any

import msgspec

from im.protocol import tutorial
from im.protocol.client import ClientFrame
from im.protocol.server import AnyServerFrame

REF = "#/components/schemas/{name}"
DIALECT = {"chat": "/chat", "sendUserMsg": "/user/sendUserMsg"}
"""Sockets of the tutorial's dialect: two addresses of the same thing."""
CHANNEL = {"sendMsg": "/user/sendMsg"}
"""The tutorial's line to the Redis channel."""


def document(version: str) -> dict[str, Any]:
    """AsyncAPI 3.0: what a client sends (``receive`` for the node) and what a node sends.

    All sockets of a node are in it: the native one, and those of the tutorial.
    """
    client = list(ClientFrame.__args__)
    server = list(AnyServerFrame.__args__)
    _, components = msgspec.json.schema_components([*client, *server], ref_template=REF)
    for kind in (*client, *server):
        # The tag is what tells frames apart, so it is always there.
        required = components[kind.__name__].setdefault("required", [])
        if "op" not in required:
            required.insert(0, "op")
    channels, operations, messages, more = _tutorial()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "IM sockets",
            "version": version,
            "description": "One JSON object in each text frame. `op` says what it is.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "ws": {
                "address": "/ws",
                "messages": {
                    _name(kind): {"$ref": f"#/components/messages/{_name(kind)}"}
                    for kind in (*client, *server)
                },
            },
            **channels,
        },
        "operations": {
            **operations,
            **{f"send_{_tag(kind)}": _operation("receive", kind) for kind in client},
            **{f"on_{_tag(kind)}": _operation("send", kind) for kind in server},
        },
        "components": {
            "messages": {
                _name(kind): {
                    "name": _tag(kind),
                    "summary": (kind.__doc__ or "").strip().partition("\n")[0],
                    "payload": {"$ref": REF.format(name=kind.__name__)},
                }
                for kind in (*client, *server)
            }
            | messages,
            "schemas": components | more,
        },
    }


def schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema (draft 2020-12) for what a client and what a node may send, by name."""
    found = {}
    for name, union in (("client-frame", ClientFrame), ("server-frame", AnyServerFrame)):
        schema = msgspec.json.schema(union)
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = name
        found[name] = schema
    return found


def _tutorial() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Channels, operations, messages and schemas of the tutorial's sockets."""
    kinds = {"TutorialSend": tutorial.ClientFrame, "TutorialReceive": tutorial.ServerFrame}
    shapes = {
        name: msgspec.json.schema_components([kind])[1][kind.__name__]
        for name, kind in kinds.items()
    }
    line = {"type": "string", "description": "`[ws][2006-01-02 15:04:05]:` and the text."}
    messages = {
        name: {"name": name, "payload": {"$ref": REF.format(name=name)}}
        for name in (*shapes, "TutorialLine")
    }
    named = {**dict.fromkeys(DIALECT, tuple(kinds)), **dict.fromkeys(CHANNEL, ("TutorialLine",))}
    channels = {
        channel: {
            "address": (DIALECT | CHANNEL)[channel],
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        }
        for channel, names in named.items()
    }
    operations = {
        f"{channel}_{name}": {
            "action": "receive" if name == "TutorialSend" else "send",
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
        }
        for channel, names in named.items()
        for name in names
    }
    return channels, operations, messages, shapes | {"TutorialLine": line}


def _operation(action: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/ws"},
        "messages": [{"$ref": f"#/channels/ws/messages/{_name(kind)}"}],
    }


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


def _name(kind: type[msgspec.Struct]) -> str:
    return kind.__name__
