#!/usr/bin/env python3
"""The messenger's command line. ``run.py`` starts a node; ``run.py --help`` tells the rest."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from handlers.server import Server
from im.addresses import page_addresses
from im.command_line import Call, help_text, parse
from im.commands import USAGE, run_admin, run_keys, run_migrate, show_nodes
from im.config import SettingsError
from im.errors import ImError
from im.logs import set_up_logs
from im.store.errors import NewerSchema
from im.supervisor import Supervisor, hold_port, worker_command
from relay.bus import BusError

HOME = Path(__file__).resolve().parent


def main(arguments: Sequence[str]) -> int:
    """Run a command; its exit status: 0, 1 for what failed, 2 for a wrong call or setting."""
    if "--help" in arguments or "-h" in arguments:
        print(help_text())
        return 0
    try:
        call = parse(arguments, os.environ, HOME)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE
    set_up_logs(call.settings.log.format, call.settings.log.level)
    try:
        return asyncio.run(run(call))
    except KeyboardInterrupt:
        return 130
    except (ImError, BusError, NewerSchema, ValueError, OSError) as error:
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
    if call.command == "doctor":
        from im.doctor.command import run_doctor

        return await run_doctor(call.settings, call.words, os.environ)
    return await serve(call)


async def serve(call: Call) -> int:
    """Start a node, or a supervisor of several."""
    settings = call.settings
    if settings.node.workers > 1 and call.worker is None:
        return await supervise(call)
    server = Server(settings, worker=call.worker or 0)
    await server.serve(None if call.worker is not None else show_addresses)
    return 0


async def supervise(call: Call) -> int:
    """Keep several nodes behind one port."""
    http, node, arguments = call.settings.http, call.settings.node, list(call.arguments)
    with ExitStack() as held:
        port = http.port
        if not port:
            port = held.enter_context(hold_port(http.address)).getsockname()[1]
            arguments += ["--http-port", str(port)]
        show_addresses(http.address, port)
        supervisor = Supervisor(worker_command(arguments), node.workers, node.drain_seconds)
        return await supervisor.run()


def show_addresses(address: str, port: int) -> None:
    """Tell the person at the terminal where to go."""
    print("Open in a browser:", *page_addresses(address, port), sep="\n  ", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
