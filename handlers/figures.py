"""The node's figures for Prometheus, read from the services when they are asked for."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from im.app import Messenger


class Figures(Collector):
    """Counters and gauges of one node. No labels but names from a fixed set."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._started = time.time()

    def collect(self) -> Iterator[Metric]:
        """All figures."""
        node = self._messenger
        yield GaugeMetricFamily("im_connections", "Sockets open.", value=node.capacity.open)
        yield CounterMetricFamily(
            "im_refused_connections",
            "Sockets refused, by the limit of all or of an address.",
            value=node.capacity.refused,
        )
        yield GaugeMetricFamily(
            "im_readers", "Connections that have shown who they are.", value=len(node.registry)
        )
        yield GaugeMetricFamily(
            "im_users_here", "People connected to this node.", value=len(node.registry.users())
        )
        yield GaugeMetricFamily(
            "im_users_online", "People connected to any node.", value=node.presence.count()
        )
        yield GaugeMetricFamily(
            "im_nodes", "Other nodes that are up.", value=len(node.cluster.members())
        )
        yield GaugeMetricFamily(
            "im_writer_waiting", "Entries that wait for their commit.", value=node.writer.waiting
        )
        yield CounterMetricFamily(
            "im_shed",
            "Messages refused because the node was behind.",
            value=node.shedding.refused,
        )
        yield GaugeMetricFamily(
            "im_loop_lag_seconds", "How late the event loop was last.", value=node.lag.seconds
        )
        yield CounterMetricFamily(
            "im_loop_blocked", "Times it was 0.5 s late or more.", value=node.lag.blocked
        )
        yield CounterMetricFamily(
            "im_loop_blocked_seconds", "Seconds of these.", value=node.lag.blocked_seconds
        )
        yield GaugeMetricFamily(
            "im_cursors",
            "Conversations delivered here.",
            value=len(node.delivery.conversations()),
        )
        yield CounterMetricFamily(
            "im_frames",
            "Frames received.",
            value=node.gateway.received + node.tutorial.received,
        )
        yield CounterMetricFamily(
            "im_deliveries", "Entries handed to connections.", value=node.delivery.delivered
        )
        yield CounterMetricFamily(
            "im_healed", "Entries read from the log by healing.", value=node.delivery.healed
        )
        yield CounterMetricFamily(
            "im_slow_readers",
            "Connections closed for reading slowly.",
            value=node.sockets.slow_readers,
        )
        yield CounterMetricFamily(
            "im_dead_connections", "Connections found dead.", value=node.heartbeat.dropped
        )
        if (shown := node.certificates.shown) is not None:
            yield GaugeMetricFamily(
                "im_certificate_expiry_seconds",
                "When the port's certificate ends, Unix time.",
                value=shown.expires_at / 1000,
            )
        yield from self._files()
        statistics = node.database.statistics
        for name in ("statements", "slow", "retries", "unavailable"):
            yield CounterMetricFamily(
                f"im_database_{name}", f"Database: {name}.", value=getattr(statistics, name)
            )
        relay = GaugeMetricFamily("im_relay", "Figures of the relay.", labels=["figure"])
        for figure, value in node.bus.statistics().items():
            relay.add_metric([figure], value)
        yield relay
        usage = resource.getrusage(resource.RUSAGE_SELF)
        yield CounterMetricFamily(
            "process_cpu_seconds", "Processor time.", value=usage.ru_utime + usage.ru_stime
        )
        yield GaugeMetricFamily(
            "process_max_resident_memory_bytes", "Peak memory.", value=usage.ru_maxrss * 1024
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds", "When it started, Unix time.", value=self._started
        )

    def _files(self) -> Iterator[Metric]:
        files, settings = self._messenger.files, self._messenger.settings.media
        uploads = files.uploads
        yield CounterMetricFamily("im_uploads", "Files taken in.", value=uploads.stored)
        yield CounterMetricFamily("im_upload_bytes", "Bytes of them.", value=uploads.stored_bytes)
        refused = CounterMetricFamily(
            "im_uploads_refused",
            "Uploads refused, by the name of the refusal; quota is one.",
            labels=["error"],
        )
        for code, count in sorted(uploads.refused.items()):
            refused.add_metric([code], count)
        yield refused
        yield GaugeMetricFamily("im_uploads_open", "Uploads under way.", value=uploads.open)
        yield GaugeMetricFamily("im_downloads_open", "Files being sent.", value=files.media.sending)
        yield GaugeMetricFamily(
            "im_media_bytes",
            "Bytes of all files in the whole cluster, looked up every ten minutes or so.",
            value=files.sweeper.total_bytes,
        )
        yield GaugeMetricFamily(
            "im_media_quota_bytes",
            "Bytes that one person's files may take (media.quota_bytes).",
            value=settings.quota_bytes,
        )
        yield GaugeMetricFamily(
            "im_exports_open",
            "People who are taking their data along.",
            value=self._messenger.exports.open,
        )
