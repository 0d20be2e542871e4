"""Where the value of each setting comes from.

A setting is ``section.name``. Its value comes, first found wins, from the command line
(``--section-name``), the environment (``IM_SECTION_NAME``, or ``IM_SECTION_NAME_FILE`` naming a
file that holds it), the configuration file (TOML, ``[section] name``), or its default. Some have a
short name besides (``SHORT_NAMES``): ``--port`` is ``--http-port``. A setting that does not exist
or has a value that is not allowed stops the start with its name, its value and what is allowed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import SecretStr, ValidationError

from im.settings import RATES, Section, Settings

PREFIX = "IM_"
FILE_SUFFIX = "_FILE"
MAX_SECRET_FILE = 64 * 1024
"""Bytes of a file named by a ``…_FILE`` variable; a larger one is a mistake."""

SHORT_NAMES: Mapping[str, str] = {
    "port": "http.port",
    "address": "http.address",
    "database": "database.url",
    "redis": "redis.url",
    "relay": "relay.bus",
    "data_dir": "node.data_dir",
    "workers": "node.workers",
}


class SettingsError(Exception):
    """A setting that does not exist or is not allowed; one sentence a line, for people."""


def names() -> list[str]:
    """All settings as ``section.name``, in the order of the file."""
    return [
        f"{section}.{name}"
        for section, table in Settings.model_fields.items()
        for name in _model(table.annotation).model_fields
    ]


def load(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    file: Path | None = None,
) -> Settings:
    """Settings from all their sources.

    Args:
        flags: by ``section.name`` or short name, as strings.
        environ: the process's environment; only ``IM_…`` is looked at.
        file: a TOML file, or None.

    Raises ``SettingsError``.
    """
    origins: dict[str, str] = {}
    tables: dict[str, dict[str, Any]] = {}
    problems: list[str] = []

    def put(name: str, value: Any, origin: str) -> None:
        full = SHORT_NAMES.get(name, name)
        section, _, key = full.partition(".")
        if full not in known:
            problems.append(f"{origin}: there is no setting {name!r}{_nearest(name, known)}")
            return
        if isinstance(value, str) and full in lists:
            value = [part.strip() for part in value.split(",") if part.strip()]
        if value == "" and full in optional:
            value = None
        tables.setdefault(section, {})[key] = value
        origins[full] = origin

    known = set(names())
    optional = {name for name in known if type(None) in get_args(_annotation(name))}
    lists = {name for name in known if _is_list(name)}
    for name, value in _from_file(file):
        put(name, value, str(file))
    for name, value, origin in _from_environment(environ, known, problems):
        put(name, value, origin)
    for name, value in flags.items():
        put(name, value, "--" + name.replace(".", "-").replace("_", "-"))
    if problems:
        raise SettingsError("\n".join(problems))
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(error, origins))) from None
    if settings.relay.bus == "redis" and not settings.redis.url.get_secret_value():
        origin = origins.get("relay.bus", "relay.bus")
        raise SettingsError(f"{origin}: relay.bus = 'redis' needs redis.url, which is empty")
    if (settings.tls.cert is None) != (settings.tls.key is None):
        given, lacking = ("cert", "key") if settings.tls.cert else ("key", "cert")
        origin = origins.get(f"tls.{given}", f"tls.{given}")
        raise SettingsError(f"{origin}: tls.{given} needs tls.{lacking}, which is empty")
    return settings


def _from_file(file: Path | None) -> list[tuple[str, Any]]:
    if file is None:
        return []
    try:
        with file.open("rb") as source:
            document = tomllib.load(source)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from None
    found: list[tuple[str, Any]] = []
    for section, table in document.items():
        if isinstance(table, dict):
            found.extend((f"{section}.{name}", value) for name, value in table.items())
        else:
            found.append((section, table))
    return found


def _from_environment(
    environ: Mapping[str, str], known: set[str], problems: list[str]
) -> list[tuple[str, str, str]]:
    variables = {PREFIX + name.replace(".", "_").upper(): name for name in known}
    variables |= {PREFIX + short.upper(): name for short, name in SHORT_NAMES.items()}
    found: list[tuple[str, str, str]] = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable == PREFIX + "CONFIG":
            continue
        if variable in variables:
            found.append((variables[variable], environ[variable], variable))
        elif variable.removesuffix(FILE_SUFFIX) in variables:
            name = variables[variable.removesuffix(FILE_SUFFIX)]
            try:
                with Path(environ[variable]).open(encoding="utf-8") as source:
                    text = source.read(MAX_SECRET_FILE + 1)
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{variable}: {environ[variable]!r} cannot be read: {error}")
                continue
            if len(text) > MAX_SECRET_FILE:
                problems.append(f"{variable}: {environ[variable]!r} is too large for a setting")
                continue
            found.append((name, text.strip(), variable))
        else:
            problems.append(f"{variable}: there is no such setting")
    return found


def _explain(error: ValidationError, origins: Mapping[str, str]) -> list[str]:
    sentences = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"][:2])
        value = problem["input"]
        shown = "…" if is_secret(name) else repr(value)
        origin = origins.get(name, name)
        sentences.append(
            f"{origin}: {name} = {shown} is not allowed: {problem['msg']}; allowed: {allowed(name)}"
        )
    return sentences


def table_of(section: str) -> type[Section]:
    """The definitions of one section."""
    return _model(Settings.model_fields[section].annotation)


def is_secret(name: str) -> bool:
    """Whether the value of a setting must never be shown."""
    return SecretStr in (_annotation(name), *get_args(_annotation(name)))


def allowed(name: str) -> str:
    """What a setting may be, in words."""
    return _describe(_annotation(name), _field(name).metadata)


def _describe(annotation: Any, metadata: Sequence[Any]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _describe(arguments[0], [*metadata, *_constraints(arguments[1:])])
    if origin is Literal:
        return ", ".join(str(value) for value in arguments)
    if type(None) in arguments:
        inner = next(part for part in arguments if part is not type(None))
        return f"{_describe(inner, metadata)}, or empty for none"
    if origin is tuple:
        return "a list (in the environment and on the command line joined by commas)"
    words = {int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
    text = words.get(annotation, "a text")
    if any(getattr(item, "pattern", None) == RATES for item in metadata):
        return "rates like 10/minute, several joined by semicolons"
    bounds = {
        key: getattr(item, key)
        for item in metadata
        for key in ("ge", "gt", "le", "lt", "min_length", "max_length")
        if getattr(item, key, None) is not None
    }
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    parts = [f"{signs[key]} {value}" for key, value in bounds.items() if key in signs]
    parts += [
        f"{word} {bounds[key]} characters"
        for key, word in (("min_length", "at least"), ("max_length", "at most"))
        if key in bounds
    ]
    return text + (" " + ", ".join(parts) if parts else "")


def _constraints(arguments: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for argument in arguments:
        flat.extend(getattr(argument, "metadata", [argument]))
    return flat


def _model(annotation: Any) -> type[Section]:
    if not (isinstance(annotation, type) and issubclass(annotation, Section)):
        raise TypeError(f"{annotation} is not a section of settings")
    return annotation


def _field(name: str) -> Any:
    section, _, key = name.partition(".")
    return _model(Settings.model_fields[section].annotation).model_fields[key]


def _annotation(name: str) -> Any:
    return _field(name).annotation


def _is_list(name: str) -> bool:
    return get_origin(_annotation(name)) is tuple


def _nearest(name: str, known: set[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, [*known, *SHORT_NAMES], n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
