"""What a target's backlinks look like as a whole: networks, places, history, what came and went."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import pyarrow as pa

from pipeline.index import uses
from pipeline.index.alone import asked_alone
from pipeline.index.options import checked
from pipeline.index.paging import Key
from pipeline.index.question import LIMIT, UNKNOWN, Paged, demand_span
from pipeline.index.target import Mode, target_of
from pipeline.index.used import Spread
from pipeline.store import Parameters, Store, rows, sql

By = Literal["day", "week", "month"]
Network = Literal["ip", "net", "owner"]
Place = Literal["tld", "country", "language"]
Change = Literal["", "appeared", "discovered", "lost", "changed"]
BYS: tuple[By, ...] = get_args(By)
NETWORKS: tuple[Network, ...] = get_args(Network)
PLACES: tuple[Place, ...] = get_args(Place)
CHANGES: tuple[Change, ...] = tuple(change for change in get_args(Change) if change)
FEW = 20_000  # links that are looked at sooner than is planned which of them to look at
HOUR_MS = 3_600_000
_QUERIES = "pipeline/index/queries"
EVER = 4_000_000_000_000  # ms; the year 2096, which dates of the store can tell


class Networks(Spread):
    """`effective`: how many networks of one size would be as concentrated, once it was read."""

    effective: float | None = None

    def stream(self, store: Store) -> Generator[pa.RecordBatch, None, None]:
        for batch in super().stream(store):
            if batch.num_rows:
                self.effective = rows(batch.slice(0, 1))[0]["effective"]
            yield batch


class Spanned(Paged):
    """Of when links came and went, asked as `Alone` is. Of a large target its rollup tells, where
    it has what is asked for."""

    def _all(self, store: Store) -> Iterable[pa.RecordBatch]:
        found = rows(store.query(sql(f"{_QUERIES}/spans_known"), self._domain))[0]
        if self._is_kept(store, int(found["links"])):
            return self._of_large(store, bool(found["ways"]))
        return self._of_links(store, bool(found["ways"]), int(found["links"]))

    @property
    def _domain(self) -> Parameters:
        return {"domain": self.parameters["domain"]}

    def _is_kept(self, store: Store, links: int) -> bool:
        """Whether a rollup has when the links of the whole domain came and went."""
        if links < uses.LARGE or self.parameters["under"] != "%" or not self.stamp.is_rolled:
            return False
        found = store.query(sql(f"{_QUERIES}/large_known"), self._domain)
        return bool(rows(found)[0]["is_kept"])

    def _of_links(self, store: Store, ways: bool, links: int) -> Iterable[pa.RecordBatch]:
        return store.stream(self._spelled(ways), self.parameters)

    def _of_large(self, store: Store, ways: bool) -> Iterable[pa.RecordBatch]:
        rolled = ("change_counts_of", sql(f"{_QUERIES}/change_counts_rolled"))
        return store.stream(self._spelled(ways, rolled), self.parameters)

    def _spelled(self, ways: bool, *instead: tuple[str, str]) -> str:
        return asked_alone(self.sql, self.parameters, ways=ways, instead=instead)


class Events(Spanned):
    """What came and went, the latest first. Of many links those are found first that it tells."""

    def key_of(self, row: Mapping[str, Any]) -> list[Key]:
        return super().key_of({**row, "at": row["at"].timestamp() * 1000})

    def _of_links(self, store: Store, ways: bool, links: int) -> Iterable[pa.RecordBatch]:
        if links <= FEW:
            return super()._of_links(store, ways, links)
        return self._of_some(store, ways, "changes_found", self.parameters)

    def _of_large(self, store: Store, ways: bool) -> Iterable[pa.RecordBatch]:
        asked = {**self.parameters, "until": self._until, "most": self.limit + 2}
        given = self._from(rows(store.query(sql(f"{_QUERIES}/change_hours"), asked)))
        file = "changes_rolled" if "first_hour" in given else "changes_found"
        return self._of_some(store, ways, file, {**self.parameters, **given})

    def _of_some(
        self, store: Store, ways: bool, file: str, given: Parameters
    ) -> Iterable[pa.RecordBatch]:
        """Of what of the view the file has."""
        some = self._spelled(ways, ("changes_of", sql(f"{_QUERIES}/{file}")))
        return store.stream(some, given)

    @property
    def _until(self) -> int:
        """Before when, or then, all is that this page tells, ms since 1970."""
        names = ("until", "after_at") if self.after else ("until",)
        return min(int(float(str(self.parameters[name]))) for name in names)

    def _from(self, hours: Sequence[Mapping[str, Any]]) -> Parameters:
        """Since when enough happened for a page, and in which hours that was, unless it was so much
        that its domains are better found by it. `hours`: as change_hours.sql has them."""
        counted, enough, until = 0, 0, self._until
        for row in hours:
            start = int(row["hour"]) * HOUR_MS
            counted += int(row["events"])
            enough += int(row["events"]) if start + HOUR_MS <= until else 0
            if enough > self.limit:
                span = {"first_hour": int(row["hour"]), "last_hour": until // HOUR_MS}
                return {"since": start, **(span if counted <= FEW else {})}
        return {}


@checked
def networks(
    target: str,
    mode: Mode | None = None,
    *,
    by: Network = "net",
    at_least: int = 1,
    limit: int = LIMIT,
    after: str | None = None,
) -> Networks:
    """How referring domains are spread over addresses, /24s (IPv6: /48s), or owners of platforms.

    at_least: referring domains of a network. Raises UsageError.
    """
    return Networks(
        "networks",
        {**target_of(target, mode).parameters(), "by": by, "at_least": at_least},
        keys={"referring_domains": int, "network": str},
        limit=limit,
        after=after,
    )


@checked
def places(
    target: str,
    mode: Mode | None = None,
    *,
    by: Place = "country",
    at_least: int = 1,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """From where referring domains are. at_least: of them from a place. Raises UsageError."""
    return Spread(
        "places",
        {**target_of(target, mode).parameters(), "by": by, "at_least": at_least},
        keys={"referring_domains": int, "place": str},
        limit=limit,
        after=after,
    )


@checked
def history(
    target: str,
    mode: Mode | None = None,
    *,
    by: By = "month",
    links: bool = False,
    since: int = 0,
    until: int = EVER,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """Referring domains at the end of each period, with the pages that had been read by then.

    links: count links too. since, until: ms since 1970. Raises UsageError.
    """
    demand_span(since, until)
    return Spanned(
        "history_links" if links else "history",
        {**target_of(target, mode).parameters(), "by": by, "since": since, "until": until},
        keys={"period": str},
        limit=limit,
        after=after,
    )


@checked
def change_counts(
    target: str,
    mode: Mode | None = None,
    *,
    by: By = "day",
    since: int = 0,
    until: int = EVER,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """How many links and referring domains came and went in each period.

    since, until: ms since 1970; periods are told whole. Raises UsageError.
    """
    demand_span(since, until)
    return Spanned(
        "change_counts",
        {**target_of(target, mode).parameters(), "by": by, "since": since, "until": until},
        keys={"period": str},
        limit=limit,
        after=after,
    )


@checked
def changes(
    target: str,
    mode: Mode | None = None,
    *,
    only: Change = "",
    authority: float | None = None,
    since: int = 0,
    until: int = EVER,
    limit: int = LIMIT,
    after: str | None = None,
) -> Events:
    """The links that came and went, each time that one did.

    only: one kind of change. authority: at least, of the domain that links. since, until: ms since
    1970. Raises UsageError.
    """
    demand_span(since, until)
    return Events(
        "changes",
        {
            **target_of(target, mode).parameters(),
            "only": only,
            "least_authority": UNKNOWN if authority is None else authority,
            "since": since,
            "until": until,
        },
        keys={
            "at": float, "source_domain": str, "source_url": str, "target_url": str, "kind": str,
            "change": str,
        },
        limit=limit,
        after=after,
    )  # fmt: skip
