"""How CPython is set for a process in which one thread serves everyone.

Its defaults suit programs that compute. Here the event loop gives the interpreter away at each
``send`` and takes it back at once, and much of what is alive stays so: the program's own modules
and the connections.
"""

from __future__ import annotations

import gc
import sys

SWITCH_SECONDS = 0.0005
"""How long a thread may compute while another waits. After CPython's own 0.005 the event loop would
wait for its turn, once for many a ``send``, while a batch is made ready for the database."""

COLLECT_AFTER = 10_000
"""Objects more than before after which the collector looks for rings of garbage. At CPython's own
700 the messages on their way are counted as long-lived ones within ms, and then all are gone
through, again and again, for 40 ms and more in which nobody is served."""


def share_time() -> None:
    """Let threads take turns often, and the garbage collector seldom."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


def keep_what_is_there() -> None:
    """Let the garbage collector pass over what there is now: the program after its start."""
    gc.collect()
    gc.freeze()
