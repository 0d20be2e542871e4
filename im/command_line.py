"""The command line: a word, its arguments, and every setting as a flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from im.config import SHORT_NAMES, SettingsError, allowed, is_secret, load, names
from im.ports import Place, read_place
from im.settings import Settings

CONFIG_VARIABLE = "IM_CONFIG"
DEFAULT_FILE = Path("conf/app.toml")

NOW = "--now"
OWN_FLAGS: Mapping[str, bool] = {
    **{NOW: False, "--json": False, "--seconds": True, "--language": True},
    **{"--keep": True, "--overwrite": False, "--verify": False, "--log-out": False},
}
"""Flags that belong to a command and are among its words; whether each has a value."""

COMMANDS: Mapping[str, str] = {
    "serve": "start a node (the default)",
    "migrate": "bring the database to this version's schema",
    "admin create NAME": "make an administrator; the password is asked for, or read from input",
    "admin password NAME": "give someone a new password; their sessions end",
    "admin role NAME admin|user": "make someone an administrator, or a plain user again",
    "admin revoke NAME": "end all sessions and tokens of someone, on every node",
    "nodes": "show the nodes that are alive now",
    "keys": "show the keys with which nodes talk to each other",
    "keys rotate [--now]": "change to a new one; --now: don't wait for nodes that lack it",
    "trust [FILE.crt]": "show how devices learn to trust the cluster, or write its certificate",
    "trust renew": "make a new certificate authority; every device has to trust again",
    "doctor [HOST …]": "why two machines don't see each other, and what mends it;"
    " --seconds N, --language zh|en, --json",
    "backup FILE|FOLDER": "write all there is into one file, while nodes run; --overwrite,"
    " --keep N: in a folder, the N newest",
    "restore FILE": "put a backup into an empty database of either kind; --verify: only look"
    " whether it is whole, --log-out: everyone logs in anew",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A parsed command line.

    Attributes:
        command: the first word; ``serve`` when there is none.
        words: what follows it.
        settings: from the flags, the environment and the file.
        arguments: all of it, as given.
        place: of this worker under a supervisor, or None.
        shown: flags with a password in them, which everyone on the machine can see.
    """

    command: str
    words: tuple[str, ...]
    settings: Settings
    arguments: tuple[str, ...]
    place: Place | None
    shown: tuple[str, ...] = ()


def parse(arguments: Sequence[str], environ: Mapping[str, str], home: Path) -> Call:
    """Take a command line apart. ``home`` is where ``conf/`` lies.

    Raises ``SettingsError``.
    """
    words: list[str] = []
    flags: dict[str, str] = {}
    config: str | None = environ.get(CONFIG_VARIABLE)
    place: Place | None = None
    known = {flag(name): name for name in (*names(), *SHORT_NAMES)}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        name, given, value = word.partition("=")
        if not word.startswith("--") or OWN_FLAGS.get(word) is False:
            words.append(word)
            continue
        if not given:
            if not waiting:
                raise SettingsError(f"{name}: a value is missing")
            value = waiting.pop(0)
        if OWN_FLAGS.get(name):
            words.append(f"{name}={value}")
        elif name == "--config":
            config = value
        elif name == "--worker":
            try:
                place = read_place(value)
            except ValueError as error:
                raise SettingsError(f"--worker: only a supervisor gives it: {error}") from None
        else:
            flags[known.get(name, name.removeprefix("--"))] = value
    command = words.pop(0) if words else "serve"
    if command not in {name.partition(" ")[0] for name in COMMANDS}:
        raise SettingsError(f"{command}: there is no such command; there are: {_commands()}")
    file = Path(config) if config is not None else home / DEFAULT_FILE
    return Call(
        command=command,
        words=tuple(words),
        settings=load(flags, environ, file if config is not None or file.exists() else None),
        arguments=tuple(arguments),
        place=place,
        shown=tuple(flag(name) for name, value in flags.items() if _has_password(name, value)),
    )


def flag(name: str) -> str:
    """A setting's flag: ``relay.mode`` is ``--relay-mode``."""
    return "--" + name.replace(".", "-").replace("_", "-")


def _has_password(name: str, value: str) -> bool:
    login = value.partition("://")[2].partition("/")[0].rpartition("@")[0]
    return is_secret(SHORT_NAMES.get(name, name)) and ":" in login


def help_text() -> str:
    """What ``--help`` shows."""
    lines = ["run.py [COMMAND] [--setting VALUE …]", "", "Commands:"]
    lines += [f"  {name:<28}{text}" for name, text in COMMANDS.items()]
    lines += ["", "Settings (also IM_… in the environment and in conf/app.toml):"]
    short = {full: f"{flag(name)}, " for name, full in SHORT_NAMES.items()}
    lines.append("  --config FILE")
    lines += [f"  {short.get(name, '')}{flag(name)}  ({allowed(name)})" for name in names()]
    return "\n".join(lines)


def _commands() -> str:
    return ", ".join(dict.fromkeys(name.partition(" ")[0] for name in COMMANDS))
