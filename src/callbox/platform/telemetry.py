"""What the operator sees: structured logs, and metrics that add up over all processes of one server."""

import logging
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

# Names the directory in whose files the metrics of a server's processes meet. The client library reads it at import.
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_requests = Histogram(
    "callbox_request_seconds", "Time to answer a request", ["operation", "method", "status"], buckets=_BUCKETS
)
_statements = Histogram("callbox_statement_seconds", "Time of a named SQL statement", ["statement"], buckets=_BUCKETS)
events_relayed = Counter("callbox_events_relayed_total", "Events taken from the outbox")
jobs_finished = Counter("callbox_jobs_total", "Jobs ended", ["job", "outcome"])
webhooks_sent = Counter("callbox_webhooks_total", "Attempts to send a notification", ["outcome"])
mails_settled = Counter("callbox_mails_total", "Mails that were sent, or will not be", ["outcome"])
connections_awaited = Counter("callbox_connections_awaited_total", "Times that all connections of a pool were in use")
live_streams = Gauge("callbox_live_streams", "Open streams of live updates", multiprocess_mode="livesum")

_request_children: dict[tuple[str, str, int], Histogram] = {}
_statement_children: dict[str, Histogram] = {}


def observe_request(operation: str, method: str, status: int, seconds: float) -> None:
    """Count an answered request."""
    key = operation, method, status
    child = _request_children.get(key)
    if child is None:
        child = _request_children[key] = _requests.labels(operation, method, str(status))
    child.observe(seconds)


def observe_statement(name: str, seconds: float) -> None:
    """Count a statement under its name."""
    child = _statement_children.get(name)
    if child is None:
        child = _statement_children[name] = _statements.labels(name)
    child.observe(seconds)


class _Gauges:
    """Values that are read for this answer, and kept by no process."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return [
            GaugeMetricFamily(f"callbox_{name}", name.replace("_", " "), value) for name, value in self._values.items()
        ]


def metrics_text(gauges: Mapping[str, float]) -> bytes:
    """Prometheus text of all processes of this server, with gauges that were read just now."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_Gauges(gauges))
    return generate_latest(registry)


def forget_process(directory: Path, pid: int) -> None:
    """A process has ended; its gauges end with it, its counters stay."""
    mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]


def configure_logging(stream: TextIO = sys.stderr) -> None:
    """One line an event: readable on a terminal, JSON elsewhere. Secrets never pass through here."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if stream.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
