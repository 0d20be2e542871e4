"""What a name, a phone number, an e-mail address and the rest of a profile may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import validators

from im.errors import Invalid, Taken, invalid
from im.services.name_rules import readable_name
from im.store.errors import DuplicateKey

MAX_EMAIL = 254
MAX_NOTE = 200
MAX_PASSWORD = 128
PHONE = re.compile(r"1[3-9][0-9]{9}\Z", re.ASCII)
"""A mobile number of mainland China."""
FIELD_OF_KEY = {"name_folded": "name", "phone": "phone", "email_folded": "email"}
THEMES = ("system", "light", "dark")


def clean_name(name: str) -> str:
    """A person's name as it is stored. Raises ``Invalid``."""
    cleaned = readable_name(name)
    if cleaned.startswith("#"):
        raise invalid("name", "name_characters")
    return cleaned


def clean_phone(phone: str | None) -> str | None:
    """A phone number as it is stored; None for none. Raises ``Invalid``."""
    if phone is None or not phone.strip():
        return None
    if PHONE.match(phone.strip()) is None:
        raise invalid("phone", "phone")
    return phone.strip()


def clean_email(email: str | None) -> str | None:
    """An e-mail address as it is stored; None for none. Raises ``Invalid``."""
    if email is None or not email.strip():
        return None
    cleaned = email.strip()
    if len(cleaned) > MAX_EMAIL or validators.email(cleaned) is not True:
        raise invalid("email", "email")
    return cleaned


def clean_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a change of a profile sets; None leaves a value. Raises ``Invalid``."""
    values: dict[str, Any] = {}
    if changes.get("name") is not None:
        values["name"] = clean_name(changes["name"])
    if changes.get("phone") is not None:
        values["phone"] = clean_phone(changes["phone"])
    if changes.get("email") is not None:
        values["email"] = clean_email(changes["email"])
    if changes.get("note") is not None:
        if len(changes["note"]) > MAX_NOTE:
            raise invalid("note", "too_long", limit=MAX_NOTE)
        values["note"] = changes["note"]
    if changes.get("language") is not None:
        values["language"] = one_of("language", changes["language"], ("zh", "en"))
    if changes.get("theme") is not None:
        values["theme"] = one_of("theme", changes["theme"], THEMES)
    if changes.get("avatar") is not None:
        values["avatar_id"] = changes["avatar"] or None
    return values


def taken(error: DuplicateKey) -> Taken:
    """The refusal of what another account has."""
    field = FIELD_OF_KEY.get(error.key, error.key)
    return Taken(error.key, field=field, values={"reason": field, "field": field})


def one_of(field: str, value: str, allowed: tuple[str, ...]) -> str:
    """``value``, if it is allowed. Raises ``Invalid``."""
    if value not in allowed:
        raise Invalid(f"one of {allowed}", field=field, values={"field": field})
    return value
