"""The OpenAPI document of the HTTP API, made from the routes and the types that run it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from tornado.web import RequestHandler

from handlers.operation import Operation, operations
from im.app import program_version
from im.errors import by_code
from im.protocol.bodies import Answer

REF = "#/components/schemas/{name}"
NUMBERED = {"users": "user", "groups": "group", "members": "user", "sessions": "session"}
NUMBERED |= {"contacts": "user", "tokens": "token", "requests": "user"}
NUMBERED |= {"invitations": "invitation", "webhooks": "webhook", "media": "file"}
NUMBERED |= {"quick-replies": "reply"}
TEXTS = {"hook": "secret"}
TEXT: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
FILE_ANSWERS: dict[str, Any] = {
    "206": {"description": "The part that `Range` asked for."},
    "304": {"description": "As the `If-None-Match` that was sent says: nothing else is sent."},
    "416": {"description": "No byte of the file is in the `Range`."},
}
"""What else an answer with a file may be (RFC 9110, sections 14 and 15)."""
RANGE: list[dict[str, Any]] = [
    {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
    for name in ("Range", "If-Range", "If-None-Match")
]
BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


def document(routes: list[tuple[str, type[RequestHandler]]]) -> dict[str, Any]:
    """OpenAPI 3.1 for these routes."""
    described = [
        (_path(pattern), handler, method, operation)
        for pattern, handler in routes
        for method, operation in operations(handler).items()
    ]
    kinds = {operation.answer for _, _, _, operation in described}
    kinds |= {operation.body for _, _, _, operation in described if operation.body}
    kinds |= {operation.query for _, _, _, operation in described if operation.query}
    kinds.discard(bytes)
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=REF)
    by_kind = dict(zip(ordered, schemas, strict=True))
    for body in {operation.body for _, _, _, operation in described if operation.body}:
        _need_no_tag(body, components)
    paths: dict[str, dict[str, Any]] = {}
    for path, handler, method, operation in described:
        paths.setdefault(path, {})[method] = _operation(
            path, handler, method, operation, by_kind, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "IM",
            "version": program_version(),
            "description": "A LAN-first instant messenger. What comes by itself comes over "
            "the WebSocket `/ws`: see `/api/asyncapi.json`. A body of JSON without lists may come "
            "as a form too (`application/x-www-form-urlencoded`).",
        },
        "paths": paths,
        "components": {
            "schemas": components | {"Refusal": _error_schema()},
            "responses": {"Refusal": _error_response()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "im_session",
                    "description": "Over TLS it is called `__Host-im_session`.",
                },
            },
        },
    }


def _operation(
    path: str,
    handler: type[RequestHandler],
    method: str,
    operation: Operation,
    schemas: dict[type, dict[str, Any]],
    components: dict[str, Any],
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": method + "".join(re.findall(r"\w+", path.title().removeprefix("/Api"))),
        "tags": [handler.__module__.rpartition(".")[2]],
        "responses": {
            "200": {
                "description": "Done.",
                "content": dict.fromkeys(operation.types, BYTES)
                if operation.answer is bytes
                else {"application/json": {"schema": _envelope(schemas[operation.answer])}},
            },
            "default": {"$ref": "#/components/responses/Refusal"},
        },
    }
    doc = getattr(handler, method).__doc__
    if doc:
        described["description"] = doc.strip()
    if operation.access == "admin":
        described["description"] = described.get("description", "") + " Administrators only."
    if operation.access != "anyone":
        described["x-scope"] = operation.scope
        described["description"] = described.get("description", "") + (
            f" Programs need the scope `{operation.scope}`."
            if operation.scope
            else " Not for programs' tokens."
        )
    described["security"] = [] if operation.access == "anyone" else [{"token": []}, {"cookie": []}]
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": TEXT
            if name in TEXTS.values()
            else {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    if operation.query is not None:
        parameters += _query(components[operation.query.__name__])
    if operation.parts:
        described["responses"] |= {
            status: {**answer, "content": {kind: BYTES for kind in operation.types}}
            if status == "206"
            else answer
            for status, answer in FILE_ANSWERS.items()
        }
        parameters += RANGE
    if parameters:
        described["parameters"] = parameters
    if operation.field is not None:
        described["requestBody"] = {"required": True, "content": _form(operation.field)}
    elif operation.body is bytes:
        described["requestBody"] = {"required": True, "content": {"*/*": BYTES}}
    elif operation.body is not None:
        content = {"schema": schemas[operation.body]}
        described["requestBody"] = {
            "required": not _may_be_empty(operation.body),
            "content": {"application/json": content},
        }
    return described


def _form(field: str) -> dict[str, Any]:
    """A form with a file. The token comes first: who asks is known before the file is taken."""
    return {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [field],
                "properties": {"token": {"type": "string"}, field: BYTES["schema"]},
            }
        }
    }


def _need_no_tag(body: type, components: dict[str, Any]) -> None:
    """The address says what a body is: the tag that a frame needs may be left out of it."""
    config = getattr(body, "__struct_config__", None)
    if config is not None and config.tag_field is not None:
        components[body.__name__]["required"].remove(config.tag_field)


def _may_be_empty(body: type) -> bool:
    """Whether everything may be left out; a request without a body is one with ``{}``."""
    try:
        msgspec.json.decode(b"{}", type=body)
    except msgspec.ValidationError:
        return False
    return True


def _query(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": found}
        for name, found in schema["properties"].items()
    ]


def _path(pattern: str) -> str:
    """``/api/groups/([1-9]…)/members`` as ``/api/groups/{group}/members``."""
    parts = pattern.split("/")
    named = [
        "{" + {**NUMBERED, **TEXTS}[parts[place - 1]] + "}" if part.startswith("(") else part
        for place, part in enumerate(parts)
    ]
    return "/".join(named)


def _envelope(data: dict[str, Any]) -> dict[str, Any]:
    """Around the data; the dialect gives its lists a second time, with the length of the whole."""
    a_list = {"rows": data, "total": {"type": "integer", "minimum": 0}}
    properties = {"code": {"const": 0}, "message": {"type": "string"}, "data": data}
    if data.get("type") == "array":
        properties |= a_list
    return {"type": "object", "required": list(properties), "properties": properties}


def _error_schema() -> dict[str, Any]:
    (definition,) = msgspec.json.schema(Answer[None])["$defs"].values()
    fields = {name: definition["properties"][name] for name in ("message", "field", "retry_after")}
    return {
        "type": "object",
        "required": ["code", "message", "error"],
        "properties": {
            **fields,
            "code": {"const": -1},
            "error": {"type": "string", "enum": sorted(by_code())},
        },
    }


def _error_response() -> dict[str, Any]:
    return {
        "description": "Refused: nothing was done (but see `unavailable`).",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
    }
