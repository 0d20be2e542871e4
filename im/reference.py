"""The settings' documentation from their definitions: ``conf/app.toml`` and a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from im.command_line import flag
from im.config import SHORT_NAMES, allowed, is_secret, names, table_of
from im.settings import Settings

HEAD = """\
# Settings of a node. Everything here is the default; take the # away and change it.
# A flag (--section-name) or an environment variable (IM_SECTION_NAME, or
# IM_SECTION_NAME_FILE for a file that holds the value) comes before this file.
"""

PAGE_HEAD = """\
# Configuration

A node needs no configuration. What can be set is below. A value comes, first found wins, from the
command line, the environment, the file (`conf/app.toml`, or another one by `--config`), or its
default. A setting that does not exist or has a value that is not allowed stops the start, with its
name, its value and what is allowed.

- The flag of `section.name` is `--section-name`, the environment variable `IM_SECTION_NAME`.
- `IM_SECTION_NAME_FILE` names a file that holds the value: for secrets, so that they are neither in
  the environment nor on the command line.
- Lists are joined by commas on the command line and in the environment.
"""


def app_toml() -> str:
    """``conf/app.toml``: every setting with its meaning, commented out."""
    lines = [HEAD]
    for section in Settings.model_fields:
        table = table_of(section)
        lines.append(f"\n# {table.__doc__}\n[{section}]")
        for name, field in table.model_fields.items():
            lines.append("")
            lines += [f"# {line}" for line in _sentence(field.description).split("\n")]
            lines.append(f"# Allowed: {allowed(f'{section}.{name}')}.")
            lines.append(f"#{name} = {_toml(field.default)}")
    return "\n".join(lines) + "\n"


def configuration_page() -> str:
    """``docs/configuration.md``: a table for each section."""
    short = {full: name for name, full in SHORT_NAMES.items()}
    lines = [PAGE_HEAD]
    for section in Settings.model_fields:
        table = table_of(section)
        lines += [f"\n## {section}", "", str(table.__doc__).replace("``", "`"), ""]
        lines += ["| setting | default | allowed | meaning |", "|---|---|---|---|"]
        for name, field in table.model_fields.items():
            full = f"{section}.{name}"
            shown = f"`{full}`"
            if full in short:
                shown += f"<br>`{flag(short[full])}`"
            if is_secret(full):
                shown += "<br>secret"
            meaning = " ".join(_sentence(field.description).split("\n")).replace("``", "`")
            limits = allowed(full).replace("|", "\\|")
            lines.append(f"| {shown} | `{_toml(field.default)}` | {limits} | {meaning} |")
    return "\n".join(lines) + "\n"


def undocumented() -> list[str]:
    """Settings without a sentence that says what they are for."""
    return [
        name
        for name in names()
        if not table_of(name.partition(".")[0]).model_fields[name.partition(".")[2]].description
    ]


def _sentence(text: str | None) -> str:
    return text or ""


def _toml(value: Any) -> str:
    if isinstance(value, SecretStr):
        return json.dumps(value.get_secret_value())
    if value is None:
        return '""'
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if isinstance(value, Path):
        return json.dumps(str(value))
    return json.dumps(value, ensure_ascii=False)
