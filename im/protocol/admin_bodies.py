"""Bodies and answers of the administrators' part of the HTTP API. Times are UTC ms."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from im.protocol.bodies import Me, Password, Text

Policy = Literal["open", "invitation", "closed"]


class PeopleQuery(Struct, kw_only=True):
    """Which people: a part of name, phone or e-mail, and what they are; by id, from a cursor."""

    q: Text | None = None
    kind: Literal["user", "guest", "bot"] | None = None
    role: Literal["user", "admin"] | None = None
    disabled: bool | None = None
    after: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Account(Me, kw_only=True):
    """A person as administrators see them."""

    created_at: int
    last_seen_at: int | None = None
    disabled_at: int | None = None
    second_factor: bool = False
    must_change_password: bool = False
    online: bool = False


class People(Struct, kw_only=True):
    """A page of people; ``after`` for the next one, absent at the end."""

    users: list[Account]
    after: int | None = None


class Ban(Struct, kw_only=True):
    """Why; may be empty."""

    reason: Text = ""


class Reset(Struct, kw_only=True):
    """A password for one log-in, drawn when absent; ``second_factor``: take it away too."""

    password: Password | None = None
    second_factor: bool = False


class ResetAnswer(Struct, kw_only=True):
    """The password for one log-in; told only here."""

    password: str


class RegistrationChange(Struct, kw_only=True):
    """Who may register; null leaves it to the configuration file."""

    policy: Policy | None = None
    guests: bool | None = None


class RegistrationAnswer(Struct, kw_only=True):
    """Who may register now, and what of it an administrator has said (else the file)."""

    policy: Policy
    guests: bool
    changed: RegistrationChange


Days = Annotated[int, Meta(ge=0, le=36_500)]


class RetentionChange(Struct, kw_only=True):
    """For how many days messages keep their content; 0: for ever; null: as the file says."""

    messages_days: Days | None


class RetentionAnswer(Struct, kw_only=True):
    """For how many days messages keep their content; 0: for ever.

    Attributes:
        messages_days: what holds now.
        file: what the configuration file says.
        changed: what an administrator has said; null: nothing.
        planned: what holds from ``planned_at`` (UTC ms) on; null: no change is planned.
    """

    messages_days: int
    file: int
    changed: int | None
    planned: int | None
    planned_at: int | None


class RetentionQuery(Struct, kw_only=True):
    """For how many days messages might be kept."""

    messages_days: Days


class RetentionCount(Struct, kw_only=True):
    """Messages that would lose their content: those stored before a time, recalled ones included.

    ``at_least``: there are so many conversations that not all were looked at.
    """

    messages: int
    at_least: bool
    before: int


class NewInvitation(Struct, kw_only=True):
    """An invitation: how many may come by it, for how many days, into which group."""

    note: Text = ""
    uses: Annotated[int, Meta(ge=1)] = 1
    days: Annotated[int, Meta(ge=1)] = 7
    group: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class InvitationAnswer(Struct, kw_only=True):
    """An invitation without its code; ``uses``: how many came by it."""

    id: int
    created_by: int
    note: str
    uses_left: int
    uses: int
    group: int | None
    created_at: int
    expires_at: int | None


class MadeInvitation(InvitationAnswer, kw_only=True):
    """A new invitation. Code, address and QR code are told only here."""

    code: str
    url: str
    qr: str


class Invitations(Struct, kw_only=True):
    """Invitations that are good still, the newest first."""

    invitations: list[InvitationAnswer]


class AuditQuery(Struct, kw_only=True):
    """Which acts: before a cursor, of an actor, whose name begins so."""

    before: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    action: Text = ""
    actor: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class Act(Struct, kw_only=True):
    """Who did what to whom, when and from where; no actor: nobody known, or at the machine."""

    id: int
    at: int
    actor: int | None
    action: str
    target: str
    address: str
    detail: dict[str, Any]


class Acts(Struct, kw_only=True):
    """A page of the audit log, the newest first; ``before`` for the next, absent at the end."""

    acts: list[Act]
    before: int | None = None


class NodesQuery(Struct, kw_only=True):
    """How many past heartbeats of each node, 5 s apart."""

    points: Annotated[int, Meta(ge=0, le=720)] = 60


class Figures(Struct, kw_only=True):
    """A node since its last heartbeat: messages and deliveries a second, memory in bytes,
    processor in parts of one core, gaps of the relay since its start."""

    connections: int
    people: int
    messages: float
    deliveries: float
    memory: int
    processor: float
    relay_gaps: int
    waiting: int


class Point(Struct, kw_only=True):
    """Figures at a time."""

    at: int
    figures: Figures


class Node(Struct, kw_only=True):
    """A node that lives, or one that ended without taking its leave."""

    name: str
    address: str
    port: int
    version: str
    started_at: int
    heartbeat_at: int
    alive: bool
    figures: Figures
    series: list[Point]


class Nodes(Struct, kw_only=True):
    """The nodes, at the database's time; and all people who are connected."""

    nodes: list[Node]
    now: int
    online: int


class SettingsAnswer(Struct, kw_only=True):
    """The settings of this node by section, without secrets."""

    settings: dict[str, dict[str, Any]]
