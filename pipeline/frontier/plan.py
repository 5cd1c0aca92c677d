"""The planner: due URLs of the store to requests in the log, capped and interleaved."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa

from pipeline.frontier.request import Wanted, encode
from pipeline.log import REQUESTS, Log, Message
from pipeline.page import Request
from pipeline.settings import PlanSettings
from pipeline.store import Store, rows, sql
from pipeline.url import Url

BUCKETS = 1024
BATCH = 10_000  # requests of one plan; more would be planned past their deadline
_SLACK_S = 120  # fetch timeout and clock differences: a lease outlives its deadline by this
_NEVER = 0xFFFF_FFFF


class Planner:
    """`delay_s`: between two requests to a host. `clock`: seconds since 1970."""

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: PlanSettings,
        delay_s: float,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.log, self.settings = store, log, settings
        self.delay_s, self.clock = delay_s, clock

    def seed(self, urls: Iterable[Url]) -> None:
        """Makes these URLs known, at no hops from a seed, and wanted now."""
        now = int(self.clock())
        found = list(urls)
        self.store.insert("frontier_in", frontier_rows(found, hops=0, discovered=now, wanted=now))

    def again(self) -> None:
        """Wants every page that was ever fetched once more, now."""
        self.store.execute(sql("pipeline/frontier/again"), {"wanted": int(self.clock())})

    def plan(
        self,
        pages: int,
        *,
        first_bucket: int = 0,
        end_bucket: int = BUCKETS,
        ignore_leases: bool = False,
    ) -> int:
        """Publishes at most `pages` requests and leases their URLs; how many.

        The lease is written last: a planner killed in between has those URLs fetched twice, which
        changes nothing in the index, where it would else have left them alone for minutes.
        `ignore_leases`: for a planner who knows that no request is on its way.
        """
        now = int(self.clock())
        settings = self.settings
        cap = max(1, int(0.25 * settings.deadline_s / (self.delay_s + 0.2)))
        chosen = rows(
            self.store.query(
                sql("pipeline/frontier/select"),
                {
                    "first_bucket": first_bucket,
                    "end_bucket": end_bucket,
                    "now": now,
                    "free": _NEVER if ignore_leases else now,
                    "max_hops": settings.max_hops,
                    "site_pages": settings.site_pages,
                    "host_cap": cap,
                    "snapshot": self._snapshot(),
                    "pages": min(pages, BATCH),
                },
            )
        )
        if not chosen:
            return 0
        carried = self._carried(chosen)
        deadline = (now + settings.deadline_s) * 1000
        messages = []
        for row in interleaved(chosen):
            scheme = "https" if row["https"] else "http"
            wanted = Wanted(
                url=f"{scheme}://{row['host']}{row['path']}",
                deadline=deadline,
                carried=_request(row, carried.get((row["host"], row["path"]))),
            )
            messages.append(Message(row["domain"].encode(), encode(wanted)))
        self.log.append(REQUESTS, messages).result()
        self._lease(chosen, now << 32 | now + settings.deadline_s + _SLACK_S)
        return len(messages)

    def _snapshot(self) -> int:
        found = rows(self.store.query("SELECT max(snapshot) AS snapshot FROM snapshots"))
        return int(found[0]["snapshot"])

    def _carried(self, chosen: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
        again = [row for row in chosen if row["fetched_s"]]
        if not again:
            return {}
        found = self.store.query(
            sql("pipeline/frontier/carried"),
            {
                "domains": [row["domain"] for row in again],
                "hosts": [row["host"] for row in again],
                "paths": [row["path"] for row in again],
            },
        )
        return {(row["host"], row["path"]): row for row in rows(found)}

    def _lease(self, chosen: list[dict[str, Any]], lease: int) -> None:
        self.store.insert(
            "frontier_in",
            pa.table(
                {
                    "domain": pa.array([row["domain"] for row in chosen], pa.string()),
                    "host": pa.array([row["host"] for row in chosen], pa.string()),
                    "path": pa.array([row["path"] for row in chosen], pa.string()),
                    "leased": pa.array([lease] * len(chosen), pa.uint64()),
                }
            ),
        )


def _request(row: dict[str, Any], carried: dict[str, Any] | None) -> Request:
    if carried is None:
        return Request(hops=row["hops"], attempt=row["attempt"])
    return Request(
        hops=row["hops"],
        attempt=row["attempt"],
        interval_s=carried["interval_s"],
        # Where a loss is to be confirmed, or a visit was asked for, the body must be seen: a 304
        # proves nothing gone.
        etag="" if row["asked_for"] else carried["etag"],
        last_modified="" if row["asked_for"] else carried["last_modified"],
        digest=carried["digest"],
    )


def frontier_rows(urls: list[Url], *, hops: int, discovered: int, wanted: int) -> pa.Table:
    """Rows for the table `frontier_in`."""
    return pa.table(
        {
            "domain": pa.array([url.domain for url in urls], pa.string()),
            "host": pa.array([url.host for url in urls], pa.string()),
            "path": pa.array([url.path for url in urls], pa.string()),
            "https": pa.array([int(url.scheme == "https") for url in urls], pa.uint8()),
            "hops": pa.array([hops] * len(urls), pa.uint16()),
            "discovered": pa.array([discovered] * len(urls), pa.uint32()),
            "wanted": pa.array([wanted] * len(urls), pa.uint32()),
        }
    )


def interleaved(chosen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One of each host in turn, so that no host's requests stand in a row."""
    queues: dict[str, deque[dict[str, Any]]] = {}
    for row in chosen:
        queues.setdefault(row["host"], deque()).append(row)
    ordered: list[dict[str, Any]] = []
    waiting = deque(queues.values())
    while waiting:
        queue = waiting.popleft()
        ordered.append(queue.popleft())
        if queue:
            waiting.append(queue)
    return ordered
