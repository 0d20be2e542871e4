"""Exports of one's own data, wired from a node's services."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from im.services.export.contents import Sources
from im.services.export.exports import Exports

if TYPE_CHECKING:
    from im.app import Messenger


def make_exports(node: Messenger, clock: Callable[[], int]) -> Exports:
    """Exports of this node's people; ``clock``: UTC ms."""
    sources = Sources(
        database=node.database,
        accounts=node.accounts,
        contacts=node.contacts,
        groups=node.groups,
        preferences=node.preferences,
        quick_replies=node.quick_replies,
        sessions=node.sessions,
        tokens=node.people.tokens,
        history=node.history,
        erasures=node.delivery,
        media=node.files.media,
    )
    return Exports(
        *(sources, node.limits, node.catalogue),
        node.settings.limits.exports,
        node.settings.media.export_bytes,
        clock,
    )
