"""The hello of a node, in as many pieces as it needs."""

from __future__ import annotations

from relay.frames import REPORT_SIZE, Hello, Report
from relay.keyring import Keyring
from relay.membership import Membership
from relay.sender import Sender


def hello_frames(
    name: str,
    keyring: Keyring,
    sender: Sender,
    membership: Membership,
    now: float,
    *,
    receive_buffer: int,
    answer: bool = False,
) -> list[bytes]:
    """Hellos of this moment, each for one datagram; together they name all that are heard.

    ``receive_buffer`` in datagrams; ``answer``: all who hear it shall answer at once.
    """
    reports = membership.reports()
    hello = Hello(
        name=name,
        keys=keyring.numbers,
        buffer=receive_buffer,
        lowest=min(sender.lowest, sender.unsent),
        next=sender.unsent,
        answer=answer,
        age=int(membership.age(now) * 1000),
        full=membership.is_full(),
    )
    fit = (sender.room - len(hello.encode())) // REPORT_SIZE
    chunks: list[list[Report]] = [
        reports[start : start + fit] for start in range(0, len(reports), fit)
    ]
    return [hello._replace(reports=tuple(chunk)).encode() for chunk in chunks or [[]]]
