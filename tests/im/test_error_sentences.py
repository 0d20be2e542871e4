"""Every refusal in the code has a sentence of its own in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from im import errors
from im.errors import ImError, by_code
from im.i18n import LANGUAGES, read_catalogue
from im.services import profile_rules
from tests.source import modules

CATALOGUE = read_catalogue()
KINDS = {
    name: kind.code
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, ImError)
}


def called(node: ast.Call) -> str:
    """The name of what is called."""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def constant(node: ast.AST | None) -> str | None:
    """The text of a constant."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def reasons(call: ast.AST) -> Iterator[str]:
    """What stands under ``reason`` in the dictionaries within a node."""
    for node in ast.walk(call):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                reason = constant(value)
                if constant(key) == "reason" and reason is not None:
                    yield reason


def raised() -> set[tuple[str, str]]:
    """Code and reason of every refusal that the source makes."""
    found: set[tuple[str, str]] = set()
    for _, path in modules("im", "handlers"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            apart = {
                target.id: list(reasons(node.value))
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(function):
                if not isinstance(node, ast.Call):
                    continue
                if called(node) == "invalid" and len(node.args) > 1:
                    reason = constant(node.args[1])
                    found |= {("invalid", reason)} if reason else set()
                elif called(node) in KINDS:
                    for keyword in node.keywords:
                        if keyword.arg != "values":
                            continue
                        given = list(reasons(keyword.value))
                        if isinstance(keyword.value, ast.Name):
                            given += apart.get(keyword.value.id, [])
                        found |= {(KINDS[called(node)], reason) for reason in given}
    found |= {("taken", field) for field in profile_rules.FIELD_OF_KEY.values()}
    return found


def test_the_reasons_are_found() -> None:
    assert {
        *(("invalid", "phone"), ("invalid", "password_differs"), ("invalid", "oneself")),
        *(("taken", "email"), ("taken", "group"), ("forbidden", "owner")),
        *(("invalid", "name_alphabets"), ("already_exists", "contact")),
        *(("forbidden", "user_id"), ("unavailable", "redis")),
        *(("wrong_password", "stale"), ("already_exists", "friend"), ("invalid", "yourself")),
    } <= raised()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_and_every_reason_has_a_sentence(language: str) -> None:
    sentences = CATALOGUE.sentences(language)  # type: ignore[arg-type]
    wanted = {f"error.{code}" for code in by_code()}
    wanted |= {f"error.{code}.{reason}" for code, reason in raised()}
    assert sorted(wanted - sentences.keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_for_an_error_that_does_not_exist(language: str) -> None:
    sentences = CATALOGUE.sentences(language)  # type: ignore[arg-type]
    codes = {key.split(".")[1] for key in sentences if key.startswith("error.")}
    assert codes <= by_code().keys()
