"""The page's modules: what they promise without a browser, and what they weigh."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from handlers.assets import Assets, without_comments
from im.i18n import NOT_FOR_SCRIPT, page_part

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
APP = STATIC / "app"
TEMPLATES = ROOT / "templates"

ASSETS = Assets(STATIC, {})

FIRST_LOAD_SCRIPT = 60 * 1024
FIRST_LOAD_STYLE = 15 * 1024
FIRST_LOAD_ICONS = 4 * 1024
FIRST_LOAD = 150 * 1024
"""Bytes, each file compressed by itself, as it travels; in all also with a chat open."""

SAME_PROGRAM = """
const { parse } = require("internal/deps/acorn/acorn/dist/acorn");
const { readFileSync } = require("node:fs");
const options = { ecmaVersion: "latest", sourceType: "module" };
const tree = (path) => JSON.stringify(parse(readFileSync(path, "utf8"), options), (key, value) =>
  key === "start" || key === "end" ? undefined : typeof value === "bigint" ? String(value) : value);
const pairs = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(pairs.filter(([one, other]) => tree(one) !== tree(other))));
"""
"""Says which files are not the same program as the file beside them."""

LICENCES = {"MIT", "Apache-2.0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD"}

IMPORT = re.compile(r'^(?:import|export)\b[^;"]*?from\s+"(\.[^"]+)"', re.MULTILINE)
KEY = re.compile(r'"([a-z]+\.[a-z_0-9]+)"')
TEMPLATE_KEY = re.compile(r"""\bt\(["']([a-z_.0-9]+)["']""")
NO_KEYS = {"a.row", "favicon.svg", "im.v1", "user.banned", "user.changed"}
"""Strings in modules that look like keys of the catalogue."""


def node() -> str:
    """Node.js, with its test runner."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node.js is not installed")
    return found


def compressed(path: Path) -> int:
    """Bytes of a file as it travels."""
    body = ASSETS.gzipped(path.relative_to(STATIC).as_posix())
    assert body is not None
    return len(body)


def closure(start: Path) -> set[Path]:
    """A module and all that it imports statically."""
    found: set[Path] = set()
    waiting = [start.resolve()]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        text = module.read_text("utf-8")
        waiting += [(module.parent / name).resolve() for name in IMPORT.findall(text)]
    return found


def modules() -> list[Path]:
    """Our own modules."""
    return sorted([*APP.rglob("*.js"), *(STATIC / "pages").glob("*.js")])


def sheets(template: str) -> set[Path]:
    """The style sheets that a template and its base name."""
    text = (TEMPLATES / "base.html").read_text("utf-8")
    text += (TEMPLATES / template).read_text("utf-8")
    names = {
        name
        for group in re.findall(r"for sheet in \(([^)]*)\)", text)
        for name in re.findall(r'"(\w+)"', group)
    }
    names |= set(re.findall(r"css/(\w+)\.css", text))
    return {STATIC / "css" / f"{name}.css" for name in names}


def test_the_cores_keep_their_promises() -> None:
    """Runs ``*.test.mjs`` beside this file."""
    tests = sorted(str(path) for path in Path(__file__).parent.glob("*.test.mjs"))
    done = subprocess.run(
        [node(), "--test", *tests], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.relative_to(STATIC).as_posix())
def test_a_module_can_be_parsed(module: Path) -> None:
    """``node --check`` finds what an editor would underline."""
    done = subprocess.run(
        [node(), "--check", str(module)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr


def undeclared(*paths: Path) -> list[str]:
    """Names that these modules use, and nobody declares: ``name path:line``."""
    script = Path(__file__).with_name("undeclared.mjs")
    done = subprocess.run(
        [node(), "--expose-internals", str(script), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_name_that_a_module_uses_is_declared() -> None:
    """A name that is not may be found all the same: as the element with that id."""
    assert undeclared(*modules()) == []


def test_an_undeclared_name_is_found(tmp_path: Path) -> None:
    """Outside of the scope that declares it, read and written."""
    module = tmp_path / "module.js"
    module.write_text(
        "export function one({ t, ...rest }, [first = t]) {\n"
        "  for (const each of rest) var seen = each ?? first;\n"
        "  return seen;\n"
        "}\n"
        "export const two = () => app.rest ?? each;\n"
        "lost = { app: class Own { own = () => Own; } };\n",
        "utf-8",
    )
    found = [line.split()[0] for line in undeclared(module)]
    assert sorted(found) == ["app", "each", "lost"]


def test_a_script_without_its_comments_is_the_same_program(tmp_path: Path) -> None:
    """Compared as trees of syntax, as the parser that comes with Node.js sees them."""
    pairs = []
    for number, module in enumerate([*modules(), STATIC / "start.js"]):
        travels = tmp_path / f"{number}.js"
        travels.write_bytes(without_comments(module.read_bytes()))
        pairs.append([str(module), str(travels)])
    done = subprocess.run(
        [node(), "--expose-internals", "-e", SAME_PROGRAM],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == []


def test_cores_know_no_elements() -> None:
    """What is under ``core`` and ``client`` runs without a page."""
    page = re.compile(r"\b(document|window|HTMLElement|localStorage)\s*[.\[]")
    for module in [*(APP / "core").glob("*.js"), *(APP / "client").glob("*.js")]:
        assert not page.search(module.read_text("utf-8")), module.name
    for module in (APP / "core").glob("*.js"):
        for name in IMPORT.findall(module.read_text("utf-8")):
            assert name.startswith("./"), f"{module.name} imports {name}"


def test_all_that_is_imported_exists() -> None:
    """Also what is fetched only when it is needed."""
    for module in modules():
        text = module.read_text("utf-8")
        for name in [*IMPORT.findall(text), *re.findall(r'import\("([^"]+)"\)', text)]:
            assert (module.parent / name).is_file(), f"{module.name} imports {name}"


def test_the_first_load_is_light() -> None:
    """Compressed: script 60 KB, style 15 KB, icons 4 KB; 150 KB in all with a chat open."""
    first = closure(APP / "main.js")
    script = sum(map(compressed, first))
    chat = sum(map(compressed, closure(APP / "ui" / "chat" / "chat.js") - first))
    style = sum(map(compressed, sheets("chat.html")))
    icons = compressed(STATIC / "icons.svg")
    assert script <= FIRST_LOAD_SCRIPT
    assert style <= FIRST_LOAD_STYLE
    assert icons <= FIRST_LOAD_ICONS
    assert script + chat + style + icons <= FIRST_LOAD


def test_what_is_not_needed_at_first_is_fetched_later() -> None:
    """Emoji, settings, dialogs and the switcher come with their first use."""
    first = {
        path.relative_to(APP).as_posix() for path in closure(APP / "main.js") if APP in path.parents
    }
    for later in (
        "ui/chat/chat.js",
        "ui/emoji/panel.js",
        "ui/settings/page.js",
        "ui/groups/dialogs.js",
        "ui/palette/palette.js",
    ):
        assert later not in first


def test_the_browser_is_told_at_once_of_all_modules_it_will_need() -> None:
    """Otherwise each import would wait for the one before."""
    text = (TEMPLATES / "chat.html").read_text("utf-8")
    listed = re.search(r'data-modules="([^"]+)"', text)
    assert listed is not None
    told = {f"{module}.js" for module in listed[1].split()}
    needed = {path.relative_to(STATIC).as_posix() for path in closure(APP / "main.js")}
    assert told == needed - {"app/main.js"}


def test_the_first_view_needs_none_of_the_sentences_that_come_later() -> None:
    """Neither by a whole key nor by the beginning of one."""
    first = closure(APP / "main.js") | closure(APP / "ui" / "chat" / "chat.js")
    first |= closure(APP / "ui" / "keyboard.js") | closure(APP / "ui" / "shell" / "news.js")
    for module in first:
        text = module.read_text("utf-8")
        used = KEY.findall(text) + re.findall(r"`([a-z_]+\.)\$\{", text)
        early = [key for key in used if page_part(key) in ("later", "admin")]
        assert early == [], module.name


def test_every_sentence_of_the_page_is_in_both_languages() -> None:
    """Keys that modules and templates name are in the catalogues, which have the same keys."""
    zh, en = (
        json.loads((ROOT / "im" / "locales" / f"{name}.json").read_text("utf-8"))
        for name in ("zh", "en")
    )
    assert zh.keys() == en.keys()
    plural = {key.rpartition(".")[0] for key in en if key.endswith((".one", ".other"))}
    used = {key for module in APP.rglob("*.js") for key in KEY.findall(module.read_text("utf-8"))}
    assert [key for key in used if key.startswith(NOT_FOR_SCRIPT)] == []
    for template in TEMPLATES.glob("*.html"):
        used |= {
            key
            for key in TEMPLATE_KEY.findall(template.read_text("utf-8"))
            if not key.endswith("_")
        }
    assert sorted(used - en.keys() - plural - NO_KEYS) == []


def test_blanks_are_the_same_in_both_languages() -> None:
    """A sentence that names someone does so in both."""
    zh, en = (
        json.loads((ROOT / "im" / "locales" / f"{name}.json").read_text("utf-8"))
        for name in ("zh", "en")
    )
    blank = re.compile(r"\{(\w+)\}")
    differing = [key for key in en if set(blank.findall(zh[key])) != set(blank.findall(en[key]))]
    assert differing == []


def test_nothing_is_asked_of_another_host() -> None:
    """No address of another host in what the browser runs or draws."""
    address = re.compile(r"""(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+\.[a-z]""")
    files = [*modules(), *(STATIC / "css").glob("*.css"), *TEMPLATES.glob("*.html")]
    for path in files:
        assert not address.search(path.read_text("utf-8")), path.name


def test_vendored_files_are_those_that_the_list_names() -> None:
    """Checksums and licences of ``static/vendor``."""
    listed = json.loads((STATIC / "vendor" / "VENDOR.json").read_text("utf-8"))
    there = {path.name for path in (STATIC / "vendor").glob("*.js*")} - {"VENDOR.json"}
    assert {entry["file"] for entry in listed if "/" not in entry["file"]} == there
    texts = (STATIC / "vendor" / "THIRD_PARTY_LICENSES").read_text("utf-8")
    for entry in listed:
        content = (STATIC / "vendor" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["file"]
        for package in entry["packages"]:
            assert package["licence"] in LICENCES
            assert f"{package['name']} {package['version']}" in texts


def test_no_style_or_script_is_written_into_a_page() -> None:
    """The content security policy would refuse it."""
    inline = re.compile(
        r"""\sstyle=|\son[a-z]+=|<style|<script(?![^>]*(?:src=|application/json))"""
    )
    for template in TEMPLATES.glob("*.html"):
        assert not inline.search(template.read_text("utf-8")), template.name
    for module in modules():
        text = module.read_text("utf-8")
        assert "innerHTML" not in text and "insertAdjacentHTML" not in text, module.name
        assert not re.search(r"\sstyle=\$", text), module.name
