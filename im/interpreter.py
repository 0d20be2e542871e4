"""How CPython is set for a process in which one thread serves everyone.

Its defaults suit programs that compute. Here the event loop gives the interpreter away at each
``send`` and takes it back at once, and much of what is alive stays so: the program's own modules
and the connections.
"""

from __future__ import annotations

import gc
import sys

SWITCH_SECONDS = 0.0005
"""How long a thread may compute while another waits. At CPython's own 0.005 the event loop would
wait so long for its turn, once for many a ``send``, while a batch is made ready for the database;
and so would the threads of the database, at each of their statements, while the loop is busy."""

GARBAGE = (1000, 10, 100)
"""Objects more that bring about a small collection, small ones a larger, larger ones a full one: a
larger one takes about 4 ms, and a full one is rare."""


def settle_in() -> None:
    """Called when a node is ready: let threads take turns often, and look for garbage where it is.

    What is there now stays. And when thousands come at once, or messages are on their way by the
    thousand, all that is theirs would be gone through again and again, each time for up to 140 ms
    in which nobody is served.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
