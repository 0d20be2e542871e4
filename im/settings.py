"""Every setting of a node: type, default, bounds and meaning.

The sentence under a setting is its documentation: ``conf/app.toml`` and ``docs/configuration.md``
are written from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Port = Annotated[int, Field(ge=1, le=65535)]
FreePort = Annotated[int, Field(ge=0, le=65535)]
_RATE = r"[1-9][0-9]{0,6}/(second|minute|hour|day)"
RATES = rf"^{_RATE}(;{_RATE})*$"
Rate = Annotated[str, Field(pattern=RATES)]
"""Rates like ``10/minute``, several joined by semicolons."""

Name = Annotated[
    str,
    Field(max_length=253, pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?$|^[0-9A-Fa-f:.]+$"),
]
"""A host name (ASCII; others in their ``xn--`` form) or an IP address."""


class Section(BaseModel):
    """A table of the configuration file; unknown names in it are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NodeSettings(Section):
    """The node itself."""

    name: Annotated[str, Field(max_length=64, pattern=r"^[^\s]*$")] = ""
    """Name of this node among the others. Empty: host name, four digits kept in the data folder,
    port and worker number."""
    data_dir: Path = Path("var")
    """Folder for the embedded database, uploaded files and what else this node keeps."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Nodes behind the one port, each a process of its own; one that dies is started again."""
    drain_seconds: Annotated[float, Field(ge=0, le=60)] = 8.0
    """At SIGTERM: seconds in which connections are told to come back elsewhere and are closed; the
    node is gone 2 s later at the latest."""
    faults: str = ""
    """For tests alone: ``action:point:number``, as ``kill:before_commit:3``, ends (``kill``) or
    halts (``stop``) the process when it comes to that point of a message's way for that time."""


class HttpSettings(Section):
    """What the node listens on, and for whom."""

    port: FreePort = 8888
    """Port of pages, HTTP API and sockets. 0 takes a free one."""
    address: str = "0.0.0.0"
    """Address to listen on."""
    announce: bool = True
    """Whether the LAN is told by multicast DNS (mDNS, UDP 5353) where the pages are, so that phones
    and computers list the server; never of loopback."""
    origins: tuple[str, ...] = ()
    """Origins besides this host's own from which pages may open sockets, like
    ``https://chat.example.lan``."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are
    believed."""
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = 18_000
    """Sockets of clients in all; more are answered 503. Fewer if ``ulimit -n`` allows fewer."""
    max_connections_per_address: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    """Sockets from one address; more are answered 429. A whole site may sit behind one address. Of
    public IPv6 addresses a network of 64 bits counts as one, here and wherever something is limited
    for each."""
    max_http_connections: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """Connections for pages, API calls and files. For a further one the one that is idle longest is
    closed; when none is idle, it is answered 503."""
    max_http_connections_per_address: Annotated[int, Field(ge=1, le=100_000)] = 500
    """The same for one address, which is answered 429; trusted proxies are not limited so."""
    max_newcomers: Annotated[int, Field(ge=1, le=100_000)] = 4096
    """Connections that have not asked for anything yet. Further ones wait to be accepted; after a
    second the one that has been silent longest is dropped for them."""
    first_seconds: Annotated[float, Field(gt=0, le=300)] = 10.0
    """Time for the first request of a connection to come, and inside TLS for each of the two steps
    before it; whoever takes longer is dropped."""


class TlsSection(Section):
    """Encrypted connections. Without a certificate of your own the cluster makes one."""

    enabled: bool = True
    """Whether the port speaks TLS; it speaks plain HTTP besides."""
    plain: Literal["ask", "allow", "refuse"] = "ask"
    """People who open a page from another machine without TLS: ``ask`` offers them the secure
    address once; ``allow`` lets them be; ``refuse`` leads pages to the secure address and refuses
    API and sockets. On the machine itself, plain HTTP is always allowed."""
    names: tuple[Name, ...] = ()
    """Names and addresses by which people reach this node, besides those it finds out itself."""
    cert: Path | None = None
    """File with a certificate of your own and those above it (PEM). Read again at SIGHUP."""
    key: Path | None = None
    """File with its private key (PEM, without a password)."""
    hsts_days: Annotated[int, Field(ge=0, le=730)] = 0
    """Days in which browsers refuse plain HTTP by themselves (``Strict-Transport-Security``). 0:
    not said, for no device could go back if its trust in the certificate were lost."""


class DatabaseSection(Section):
    """Where everything is kept."""

    url: SecretStr = SecretStr("")
    """``mysql://user:password@host[:port]/database`` or ``sqlite:///path``. Empty: ``im.db`` in
    the data folder."""
    pool: Annotated[int, Field(ge=1, le=64)] = 4
    """Connections for reads and small transactions, and the threads that use them; the log writer
    has one more."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 3.0
    """After this many seconds without an answer of the database a request is refused as
    ``unavailable``."""
    slow_ms: Annotated[int, Field(ge=1)] = 1000
    """Statements that take longer are logged."""
    tls_ca: Path | None = None
    """File with the certificates to check the server's against. Without it, TLS is not used on
    loopback and not checked elsewhere."""


class RedisSection(Section):
    """Redis, where it is present; never a second truth beside the database."""

    url: SecretStr = SecretStr("")
    """``redis://[user:password@]host[:port][/number]``, ``rediss://…`` with TLS,
    ``redis+sentinel://host[:port],…/service`` or ``redis+cluster://host[:port],…``. Empty: none."""
    channel: Annotated[str, Field(min_length=1, max_length=128)] = "websocket"
    """What any program publishes here reaches the sockets of ``/user/sendMsg``."""


class RelaySection(Section):
    """How the nodes hear each other."""

    bus: Literal["udp", "redis", "none"] = "udp"
    """``udp``; ``redis``: over the Redis (7 or newer) of ``redis.url``, where UDP cannot go and
    between sites; ``none``: nodes find what the others wrote by asking the database each second."""
    mode: Literal["multicast", "broadcast", "peers"] = "multicast"
    """``multicast``, the subnet's ``broadcast`` address, or a list of ``peers``."""
    port: Port = 3000
    """Port of the group; each node has one of its own among the 64 above it."""
    group: str = "239.192.77.1"
    """Multicast group."""
    interface: str = ""
    """Network interface. Empty: the one on the route to the group, or loopback."""
    peers: tuple[str, ...] = ()
    """``host[:port]`` of the others in mode ``peers``. Empty: those in the database."""


class LogSection(Section):
    """What the node writes to standard error."""

    format: Literal["auto", "console", "json"] = "auto"
    """``auto``: ``console`` on a terminal, else ``json``, one object a line."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important that is written."""


class MetricsSection(Section):
    """Figures for Prometheus, with ``/healthz`` and ``/readyz`` beside them."""

    port: FreePort | None = None
    """Port of ``/metrics``. 0 takes a free one (``run.py nodes`` shows it); absent: none."""
    address: str = "127.0.0.1"
    """Address that the port listens on."""


class SessionSection(Section):
    """Log-ins."""

    days: Annotated[int, Field(ge=1, le=3650)] = 30
    """A session ends after this many days without use."""
    max_days: Annotated[int, Field(ge=1, le=3650)] = 180
    """A session ends this many days after the log-in in any case."""
    per_user: Annotated[int, Field(ge=1, le=1000)] = 50
    """Sessions of one person; a further log-in ends the one that was idle longest."""
    tokens: Annotated[int, Field(ge=1, le=1000)] = 20
    """Tokens for programs of one person or bot."""
    recheck_seconds: Annotated[float, Field(gt=0, le=300)] = 30.0
    """How often a node asks the database for revoked sessions, whatever the relay said."""


class RegistrationSection(Section):
    """Who may come in."""

    policy: Literal["open", "invitation", "closed"] = "open"
    """``open``: anyone on the network registers; ``invitation``: who has an administrator's
    invitation; ``closed``: the administrator creates accounts. An administrator may say otherwise
    while nodes run; that holds until it is taken back."""
    guests: bool = True
    """Whether people may chat without registering."""
    guest_days: Annotated[int, Field(ge=1, le=365)] = 7
    """A guest's session ends after this many days without use."""
    password_min: Annotated[int, Field(ge=6, le=128)] = 8
    """Characters that a password must have."""
    password_guesses: Annotated[int, Field(ge=0, le=10**12)] = 1_000_000
    """Guesses that a password must withstand, by an estimate that knows the most used ones, words,
    names, dates, keys in a row and repetitions. A million: at 60 an hour (``limits.logins``) nearly
    two years from one address. 0: any password will do that is long enough."""
    password_words: tuple[str, ...] = ()
    """Words that cost no guess, as a person's own name and the server's don't: names of the
    organisation, its products and departments."""


class InvitationSection(Section):
    """Invitations to register."""

    active: Annotated[int, Field(ge=1, le=1000)] = 200
    """Invitations that are good at the same time."""
    uses: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Accounts that one invitation may be good for."""
    days: Annotated[int, Field(ge=1, le=3650)] = 90
    """Days that one may be good for."""


class AdminSection(Section):
    """Those who administer."""

    second_factor: Literal["optional", "required"] = "optional"
    """``required``: an administrator without a second factor chats as anyone does, and administers
    once it is turned on, with tokens for programs too; ``optional``: it is their own choice."""

    @property
    def needs_factor(self) -> bool:
        """Whether an administrator has to have a second factor."""
        return self.second_factor == "required"


class AuditSection(Section):
    """Who did what: administrators' acts, log-ins, and what else concerns security."""

    days: Annotated[int, Field(ge=1, le=3650)] = 365
    """Days after which an act is forgotten."""


class ChatSection(Section):
    """What people may do with messages."""

    strangers: Literal["allow", "request", "refuse"] = "allow"
    """May people write to those who are not their contacts: ``allow``; ``request``: contacts only,
    and anyone may ask to become one; ``refuse``: contacts only, and only members of a common
    group may ask."""
    text_bytes: Annotated[int, Field(ge=64, le=256 * 1024)] = 64 * 1024
    """Bytes (UTF-8) of a text; a longer one is refused, never cut."""
    recall_minutes: Annotated[int, Field(ge=0, le=60 * 24 * 365)] = 2
    """Minutes in which a message can be taken back."""
    edit_minutes: Annotated[int, Field(ge=0, le=60 * 24 * 365)] = 15
    """Minutes in which a text can be changed."""
    quick_replies: Annotated[int, Field(ge=5, le=1_000)] = 50
    """Quick replies of one person."""
    contacts: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    """Contacts of one person, open requests included."""


class GroupSection(Section):
    """Groups."""

    members: Annotated[int, Field(ge=2, le=1_000_000)] = 10_000
    """Members of one group."""
    per_user: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Groups that one person may be in."""
    webhooks: Annotated[int, Field(ge=0, le=1000)] = 10
    """Webhooks of one group."""
    read_marks: Annotated[int, Field(ge=0, le=10_000)] = 50
    """Largest group in which read marks are sent to all; in larger ones they are read on demand."""
    typing_notes: Annotated[int, Field(ge=0, le=10_000)] = 50
    """Largest group in which it is told who is writing."""


class MediaSection(Section):
    """Pictures, voice messages and files that people send."""

    kinds: tuple[Literal["picture", "audio", "file"], ...] = ("picture", "audio", "file")
    """What may be sent: ``picture``, ``audio`` (voice messages, music), and ``file`` for everything
    else, which browsers only save. Empty: nothing."""
    max_bytes: Annotated[int, Field(ge=64 * 1024, le=1024**3)] = 20 * 1024 * 1024
    """Bytes of one file."""
    quota_bytes: Annotated[int, Field(ge=0, le=2**50)] = 1024**3
    """Bytes of all files that one person has sent and not recalled."""
    guest_quota_bytes: Annotated[int, Field(ge=0, le=2**50)] = 50 * 1024 * 1024
    """The same for a guest."""
    export_bytes: Annotated[int, Field(ge=0, le=2**50)] = 1024**3
    """Bytes of files of others that someone takes along with their own data; 0: none."""
    picture_pixels: Annotated[int, Field(ge=1_000_000, le=89_000_000)] = 52_000_000
    """Pixels of one picture, or of all frames of a moving one together. Making one anew takes up to
    8 bytes of memory for each."""
    picture_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Pictures that are made anew at a time."""
    uploads: Annotated[int, Field(ge=1, le=100)] = 4
    """Uploads of one person to one node at a time."""
    downloads: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Files that one node sends at a time; each takes about 2 MiB of memory."""
    unused_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 24
    """A file that was uploaded and never sent is removed after this many hours."""


class RetentionSection(Section):
    """How long things are kept."""

    messages_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Days after which the content of messages, files included, is removed for good; 0: never. The
    same on all nodes. An administrator may say otherwise while nodes run; that holds until it is
    taken back. What is to be kept for less long than before begins to go 24 hours later."""


class BroadcastSection(Section):
    """Messages to everyone."""

    who: Literal["admins", "users", "everyone"] = "admins"
    """Who may: administrators, registered users, or guests too."""


class SocketSection(Section):
    """Connections of clients."""

    ping_seconds: Annotated[float, Field(gt=0, le=300)] = 30.0
    """A connection that was silent this long is pinged."""
    dead_seconds: Annotated[float, Field(gt=0, le=900)] = 60.0
    """A connection that was silent this long is dead."""
    hello_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Time for the first frame to say who it is."""
    grace_seconds: Annotated[float, Field(ge=0, le=600)] = 30.0
    """Whoever loses their connection, or the node of it, is shown as before for so long: most come
    back, here or at another node."""
    frame_bytes: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 1024 * 1024
    """Largest frame; a larger one closes the connection with 1009."""
    queue_bytes: Annotated[int, Field(ge=64 * 1024, le=64 * 1024 * 1024)] = 4 * 1024 * 1024
    """What may wait for a slow reader; more closes the connection with 1013."""


class LimitSection(Section):
    """How often. A limit of the form ``10/minute`` counts in a sliding window."""

    frames_per_second: Annotated[float, Field(gt=0)] = 50.0
    """Frames of one connection, and changes by one person over HTTP, in the long run."""
    frames_burst: Annotated[int, Field(ge=1)] = 200
    """Of them, what may come at once."""
    logins: Rate = "10/minute;60/hour"
    """Failed log-ins of one name from one address; codes that a person makes for a device."""
    logins_per_address: Rate = "100/minute"
    """Failed log-ins from one address, and wrong codes of a further device."""
    registrations: Rate = "200/hour"
    """Accounts made from one address, guests and names that were taken included."""
    contact_requests: Rate = "60/hour"
    """Contact requests of one person."""
    profiles: Rate = "60/hour"
    """How often one person changes their name, picture or note, of which others hear."""
    uploads: Rate = "60/minute;1000/day"
    """Files that one person uploads."""
    searches: Rate = "10/second;200/minute"
    """Searches in messages of one person."""
    exports: Rate = "3/hour;10/day"
    """How often one person takes all their data along."""
    webhooks: Rate = "60/minute;5000/day"
    """Messages through one webhook."""
    groups: Rate = "200/hour"
    """Groups that one person makes."""
    join_requests: Rate = "60/hour"
    """How often one person asks to be let into groups, or tries the code of a group's link."""
    ask_again_hours: Annotated[int, Field(ge=0, le=8_760)] = 24
    """Hours in which whoever was refused as a contact or by a group cannot ask there again."""
    pending_frames: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Frames of one connection that are being worked on; reading waits beyond it."""
    behind_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    """When more has come than the node can work on for so long, messages are refused until it has
    caught up. Administrators' are not."""


class Settings(Section):
    """All settings of a node."""

    node: NodeSettings = NodeSettings()
    http: HttpSettings = HttpSettings()
    tls: TlsSection = TlsSection()
    database: DatabaseSection = DatabaseSection()
    redis: RedisSection = RedisSection()
    relay: RelaySection = RelaySection()
    log: LogSection = LogSection()
    metrics: MetricsSection = MetricsSection()
    sessions: SessionSection = SessionSection()
    registration: RegistrationSection = RegistrationSection()
    invitations: InvitationSection = InvitationSection()
    admin: AdminSection = AdminSection()
    audit: AuditSection = AuditSection()
    chat: ChatSection = ChatSection()
    groups: GroupSection = GroupSection()
    media: MediaSection = MediaSection()
    retention: RetentionSection = RetentionSection()
    broadcast: BroadcastSection = BroadcastSection()
    sockets: SocketSection = SocketSection()
    limits: LimitSection = LimitSection()

    @property
    def database_url(self) -> str:
        """The database's URL; the embedded one in the data folder when none is set."""
        return self.database.url.get_secret_value() or f"sqlite:///{self.node.data_dir / 'im.db'}"
