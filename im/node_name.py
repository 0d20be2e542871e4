"""The name of a node among the others: the same after a restart, and nobody else's."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

from im.flushing import flush_folder
from im.settings import Settings


def node_name(settings: Settings, port: int, worker: int) -> str:
    """The name from the settings, or one that is the same after a restart and nobody else's."""
    name = settings.node.name or f"{_host(settings.node.data_dir)}-{port}"
    return f"{name}-{worker}" if settings.node.workers > 1 else name


def _host(data_dir: Path) -> str:
    return f"{socket.gethostname()}-{_digits(data_dir)}"


def _digits(data_dir: Path) -> str:
    """Four hex digits kept in the data folder, so that hosts of one name are told apart."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "node-id"
    if not path.exists():
        drawn = path.with_suffix(f".{os.getpid()}")
        with drawn.open("w", encoding="ascii") as file:
            file.write(secrets.token_hex(2))
            file.flush()
            os.fsync(file.fileno())
        try:
            # Whoever links first has drawn it for all who share the folder.
            os.link(drawn, path)
        except FileExistsError:
            pass
        finally:
            drawn.unlink()
        flush_folder(data_dir)
    return path.read_text(encoding="ascii").strip()
