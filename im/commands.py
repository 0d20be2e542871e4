"""The commands that need no sockets: migrate, admin, nodes, keys. Each returns an exit status."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence

from im.app import Listening, Messenger, open_messenger, open_node_database
from im.command_line import NOW
from im.errors import NotFound
from im.services.audit import CONSOLE
from im.services.key_ring import rotate
from im.settings import Settings
from im.store import cluster_keys, nodes, users
from im.store.bootstrap import bootstrap
from im.store.migrations import migrate, schema_version

USAGE = 2
NOWHERE = Listening(address="", port=0, metrics_port=0, worker=0)


async def run_migrate(settings: Settings) -> int:
    """Bring the database to this version's schema."""
    database = open_node_database(settings)
    try:
        before = await schema_version(database)
        after = await migrate(database)
    finally:
        await database.close()
    print(f"schema {after}" if before == after else f"schema {before} -> {after}")
    return 0


async def run_admin(settings: Settings, words: tuple[str, ...]) -> int:
    """Make an administrator, or give someone a new password."""
    if len(words) != 2 or words[0] not in ("create", "password"):
        print("admin create NAME | admin password NAME", file=sys.stderr)
        return USAGE
    action, name = words
    messenger = await open_messenger(settings, NOWHERE)
    try:
        if action == "create":
            return await _create(messenger, name)
        return await _set_password(messenger, name)
    finally:
        await messenger.close()


async def show_nodes(settings: Settings) -> int:
    """Show the nodes whose heartbeat is fresh."""
    database = open_node_database(settings)
    try:
        await migrate(database)
        rows = await database.read(nodes.live)
        now = await database.read(nodes.now_ms)
    finally:
        await database.close()
    if not rows:
        print("no node is alive on this database")
        return 1
    table = [("NODE", "ADDRESS", "RELAY", "METRICS", "PEOPLE", "UP", "VERSION")]
    for row in rows:
        table.append(
            (
                row.name,
                f"{row.address}:{row.port}",
                row.relay_address or "-",
                str(row.metrics_port or "-"),
                str(row.connections),
                _duration(now - row.started_at),
                row.version,
            )
        )
    _print_table(table)
    return 0


async def run_keys(settings: Settings, words: tuple[str, ...]) -> int:
    """Show the relay's keys, or change to a new one."""
    if words not in ((), ("rotate",), ("rotate", NOW)):
        print("keys | keys rotate [--now]", file=sys.stderr)
        return USAGE
    database = open_node_database(settings)
    try:
        await migrate(database)
        await bootstrap(database)
        if words:
            done = await rotate(
                database, lambda line: print(line, flush=True), at_once=NOW in words
            )
            return 0 if done else 1
        rows = await database.read(cluster_keys.rows)
        held = await database.read(nodes.keys_held)
        now = await database.read(nodes.now_ms)
    finally:
        await database.close()
    table = [("KEY", "STATE", "AGE", "NODES")]
    for row in rows:
        holders = sum(row.number in numbers for numbers in held.values())
        age = _duration(now - row.created_at)
        table.append((str(row.number), row.state, age, f"{holders} of {len(held)}"))
    _print_table(table)
    return 0


def _print_table(table: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


async def _create(messenger: Messenger, name: str) -> int:
    row = await messenger.accounts.create(None, name, _ask_password(), role="admin")
    await messenger.people.audit.note("user.made", None, f"u:{row.id}", CONSOLE, role="admin")
    print(f"administrator {row.name} has id {row.id}")
    return 0


async def _set_password(messenger: Messenger, name: str) -> int:
    row = await messenger.database.read(users.by_name, name)
    if row is None:
        raise NotFound(f"there is nobody called {name}")
    await messenger.people.administration.reset_password(
        None, row.id, _ask_password(), second_factor=True
    )
    await messenger.people.audit.note("user.reset", None, f"u:{row.id}", CONSOLE)
    print(f"{row.name} has a password for one log-in; their sessions and second factor have ended")
    return 0


def _ask_password() -> str:
    """From the terminal, or the first line of the input; never an argument, which others see."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")


def _duration(ms: int) -> str:
    seconds = max(0, ms // 1000)
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"
