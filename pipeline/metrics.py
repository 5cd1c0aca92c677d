"""What a worker tells those who watch it: /metrics for Prometheus, /healthz for supervisors.

Workers count in plain attributes and are asked when somebody scrapes: nothing is spent on a page.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from pipeline.errors import LogError, UsageError
from pipeline.log import Log
from pipeline.settings import MetricsSettings

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

logger = logging.getLogger(__name__)


class Metric(NamedTuple):
    """`kind` summary: a sum and a count. `help` ends with the unit."""

    name: str
    kind: Literal["counter", "gauge", "summary"]
    help: str
    labels: tuple[str, ...] = ()


class Sample(NamedTuple):
    """`value`: of a summary the sum over `times`."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()
    times: int = 0


# plan
REQUESTS_PLANNED = Metric("backlinks_requests_planned", "counter", "Requests published")
# crawl
PAGES_FETCHED = Metric("backlinks_pages_fetched", "counter", "Pages published", ("outcome",))
LINKS_FOUND = Metric("backlinks_links_found", "counter", "External links on published pages")
BYTES_FETCHED = Metric("backlinks_fetched_bytes", "counter", "Bodies of published pages, in bytes")
REQUESTS_LEFT = Metric("backlinks_requests_left", "counter", "Requests not fetched", ("why",))
REQUESTS_WAITING = Metric("backlinks_requests_waiting", "gauge", "Requests in memory, not settled")
PAUSED = Metric("backlinks_paused", "gauge", "1 while an operator has paused all, else 0")
IN_FLIGHT = Metric("backlinks_requests_in_flight", "gauge", "Requests sent to hosts, not answered")
# consume
PAGES_WRITTEN = Metric("backlinks_pages_written", "counter", "Pages inserted into the store")
LINKS_WRITTEN = Metric("backlinks_links_written", "counter", "External links inserted")
BATCH = Metric("backlinks_batch_pages", "summary", "Pages of one insert; large ones are few parts")
INSERT = Metric("backlinks_insert_seconds", "summary", "Time of one insert, in seconds")
DEAD_LETTERS = Metric(
    "backlinks_dead_letters", "counter", "Records kept as unreadable", ("reason",)
)
URLS_LEFT = Metric(
    "backlinks_urls_left", "counter", "URLs found and not followed, such as traps", ("why",)
)
SUPPRESSED = Metric(
    "backlinks_suppressed", "counter", "Pages and links not written, since suppressed", ("what",)
)
LIFECYCLE = Metric(
    "backlinks_lifecycle_seconds", "summary", "Time of one run of the lifecycle job, in seconds"
)
LIFECYCLE_PAGES = Metric(
    "backlinks_lifecycle_pages", "counter", "Arrivals of pages that the lifecycle job looked at"
)
LIFECYCLE_WAITING = Metric(
    "backlinks_lifecycle_waiting_seconds",
    "gauge",
    "Since the oldest page was written that the lifecycle job has not looked at, in seconds",
)
BATCH_WAITING = Metric("backlinks_batch_waiting_pages", "gauge", "Pages taken and not yet inserted")
# archive
RECORDS_ARCHIVED = Metric("backlinks_records_archived", "counter", "Records in finished files")
BYTES_ARCHIVED = Metric("backlinks_archived_bytes", "counter", "Finished files, in bytes")
# plan, score
JOB = Metric("backlinks_job_seconds", "summary", "Time of one plan or snapshot, in seconds")
# all
RETRIES = Metric("backlinks_retries", "counter", "Times that the store or the log was busy")
LOG_IN_FLIGHT = Metric("backlinks_log_in_flight_bytes", "gauge", "Sent, not acknowledged, in bytes")
LAG = Metric(
    "backlinks_lag_records", "gauge", "Behind the log's end", ("group", "topic", "partition")
)
LAST_TURN = Metric("backlinks_last_turn_age_seconds", "gauge", "Since the loop's last turn")

METRICS = (
    REQUESTS_PLANNED,
    PAGES_FETCHED, LINKS_FOUND, BYTES_FETCHED, REQUESTS_LEFT, REQUESTS_WAITING, PAUSED, IN_FLIGHT,
    PAGES_WRITTEN, LINKS_WRITTEN, BATCH, INSERT, DEAD_LETTERS, URLS_LEFT, SUPPRESSED, BATCH_WAITING,
    LIFECYCLE, LIFECYCLE_PAGES, LIFECYCLE_WAITING,
    RECORDS_ARCHIVED, BYTES_ARCHIVED, JOB, RETRIES, LOG_IN_FLIGHT, LAG, LAST_TURN,
)  # fmt: skip

_LAG_S = 10.0  # between two questions to the brokers for lag, however many scrape
_LAG_OLD_S = 300.0  # then it is told no more; as long as Prometheus itself takes a sample for news
_LEAVE_S = 1.0  # for an answer of brokers that are there; one of those that are away takes 40 s


class Watched(Protocol):
    """A worker. `turned_at`: time.monotonic() of the last turn of its loop."""

    @property
    def turned_at(self) -> float: ...

    def samples(self) -> Iterator[Sample]: ...


class Told:
    """Serves both addresses until `close`; with a log, this group's lag too.

    `worker` may be another one later. Raises UsageError where the port is taken.
    """

    def __init__(
        self,
        settings: MetricsSettings,
        worker: Watched,
        log: Log | None = None,
        group: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
        lag_s: float = _LAG_S,
    ) -> None:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        self.settings, self.worker, self.clock = settings, worker, clock
        self.beside: list[Callable[[], Iterable[Sample]]] = []  # what else is told
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told._answer(self)

            def log_message(self, *_: Any) -> None:
                """Scrapes are no events."""

        try:
            self._server = ThreadingHTTPServer((settings.address, settings.port), Handler)
        except OSError as error:
            raise UsageError(
                f"can't open metrics.port {settings.port} on {settings.address}: "
                f"{error.strerror}; give each worker of a machine its own"
            ) from error
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
        self._lag = None if log is None else _Lag(log, group, lag_s, clock)

    def _answer(self, asked: BaseHTTPRequestHandler) -> None:
        path = asked.path.partition("?")[0]
        if path == "/metrics":
            code, kind, body = 200, "text/plain; version=0.0.4; charset=utf-8", self.text()
        elif path == "/healthz":
            code, body = self.health()
            kind = "application/json"
        else:
            code, kind, body = 404, "text/plain", b"/metrics or /healthz\n"
        asked.send_response(code)
        asked.send_header("Content-Type", kind)
        asked.send_header("Content-Length", str(len(body)))
        asked.end_headers()
        asked.wfile.write(body)

    def health(self) -> tuple[int, bytes]:
        """200 while the loop goes round, idle or not; 503 where it does not."""
        age = self.clock() - self.worker.turned_at
        stuck = age > self.settings.stuck_s
        body = {"state": "stuck" if stuck else "ok", "last_turn_s": round(age, 1)}
        return (503 if stuck else 200), json.dumps(body).encode() + b"\n"

    def text(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(_Collector(self._samples))
        return generate_latest(registry)

    def _samples(self) -> Iterator[Sample]:
        yield from self.worker.samples()
        for more in self.beside:
            yield from more()
        yield Sample(LAST_TURN, self.clock() - self.worker.turned_at)
        if self._lag is not None:
            yield from self._lag.samples()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self._lag is not None:
            self._lag.close()


@contextmanager
def served(
    settings: MetricsSettings, worker: Watched, log: Log | None = None, group: str = ""
) -> Iterator[Told | None]:
    """Metrics and health are told meanwhile, where a port is set."""
    if not settings.port:
        yield None
        return
    told = Told(settings, worker, log, group)
    try:
        yield told
    finally:
        told.close()


class _Lag:
    """The group's lag, asked for in a thread of its own: brokers that are away hold up no scrape.

    What was never known, or is older than _LAG_OLD_S, is not told.
    """

    def __init__(self, log: Log, group: str, every_s: float, clock: Callable[[], float]) -> None:
        self.log, self.group, self.every_s, self.clock = log, group, every_s, clock
        self._known: tuple[float, list[Sample]] | None = None  # since when
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, name="lag", daemon=True)
        self._thread.start()

    def samples(self) -> Iterator[Sample]:
        yield Sample(LOG_IN_FLIGHT, self.log.in_flight)
        known = self._known
        if known is not None and self.clock() - known[0] <= _LAG_OLD_S:
            yield from known[1]

    def close(self) -> None:
        """A question that the brokers hold ends by itself, and none follows."""
        self._closed.set()
        self._thread.join(_LEAVE_S)

    def _ask_on(self) -> None:
        while not self._closed.is_set():
            try:
                self._known = self.clock(), self._ask()
            except LogError as error:
                logger.info("lag is not known: %s", error)
            self._closed.wait(self.every_s)

    def _ask(self) -> list[Sample]:
        return [
            Sample(LAG, behind, (group, partition.topic, str(partition.number)))
            for (group, partition), behind in sorted(self.log.lag(self.group).items())
        ]


class _Collector:
    """Our samples as the library's families."""

    def __init__(self, read: Callable[[], Iterable[Sample]]) -> None:
        self.read = read

    def collect(self) -> Iterator[Any]:
        from prometheus_client import core

        kinds = {
            "counter": core.CounterMetricFamily,
            "gauge": core.GaugeMetricFamily,
            "summary": core.SummaryMetricFamily,
        }
        families: dict[str, Any] = {}
        for sample in self.read():
            metric = sample.metric
            family = families.get(metric.name)
            if family is None:
                family = kinds[metric.kind](metric.name, metric.help, labels=metric.labels)
                families[metric.name] = family
            if metric.kind == "summary":
                family.add_metric(sample.labels, count_value=sample.times, sum_value=sample.value)
            else:
                family.add_metric(sample.labels, sample.value)
        yield from families.values()
