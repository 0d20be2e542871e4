"""What a database needs before the first node can serve: the cluster's id, a relay key, ``all``."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from im.protocol import names
from im.store import cluster, cluster_keys, conversations
from im.store.cursor import Cursor
from im.store.database import Database

CLUSTER_ID_BYTES = 8
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ClusterIdentity:
    """Who belongs together on a network.

    Attributes:
        cluster_id: 8 random bytes in each datagram, so that strangers are told apart.
        keys: the relay's keys of 32 bytes by their number.
        sending: the number of the key to send with.
    """

    cluster_id: bytes
    keys: dict[int, bytes]
    sending: int


async def bootstrap(database: Database) -> ClusterIdentity:
    """Make what is missing and return what all nodes share, whichever of them made it.

    Needs a migrated database; may run any number of times, on any number of nodes at once. Raises
    ``Unavailable``.
    """
    return await database.write(
        _bootstrap, secrets.token_bytes(CLUSTER_ID_BYTES), secrets.token_bytes(KEY_BYTES)
    )


def _bootstrap(cursor: Cursor, cluster_id: bytes, key: bytes) -> ClusterIdentity:
    # Whoever has stored the id makes the rest; the others wait for that row, then read.
    cluster_id = cluster.value(cursor, "cluster_id", cluster_id)
    now = cursor.dialect.now_ms
    keys, sending = cluster_keys.ring(cursor)
    if not keys:
        cursor.execute(
            f"{cursor.dialect.insert_ignore} cluster_key (number, secret, created_at, sending_at)"
            f" VALUES (1, %s, {now}, {now})",
            (key,),
        )
        keys, sending = cluster_keys.ring(cursor)
    if conversations.by_name(cursor, names.ALL) is None:
        cursor.execute(
            f"{cursor.dialect.insert_ignore} conversation"
            " (name, kind, changed_at, created_at, kept_from)"
            f" VALUES ('all', 'all', {now}, {now}, {now})"
        )
    return ClusterIdentity(cluster_id, keys, sending)
