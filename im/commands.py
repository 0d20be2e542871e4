"""The commands that need no sockets: migrate, admin, nodes, keys. Each returns an exit status."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from im.app import Listening, Messenger, open_messenger
from im.command_line import NOW
from im.errors import ImError, NotFound
from im.node_database import open_node_database
from im.services.audit import CONSOLE
from im.services.identity import Identity
from im.services.key_ring import rotate
from im.settings import Settings
from im.store import cluster_keys, nodes, users
from im.store.bootstrap import bootstrap
from im.store.migrations import migrate, schema_version
from im.store.users import UserRow

USAGE = 2
ADMIN = "admin create NAME | admin password NAME | admin role NAME admin|user | admin revoke NAME"
AT_THE_MACHINE = Identity(0, 0, CONSOLE, "user", "admin", "en")
"""Nobody who has an account: who can read the database may do what administrators may."""
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
    """What the person at the machine does about an account: see ``ADMIN``."""
    act: Callable[[Messenger], Awaitable[int]]
    match words:
        case ("create", name):
            act = partial(_create, name=name)
        case ("password", name):
            act = partial(_set_password, name=name)
        case ("role", name, "admin" | "user" as role):
            act = partial(_set_role, name=name, role=role)
        case ("revoke", name):
            act = partial(_revoke, name=name)
        case _:
            print(ADMIN, file=sys.stderr)
            return USAGE
    messenger = await open_messenger(settings, NOWHERE)
    try:
        return await act(messenger)
    except ImError as error:
        if not (error.field or error.values):
            raise
        # A name or password that breaks a rule: as the page says it.
        print(f"admin: {messenger.catalogue.explain('en', error)}", file=sys.stderr)
        return 1
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
    row = await _called(messenger, name)
    await messenger.people.administration.reset_password(
        None, row.id, _ask_password(), second_factor=True
    )
    await messenger.people.audit.note("user.reset", None, f"u:{row.id}", CONSOLE)
    print(f"{row.name} has a password for one log-in; their sessions and second factor have ended")
    return 0


async def _set_role(messenger: Messenger, name: str, role: str) -> int:
    found = await _called(messenger, name)
    row = await messenger.accounts.update(AT_THE_MACHINE, found.id, {"role": role})
    await messenger.people.audit.note(
        "user.changed", None, f"u:{row.id}", CONSOLE, fields=["role"], role=row.role
    )
    print(f"{row.name} is {'an administrator' if row.role == 'admin' else 'a plain user'}")
    return 0


async def _revoke(messenger: Messenger, name: str) -> int:
    row = await _called(messenger, name)
    ended = await messenger.sessions.revoke_all(row.id, programs=True)
    await messenger.people.audit.note("user.revoked", None, f"u:{row.id}", CONSOLE)
    seconds = messenger.settings.sessions.recheck_seconds
    print(
        f"{row.name}: {ended} sessions and tokens have ended;"
        f" nodes close their connections within {seconds:g} s"
    )
    return 0


async def _called(messenger: Messenger, name: str) -> UserRow:
    row = await messenger.database.read(users.by_name, name)
    if row is None or row.deleted_at is not None:
        raise NotFound(f"there is nobody called {name}")
    return row


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
