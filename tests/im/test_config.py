"""Settings: where a value comes from, and that a wrong one is refused so that it can be mended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from im import reference
from im.command_line import flag, help_text, parse
from im.config import SHORT_NAMES, SettingsError, allowed, load, names
from im.settings import Settings
from tests.services.node import RUN

HOME = Path(__file__).resolve().parents[2]


def test_every_setting_says_what_it_is_for() -> None:
    assert reference.undocumented() == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("conf/app.toml", reference.app_toml()),
        ("docs/configuration.md", reference.configuration_page()),
    ],
)
def test_the_written_reference_is_of_this_version(path: str, text: str) -> None:
    assert (HOME / path).read_text(encoding="utf-8") == text, "run: make docs"


@pytest.mark.parametrize("name", names())
def test_a_setting_stands_in_the_page_the_file_and_the_help(name: str) -> None:
    section, _, key = name.partition(".")
    table = reference.app_toml().split(f"\n[{section}]\n")[1].split("\n[")[0]
    assert f"#{key} = " in table
    assert f"`{name}`" in reference.configuration_page()
    assert flag(name) in help_text()


def test_the_help_can_be_left_before_its_end() -> None:
    with subprocess.Popen([sys.executable, RUN, "--help"], stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_the_file_with_every_default_taken_in_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "app.toml"
    lines = [
        line[1:] if line.startswith("#") and not line.startswith("# ") else line
        for line in reference.app_toml().splitlines()
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert load({}, {}, file) == Settings()


def test_flags_come_before_the_environment_and_that_before_files(tmp_path: Path) -> None:
    file = tmp_path / "app.toml"
    file.write_text("[http]\nport = 1001\naddress = '10.0.0.1'\n[chat]\nrecall_minutes = 7\n")
    secret = tmp_path / "secret"
    secret.write_text("sqlite:////tmp/from-file.db\n")
    environ = {
        "IM_HTTP_PORT": "1002",
        "IM_ADDRESS": "10.0.0.2",
        "IM_DATABASE_URL_FILE": str(secret),
        "PATH": "/bin",
    }
    settings = load({"port": "1003"}, environ, file)
    assert settings.http.port == 1003
    assert settings.http.address == "10.0.0.2"
    assert settings.chat.recall_minutes == 7
    assert settings.database_url == "sqlite:////tmp/from-file.db"
    assert settings.relay.port == 3000


@pytest.mark.parametrize(
    ("flags", "environ", "told"),
    [
        ({"port": "99999"}, {}, ["--port", "http.port", "'99999'", "≤ 65535"]),
        ({"relay": "tcp"}, {}, ["relay.bus", "'tcp'", "udp, redis, none"]),
        ({"relay": "redis"}, {}, ["--relay", "needs redis.url"]),
        ({"prot": "1"}, {}, ["--prot", "no setting", "did you mean 'port'"]),
        ({}, {"IM_PROT": "1"}, ["IM_PROT", "no such setting"]),
        ({}, {"IM_HTTP_PORT": "x"}, ["IM_HTTP_PORT", "http.port", "'x'", "a whole number"]),
        ({"limits.logins": "often"}, {}, ["limits.logins", "'often'", "10/minute"]),
        ({}, {"IM_DATABASE_FILE": "/not/there"}, ["IM_DATABASE_FILE", "/not/there"]),
        ({"chat.strangers": "no"}, {}, ["allow, request, refuse"]),
    ],
)
def test_a_wrong_setting_is_refused_by_name_value_and_what_is_allowed(
    flags: dict[str, str], environ: dict[str, str], told: list[str]
) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(flags, environ)
    for words in told:
        assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[http]\nprot = 1\n", "http.prot"),
        ("prot = 1\n", "prot"),
        ("[nothing]\nport = 1\n", "nothing.port"),
        ("[http\n", "not TOML"),
        ("[http]\nport = 'x'\n", "http.port"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "app.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=told):
        load({}, {}, file)


def test_a_secret_is_never_shown() -> None:
    settings = load({"database": "mysql://im:geheim@host/im"}, {})
    assert "geheim" not in repr(settings) + str(settings.model_dump())
    with pytest.raises(SettingsError) as refusal:
        load({}, {"IM_REDIS_URL": "redis://:geheim@h", "IM_PORT": "x"})
    assert "geheim" not in str(refusal.value)


def test_short_names_name_settings() -> None:
    assert set(SHORT_NAMES.values()) <= set(names())
    assert all(allowed(name) for name in names())


def test_a_command_line_is_a_word_its_arguments_and_settings(tmp_path: Path) -> None:
    call = parse(["admin", "create", "小红", "--port=7", "--relay-mode", "peers"], {}, tmp_path)
    assert (call.command, call.words) == ("admin", ("create", "小红"))
    assert call.settings.http.port == 7
    assert call.settings.relay.mode == "peers"
    assert parse([], {}, tmp_path).command == "serve"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--database", "mysql://im:geheim@h/im"], ("--database",)),
        (["--redis-url=redis+cluster://:geheim@h,i"], ("--redis-url",)),
        (["--database", "mysql://im@h/im", "--redis", "redis://[::1]:6379"], ()),
        (["--database", "sqlite:///a:b@c.db", "--node-name", "x://a:b@c"], ()),
    ],
)
def test_a_password_that_everyone_can_see_is_known(
    tmp_path: Path, arguments: list[str], shown: tuple[str, ...]
) -> None:
    hidden = {"IM_DATABASE_URL": "mysql://im:geheim@h/im"}
    assert parse(arguments, hidden, tmp_path).shown == shown


@pytest.mark.parametrize("arguments", [["dance"], ["--port"], ["serve", "--nonsense", "1"]])
def test_a_wrong_command_line_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(SettingsError):
        parse(arguments, {}, tmp_path)
