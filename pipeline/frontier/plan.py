"""The planner: due URLs of the store to requests in the log, capped and interleaved.

docs/planning.md tells the order and why; select.sql is it.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable
from math import ceil
from typing import Any

import msgspec
import pyarrow as pa

from pipeline.frontier.request import KEPT_S, Wanted, encode
from pipeline.frontier.said import Said, read_said
from pipeline.frontier.sites import Sites, spent_owners
from pipeline.frontier.slices import BUCKETS, Share, known_urls, slices
from pipeline.log import REQUESTS, Log, Message
from pipeline.page import Request
from pipeline.settings import DAY, PlanSettings
from pipeline.store import Store, rows, sql
from pipeline.url import Url

BATCH = 10_000  # requests of one plan; more would be planned past their deadline
_LEAST = 100  # of one slice: what a plan pays for reading it, it should use
_SEEDS = 10_000  # of one insert
_PUBLISHED = 1_000  # requests at once, with one insert of their leases: inserts make parts
_SLACK_S = 60  # clock differences, and a host's delay within a visit
_NEVER = 0xFFFF_FFFF
_SITES_S = 30.0  # between two looks at what the sites' pages came to
_SPENT_S = 300.0  # between two looks at the platforms: it reads every site, and changes slowly

Row = dict[str, Any]


class Planner:
    """`delay_s`: between two requests to a host. `timeout_s`: of one request, as spiders have it.
    `clock`: seconds since 1970.

    `share`: of the slices, where there may be other planners; without it all are this one's.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: PlanSettings,
        delay_s: float,
        *,
        timeout_s: float = 30.0,
        share: Share | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.log, self.settings = store, log, settings
        self.delay_s, self.share, self.clock = delay_s, share, clock
        # A visit that begins at its deadline may ask for robots.txt and for the page.
        self.lease_s = settings.deadline_s + ceil(2 * timeout_s) + _SLACK_S
        self.sites = Sites(store, settings, clock=clock)
        self.only = 0  # s since 1970: nothing is planned but what was asked for since; 0 for all
        self._next_bucket = 0
        self._sites_at = self._spent_at = float("-inf")
        self._spent: list[str] = []

    def seed(self, urls: Iterable[Url], *, lives: Callable[[], None] = lambda: None) -> int:
        """Makes these URLs known, at no hops from a seed, and wanted now; how many."""
        now = int(self.clock())
        count = 0
        left = iter(urls)
        while found := list(itertools.islice(left, _SEEDS)):
            self.store.insert(
                "frontier_in", frontier_rows(found, hops=0, discovered=now, wanted=now)
            )
            count += len(found)
            lives()
        return count

    def again(self) -> None:
        """Wants every page that was ever fetched once more, now."""
        self.store.execute(sql("pipeline/frontier/again"), {"wanted": int(self.clock())})

    def plan(
        self,
        pages: int,
        *,
        ignore_leases: bool = False,
        go_on: Callable[[], bool] = lambda: True,
    ) -> int:
        """Publishes at most `pages` requests and leases their URLs; how many.

        Goes on from the slice where the last plan ended, until there are enough or every slice of
        ours was looked at once; each may give its share of the room that is left. `go_on` is asked
        before each slice.
        `ignore_leases`: for a planner who knows that no request is on its way.
        """
        said = read_said(self.store)
        buckets = list(range(BUCKETS)) if self.share is None else self.share.buckets()
        if said.is_paused or not buckets:
            return 0
        self._look_at_sites(ours=0 in buckets)
        turn = _Turn(self, said, ignore_leases)
        ours = list(slices(buckets, known_urls(self.store), self._next_bucket))
        left = min(pages, BATCH)
        for place, slice_ in enumerate(ours):
            if left <= 0 or not go_on():
                break
            chosen = turn.choose(slice_, min(left, max(_LEAST, ceil(left / (len(ours) - place)))))
            left -= len(chosen)
            self._next_bucket = (slice_[-1] + 1) % BUCKETS
        turn.publish()
        return turn.planned

    def _look_at_sites(self, *, ours: bool) -> None:
        """One planner of many does it: whoever has the first bucket."""
        now = time.monotonic()
        if ours and now - self._sites_at >= _SITES_S:
            self.sites.run()
            self._sites_at = now
        if now - self._spent_at >= _SPENT_S:
            self._spent = spent_owners(self.store, self.settings)
            self._spent_at = now


class _Turn:
    """One plan: chosen from slice after slice, published some at a time."""

    def __init__(self, planner: Planner, said: Said, ignore_leases: bool) -> None:
        self.store, self.log = planner.store, planner.log
        self.settings = settings = planner.settings
        self.now = now = int(planner.clock())
        self.planned = 0
        self._chosen: list[Row] = []
        self.lease = now << 32 | now + planner.lease_s
        self._parameters = {
            **said.parameters(),
            "now": now,
            "day": now // DAY,
            "free": _NEVER if ignore_leases else now,
            "max_hops": settings.max_hops,
            "site_pages": settings.site_pages,
            "spent": planner._spent,
            "only": planner.only,
            "host_cap": max(1, int(0.25 * settings.deadline_s / max(0.001, planner.delay_s))),
            "delay_s": planner.delay_s,
            "kept_ms": int(1000 * KEPT_S),
            "deadline_s": float(settings.deadline_s),
            "revisits": settings.revisit_share,
            "explore": settings.explore_share,
            "snapshot": self._snapshot(),
        }

    def choose(self, buckets: list[int], pages: int) -> list[Row]:
        """At most `pages` of a slice."""
        found = self.store.query(
            sql("pipeline/frontier/select"),
            {**self._parameters, "buckets": buckets, "pages": pages},
        )
        ordered = shared_out(rows(found), self.settings)[:pages]
        if not ordered:
            return []
        found = self.store.query(
            sql("pipeline/frontier/chosen"),
            {
                "buckets": buckets,
                "hosts": [row["host"] for row in ordered],
                "path_ids": [row["path_id"] for row in ordered],
            },
        )
        whole = {(row["host"], row["path_id"]): row for row in rows(found)}
        # Another may have purged or erased some of them in between.
        chosen = [
            row | found_again
            for row in ordered
            if (found_again := whole.get((row["host"], row["path_id"]))) is not None
        ]
        self._chosen += chosen
        if len(self._chosen) >= _PUBLISHED:
            self.publish()
        return chosen

    def publish(self) -> None:
        """The lease is written last: a planner killed in between has those URLs fetched twice,
        which changes nothing in the index, where it would else have left them alone for minutes."""
        chosen, self._chosen = self._chosen, []
        if not chosen:
            return
        carried = self._carried(chosen)
        deadline = (self.now + self.settings.deadline_s) * 1000
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
        self._lease(chosen, self.lease)
        self.planned += len(messages)

    def _snapshot(self) -> int:
        found = rows(self.store.query("SELECT max(snapshot) AS snapshot FROM snapshots"))
        return int(found[0]["snapshot"])

    def _carried(self, chosen: list[Row]) -> dict[tuple[str, str], Row]:
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

    def _lease(self, chosen: list[Row], lease: int) -> None:
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


def shared_out(found: list[Row], settings: PlanSettings) -> list[Row]:
    """URLs of three pools, each in its own order, in the order of all: the one at place 3 of a pool
    with a share of 0.3 stands where the one at place 6 of a pool with 0.6 does."""
    shares = (
        settings.revisit_share,
        1 - settings.revisit_share - settings.explore_share,
        settings.explore_share,
    )
    places = [0, 0, 0]
    keyed = []
    for row in found:
        pool = row["pool"]
        places[pool] += 1
        keyed.append((places[pool] / shares[pool], pool, row))
    keyed.sort(key=lambda each: each[:2])
    return [row for _, _, row in keyed]


def _request(row: Row, carried: Row | None) -> Request:
    asked = Request(
        hops=row["hops"],
        attempt=row["attempt"],
        latency_ms=row["latency_ms"],
        delay_s=row["host_delay_ms"] / 1000,
    )
    if carried is None:
        return asked
    return msgspec.structs.replace(
        asked,
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


def interleaved(chosen: list[Row]) -> list[Row]:
    """One of each host in turn, so that no host's requests stand in a row."""
    queues: dict[str, deque[Row]] = {}
    for row in chosen:
        queues.setdefault(row["host"], deque()).append(row)
    ordered: list[Row] = []
    waiting = deque(queues.values())
    while waiting:
        queue = waiting.popleft()
        ordered.append(queue.popleft())
        if queue:
            waiting.append(queue)
    return ordered
