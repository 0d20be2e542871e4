#!/usr/bin/env python3
"""The messenger's command line. ``run.py`` starts a node; ``run.py --help`` tells the rest."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

# Nothing of what is loaded is garbage: to look through it again and again is a fifth of a start.
gc.disable()

from handlers.server import Server
from im.addresses import (
    WILDCARDS,
    friendly_host,
    page_addresses,
    page_url,
    reachable_addresses,
)
from im.app import program_version
from im.command_line import Call, help_text, parse
from im.commands import USAGE, run_admin, run_keys, run_migrate, show_nodes
from im.config import SettingsError
from im.errors import ImError
from im.logs import set_up_logs
from im.node_name import node_name
from im.ports import open_ports
from im.settings import Settings
from im.store.errors import UnusableDatabase
from im.supervisor import Supervisor, worker_command
from relay.bus import BusError

gc.freeze()
gc.enable()

HOME = Path(__file__).resolve().parent

OWN_ALONE = 0o077
"""Nobody else on the machine reads what a node or a command writes (``umask``)."""

log = logging.getLogger("im.server")


def main(arguments: Sequence[str]) -> int:
    """Run a command; its exit status: 0, 1 for what failed, 2 for a wrong call or setting."""
    if "--help" in arguments or "-h" in arguments:
        # A pager that was left wants no more, and no word of it.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        print(help_text())
        return 0
    try:
        call = parse(arguments, os.environ, HOME)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE
    os.umask(OWN_ALONE)
    set_up_logs(call.settings.log.format, call.settings.log.level)
    if call.shown and call.place is None:
        log.warning(
            "everyone on this machine can see the password in %s (ps): a variable IM_…_FILE names"
            " a file for it",
            " and ".join(call.shown),
        )
    try:
        return asyncio.run(run(call))
    except KeyboardInterrupt:
        return 130
    except (ImError, BusError, UnusableDatabase, ValueError, OSError) as error:
        print(f"{call.command}: {error}", file=sys.stderr)
        return 1


async def run(call: Call) -> int:
    """Run a parsed command."""
    if call.command == "migrate":
        return await run_migrate(call.settings)
    if call.command == "admin":
        return await run_admin(call.settings, call.words)
    if call.command == "nodes":
        return await show_nodes(call.settings)
    if call.command == "keys":
        return await run_keys(call.settings, call.words)
    if call.command == "trust":
        from im.trust_command import run_trust

        return await run_trust(call.settings, call.words)
    if call.command == "doctor":
        from im.doctor.command import run_doctor

        return await run_doctor(call.settings, call.words, os.environ)
    if call.command == "backup":
        from im.backup.command import run_backup

        return await run_backup(call.settings, call.words)
    if call.command == "restore":
        from im.backup.command import run_restore

        return await run_restore(call.settings, call.words)
    return await serve(call)


async def serve(call: Call) -> int:
    """Start a node, or a supervisor of several."""
    settings, place = call.settings, call.place
    if place is not None:
        await Server(settings, place.ports(), place.number).serve(place.tell_ready)
        return 0
    ports = open_ports(settings, os.environ)
    show = partial(show_addresses, settings.http.address, ports[0].number)
    # One for the whole port: a worker that ends takes nothing away.
    async with announced(settings, ports[0].number):
        if len(ports) == 1:
            await Server(settings, ports[0]).serve(show)
            return 0
        show()
        command = worker_command(call.arguments)
        return await Supervisor(command, ports, settings.node.drain_seconds).run()


@asynccontextmanager
async def announced(settings: Settings, port: int) -> AsyncIterator[None]:
    """Let the LAN know of a port while it is open, if it may."""
    address = settings.http.address
    if not settings.http.announce or (
        address not in WILDCARDS and not reachable_addresses(address)
    ):
        yield
        return
    from im.services.announcement import Announcement

    announcement = Announcement(
        node_name(settings, port, 0),
        friendly_host(settings.tls.names),
        port,
        partial(reachable_addresses, address),
        tls=settings.tls.enabled,
        version=program_version(),
    )
    announcement.start()
    try:
        yield
    finally:
        await announcement.close()


def show_addresses(address: str, port: int) -> None:
    """Tell the person at the terminal where to go, and a phone's camera."""
    print("Open in a browser:", *page_addresses(address, port), sep="\n  ", flush=True)
    if sys.stdout.isatty() and (found := reachable_addresses(address)):
        from im.terminal_code import show_code

        show_code(page_url(found[0], port))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
