"""The services of one node, wired from its settings. Nothing else makes them."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from im.buses import make_bus, redis_server
from im.durations import DAY_MS, MINUTE_MS
from im.i18n import Catalogue, read_catalogue
from im.node_database import open_node_database
from im.node_name import node_name
from im.node_state import count, describe, limits
from im.own_data import make_exports
from im.people import People
from im.protocol import names
from im.protocol.outgoing import Outgoing
from im.protocol.server import Limits, NewLimits
from im.services.certificates import Certificates, certificate_source
from im.services.cluster import Cluster
from im.services.contacts import Contacts
from im.services.conversations import Conversations
from im.services.delivery import Delivery
from im.services.expirer import Expirer
from im.services.files import Files
from im.services.groups import Groups
from im.services.healing import Healing
from im.services.history import History, arrived
from im.services.housekeeping import Housekeeping
from im.services.indexer import Indexer
from im.services.joining import Joining
from im.services.key_ring import KeyRing
from im.services.leading import Leading
from im.services.limits import Buckets, Pace, SharedLimits
from im.services.live_figures import Meter
from im.services.marks import Marks
from im.services.messages import Messages
from im.services.name_search import NameSearch
from im.services.node_register import NodeRegister
from im.services.passwords import Passwords
from im.services.preferences import Preferences
from im.services.presence import Presence
from im.services.profiles import Profiles
from im.services.quick_replies import QuickReplies
from im.services.redis_channel import RedisChannel
from im.services.retention import Retention
from im.services.rights import Rights
from im.services.search import Search
from im.services.sessions import Lifetimes, Sessions
from im.services.shedding import Shedding
from im.services.signals import EntrySignal, RightsSignal
from im.services.states import States
from im.services.typing_notes import TypingNotes
from im.services.webhooks import Webhooks
from im.settings import Settings
from im.store.bootstrap import ClusterIdentity, bootstrap
from im.store.database import Database
from im.store.faults import parse_fault
from im.store.log_writer import LogWriter
from im.store.migrations import migrate
from im.store.nodes import NodeRow
from im.wire.admission import Admission
from im.wire.capacity import Capacity
from im.wire.entrance import Entrance
from im.wire.gateway import Gateway, GatewayServices
from im.wire.heartbeat import Heartbeat
from im.wire.lag import Lag
from im.wire.masking import fastest_mask
from im.wire.registry import Registry
from im.wire.sockets import Sockets
from im.wire.tutorial import TutorialGateway
from relay.bus import Bus
from relay.keyring import Keyring

log = logging.getLogger("im.app")


def program_version() -> str:
    """The installed version, or ``dev`` in a checkout."""
    try:
        return version("im-lan")
    except PackageNotFoundError:
        return "dev"


def now_ms() -> int:
    """This machine's clock, UTC ms since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Listening:
    """Where this node listens, known once its sockets are bound."""

    address: str
    port: int
    metrics_port: int
    worker: int


class Messenger:
    """One node's services. ``start`` before use, ``close`` at the end.

    Attributes are the services by their names; what is not started is not connected to anything.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        identity: ClusterIdentity,
        listening: Listening,
    ) -> None:
        self.settings = settings
        self.listening = listening
        self.started_at = now_ms()
        self.version = program_version()
        self.node = node_name(settings, listening.port, listening.worker)
        self.database = database
        self.catalogue: Catalogue = read_catalogue()
        self.faults = parse_fault(settings.node.faults)
        self.keyring = Keyring(identity.cluster_id, identity.keys, identity.sending)
        self.bus: Bus = make_bus(
            settings,
            self.keyring,
            self.node,
            self._relay_peers,
            lambda: self.key_ring.reread_soon(),
        )
        self.key_ring = KeyRing(
            database, identity.keys, identity.sending, self.keyring.update, self.bus.keys_held
        )
        self.certificates = Certificates(certificate_source(settings.tls, database, now_ms))
        self.cluster = Cluster(self.bus)
        self.registry = Registry()
        self.history = History(database)
        loop = asyncio.get_running_loop()
        self.delivery = Delivery(
            self.registry, self.history.after, lambda call: self.sockets.when_sent(call)
        )
        self.states = States(self.cluster, self.registry)
        self.writer = LogWriter(
            database, timeout=settings.database.timeout_seconds, faults=self.faults
        )
        self.rights = Rights(
            database, settings.chat.strangers, settings.broadcast.who, settings.admin.needs_factor
        )
        self.limits = SharedLimits(settings.redis.url.get_secret_value())
        self.files = Files(
            *(database, self.limits, settings.media, settings.limits.uploads),
            *(settings.node.data_dir, self.faults),
        )
        self.shedding = Shedding(
            lambda: self.connections.standing(), settings.limits.behind_seconds
        )
        self.messages = Messages(
            database,
            self.writer,
            self.rights,
            self.delivery,
            self.cluster,
            self.files.media,
            self.faults,
            self.shedding,
            text_bytes=settings.chat.text_bytes,
            recall_ms=settings.chat.recall_minutes * MINUTE_MS,
            edit_ms=settings.chat.edit_minutes * MINUTE_MS,
        )
        self.passwords = Passwords()
        self.sessions = Sessions(
            database,
            self.cluster,
            self.states,
            self.registry,
            Lifetimes(
                idle=settings.sessions.days * DAY_MS,
                guest_idle=settings.registration.guest_days * DAY_MS,
                longest=settings.sessions.max_days * DAY_MS,
                per_user=settings.sessions.per_user,
            ),
            settings.admin.needs_factor,
        )
        self.groups = Groups(
            database,
            Leading(database, self.messages),
            self.states,
            self.limits,
            most_members=settings.groups.members,
            most_groups=settings.groups.per_user,
            marked_members=settings.groups.read_marks,
            made=settings.limits.groups,
        )
        self.joining = Joining(
            *(database, self.groups, self.states, self.limits),
            *(settings.limits.join_requests, settings.limits.ask_again_hours),
        )
        self.webhooks = Webhooks(
            database,
            self.groups,
            self.messages,
            self.limits,
            most=settings.groups.webhooks,
            rate=settings.limits.webhooks,
            failures=settings.limits.logins_per_address,
        )
        self.people = People(
            settings,
            database,
            self.passwords,
            self.sessions,
            self.groups,
            self.states,
            self.files.media,
            self.limits,
            Profiles(
                *(database, self.cluster, self.limits),
                *(self.delivery.tell, settings.limits.profiles),
            ),
        )
        self.accounts = self.people.accounts
        self.housekeeping = Housekeeping(self.people.chores)
        self.contacts = Contacts(
            database,
            self.rights,
            self.cluster,
            self.states,
            self.limits,
            strangers=settings.chat.strangers,
            most=settings.chat.contacts,
            requests=settings.limits.contact_requests,
            again_hours=settings.limits.ask_again_hours,
        )
        self.conversations = Conversations(database, self.states)
        self.quick_replies = QuickReplies(
            database, self.states, self.catalogue, settings.chat.quick_replies
        )
        self.preferences = Preferences(database, self.states)
        self.search = Search(database, self.limits, self.delivery, settings.limits.searches)
        self.name_search = NameSearch(database)
        holder = f"{self.node}/{os.getpid()}"
        self.indexer = Indexer(database, holder)
        self.retention = Retention(database, settings.retention.messages_days, self._tell_limits)
        self.expirer = Expirer(database, self.retention, holder, self.files.media.erased)
        self.marks = Marks(database, self.cluster, self.registry, settings.groups.read_marks)
        grace = settings.sockets.grace_seconds
        self.presence = Presence(self.cluster, self.node, database, self.registry, grace, now_ms)
        largest = settings.groups.typing_notes
        self.typing = TypingNotes(self.rights, database, self.cluster, self.registry, largest)
        self.register = NodeRegister(
            database,
            self.cluster,
            self._describe,
            Meter(lambda: count(self), loop.time).measure,
            self.key_ring.numbers,
        )
        self.healing = Healing(
            *(database, self.delivery, self.registry, self.rights, self.sessions, self.cluster),
            *(self.register.strangers, settings.sessions.recheck_seconds),
        )
        self.exports = make_exports(self, now_ms)
        self.channel = RedisChannel(
            settings.redis.url.get_secret_value(), settings.redis.channel, redis_server
        )
        self.capacity = Capacity(
            settings.http.max_connections, settings.http.max_connections_per_address
        )
        self.sockets = Sockets(
            loop,
            fastest_mask(),
            self.capacity,
            frame_bytes=settings.sockets.frame_bytes,
            queue_bytes=settings.sockets.queue_bytes,
        )
        self.connections = self.sockets.connections
        self.heartbeat = Heartbeat(
            self.connections, settings.sockets.ping_seconds, settings.sockets.dead_seconds
        )
        self.lag = Lag(loop)
        self.draining = False
        self.admission = Admission(database, self.registry, self.delivery, self.presence)
        services = GatewayServices(
            accounts=self.accounts,
            admission=self.admission,
            conversations=self.conversations,
            delivery=self.delivery,
            history=self.history,
            marks=self.marks,
            messages=self.messages,
            presence=self.presence,
            rights=self.rights,
            shedding=self.shedding,
            typing=self.typing,
        )
        self.gateway = Gateway(
            services,
            self.catalogue,
            self.client_limits,
            *(self.node, identity.cluster_id.hex()),
            now_ms,
            *(settings.limits.pending_frames, settings.database.timeout_seconds),
        )
        self.pace = Pace(settings.limits.frames_per_second, settings.limits.frames_burst)
        self.calls = Buckets(self.pace)
        self.entrance = Entrance(
            self.gateway,
            self.sessions,
            self.catalogue,
            pace=self.pace,
            hello_seconds=settings.sockets.hello_seconds,
        )
        self.tutorial = TutorialGateway(
            *(services, self.catalogue, now_ms),
            *(settings.limits.pending_frames, settings.sockets.queue_bytes // 2),
        )
        self.cluster.on(EntrySignal, self._relayed)
        self.cluster.on(RightsSignal, lambda _, signal: self.rights.forget(signal.conv))

    async def start(self) -> None:
        """Connect to the other nodes and begin to heal.

        Raises ``BusError`` when the relay cannot work as configured, ``OSError`` or ``ValueError``
        for a certificate that cannot be used, or ``Unavailable``.
        """
        await self.certificates.start()
        await self.bus.start(self.cluster)
        self.key_ring.start()
        await self.register.start()
        await self.healing.start()
        self.indexer.start()
        await self.retention.start()
        self.expirer.start()
        self.files.start()
        self.channel.start()
        self.housekeeping.start()
        self.heartbeat.start()
        self.lag.start()

    async def close(self) -> None:
        """Finish what was begun, tell the others, let go of everything."""
        self.lag.close()
        self.heartbeat.close()
        self.sockets.close()
        await self.housekeeping.close()
        await self.channel.close()
        await self.indexer.close()
        await self.expirer.close()
        await self.retention.close()
        await self.certificates.close()
        self.exports.close()
        await self.messages.close()
        await self.marks.close()
        await self.writer.close()
        await self.files.close()
        await self.presence.close()
        await self.healing.close()
        await self.delivery.close()
        await self.bus.close()
        await self.key_ring.close()
        await self.register.close()
        self.limits.close()
        self.passwords.close()
        await self.database.close()

    def client_limits(self) -> Limits:
        """What clients are told of the limits."""
        return limits(self)

    def _relayed(self, _: str, signal: EntrySignal) -> None:
        self.faults.hit("relayed")
        self.delivery.dispatch(arrived(signal))

    def _tell_limits(self) -> None:
        self.delivery.tell(names.ALL, Outgoing(NewLimits(limits=self.client_limits())))

    async def _relay_peers(self) -> list[str]:
        return await self.register.relay_peers()

    def _describe(self) -> NodeRow:
        return describe(self, self.version)


async def open_messenger(settings: Settings, listening: Listening) -> Messenger:
    """A node's services on a migrated database, not started yet.

    Raises ``ValueError`` (database address), ``UnusableDatabase`` or ``Unavailable``.
    """
    database = open_node_database(settings)
    try:
        await migrate(database)
        for sentence in await database.check_durability():
            log.warning("%s", sentence)
        identity = await bootstrap(database)
    except BaseException:
        await database.close()
        raise
    return Messenger(settings, database, identity, listening)
