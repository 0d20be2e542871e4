"""Chinese and English are equals: no sentence is missing, and each has the same blanks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from im.errors import TooLarge, by_code
from im.i18n import LANGUAGES, choose, read_catalogue

HOME = Path(__file__).resolve().parents[2]
BLANK = re.compile(r"\{(\w+)\}")
CATALOGUE = read_catalogue()


def test_both_languages_have_the_same_sentences() -> None:
    chinese, english = (set(CATALOGUE.sentences(language)) for language in LANGUAGES)
    # English counts one and many; Chinese has one form.
    plural = {key for key in english if key.endswith(".one")}
    assert chinese == english or chinese ^ english <= plural


def test_a_sentence_has_the_same_blanks_in_both_languages() -> None:
    chinese, english = (CATALOGUE.sentences(language) for language in LANGUAGES)
    for key in chinese.keys() & english.keys():
        if key.endswith((".one", ".other")):
            continue
        assert set(BLANK.findall(chinese[key])) == set(BLANK.findall(english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(by_code()))
def test_every_error_has_a_sentence(language: str, code: str) -> None:
    assert f"error.{code}" in CATALOGUE.sentences(language)  # type: ignore[arg-type]


@pytest.mark.parametrize("template", sorted((HOME / "templates").glob("*.html")))
def test_every_sentence_of_a_template_is_in_the_catalogue(template: Path) -> None:
    keys = re.findall(r"""\bt\(["']([\w.]+)["']""", template.read_text(encoding="utf-8"))
    for key in keys:
        # A key that ends with _ or . is completed in the template.
        known = CATALOGUE.sentences("zh")
        assert key in known or (key[-1] in "_." and any(k.startswith(key) for k in known)), key


def test_every_act_of_the_audit_log_has_a_sentence() -> None:
    sources = [*(HOME / "handlers").glob("*.py"), *(HOME / "im").rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    acts = set(re.findall(r'\.note\(\s*"([a-z.]+)"', text))
    assert len(acts) > 15
    for act in acts:
        assert f"admin.act_{act.replace('.', '_')}" in CATALOGUE.sentences("zh"), act


@pytest.mark.parametrize(
    ("who", "names", "line"),
    [
        ("张三", "李四", "张三邀请李四加入群组"),
        ("张三", "Bo", "张三邀请 Bo 加入群组"),
        ("Bo", "张三（值班）", "Bo 邀请张三（值班）加入群组"),
        ("3 号机", "李 四", "3 号机邀请李 四加入群组"),
    ],
)
def test_chinese_has_a_space_only_beside_a_name_that_is_not_chinese(
    who: str, names: str, line: str
) -> None:
    assert CATALOGUE.translate("zh", "event.added", who=who, names=names) == line
    spaced = CATALOGUE.translate("en", "event.added", who=who, names=names)
    assert spaced == f"{who} added {names}"


def test_a_sentence_without_a_value_for_its_blank_still_reads() -> None:
    assert "{limit}" in CATALOGUE.translate("en", "error.too_large")
    assert CATALOGUE.translate("en", "no.such.key") == "no.such.key"
    assert "7 KiB" in CATALOGUE.explain("en", TooLarge(values={"limit": "7 KiB"}))


@pytest.mark.parametrize(
    ("wishes", "accept", "language"),
    [
        (("en", None), "zh-CN", "en"),
        ((None, "zh-Hans-CN"), "en", "zh"),
        ((None, None), "en-GB,en;q=0.9,zh;q=0.8", "en"),
        ((None, None), "fr, zh_TW;q=0.3, en;q=0.2", "zh"),
        ((None, None), "fr", "zh"),
        ((None, None), "en;q=nonsense, zh;q=0.1", "zh"),
        (("xx",), "", "zh"),
        ((None,), ", ,;;,en", "en"),
    ],
)
def test_the_first_wish_that_we_speak_is_spoken(
    wishes: tuple[str | None, ...], accept: str, language: str
) -> None:
    assert choose(*wishes, accept=accept) == language
