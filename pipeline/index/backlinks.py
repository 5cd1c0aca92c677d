"""The backlinks of a target, the strongest first: any number of them, in flat memory.

Read in blocks of referring domains, which the rollup has in order: so the first page costs the
links of a few domains, whatever the size of the target, and no answer is ever sorted whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import pyarrow as pa

from pipeline.errors import UsageError
from pipeline.index.alone import asked_of
from pipeline.index.options import checked, demand
from pipeline.index.paging import Key
from pipeline.index.question import LIMIT, UNKNOWN, Paged, asked_by, demand_span
from pipeline.index.target import Mode, target_of
from pipeline.places import country
from pipeline.store import Parameters, Store, rows, sql

Per = Literal["domain", "page", "link"]
State = Literal["live", "lost", "unverified", "all"]
Rel = Literal["", "followed", "nofollow", "ugc", "sponsored"]
PERS: tuple[Per, ...] = get_args(Per)
STATES: tuple[State, ...] = get_args(State)
RELS: tuple[Rel, ...] = tuple(rel for rel in get_args(Rel) if rel)
_FIRST, _MOST = 64, 8_192  # referring domains of a block: of the longest names 2 MB
_ASKED = 1 << 20  # letters of the links whose surroundings are asked for at once
_GROWTH = 4  # of a block after the one before: few are read in vain, and all of them soon
_LIST = 65_536  # referring domains that are known ahead
_AROUND = ("language", "text_before", "text_after")
_DOMAINS = "{domains:Array(String)}"
_AUTHORITIES, _RISKS = "{authorities:Array(Float64)}", "{risks:Array(Float64)}"
_EVER = 1 << 62  # ms
_RISKIEST = 100.0
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class Filters(NamedTuple):
    """Which links. since, until: ms since 1970, of when a link was first seen.

    authority: at least, of the domain that links; where it is set, domains whose authority is
    unknown are left out. anchor: is in the anchor text, in capitals or not. country: two letters,
    of the domain that links. path: begins the path of what is linked. least_risk, most_risk: of
    the domain that links, 0 to 100, of its spam risk in the newest snapshot; where one is set,
    domains of unknown risk are left out, unless `unknown_risk`.
    """

    state: State = "live"
    rel: Rel = ""
    kind: Sequence[str] = ()
    position: Sequence[str] = ()
    anchor: str = ""
    language: str = ""
    country: str = ""
    authority: float | None = None
    since: int = 0
    until: int = _EVER
    path: str = ""
    least_risk: float | None = None
    most_risk: float | None = None
    unknown_risk: bool = False

    @property
    def are_of_domains(self) -> bool:
        """Any live link will do, of such domains."""
        rest = self._replace(
            country="", authority=None, least_risk=None, most_risk=None, unknown_risk=False
        )
        return rest == Filters()

    def parameters(self) -> Parameters:
        """As the `.sql` files take them. Raises UsageError."""
        demand_span(self.since, self.until)
        return {
            "state": self.state,
            "rel": self.rel,
            "kinds": list(self.kind),
            "positions": list(self.position),
            "anchor": self.anchor,
            "language": language_named(self.language),
            "country": country_named(self.country),
            "authority": UNKNOWN if self.authority is None else self.authority,
            "since": self.since,
            "until": self.until,
            "path": self.path if self.path[:1] in ("", "/") else f"/{self.path}",
            **self._risk(),
        }

    def _risk(self) -> Parameters:
        is_any = self.least_risk is None and self.most_risk is None
        least = 0.0 if self.least_risk is None else self.least_risk
        most = _RISKIEST if self.most_risk is None else self.most_risk
        if is_any and self.unknown_risk:
            raise UsageError("--unknown-risk goes with --min-risk or --max-risk: give one of them")
        if least > most:
            raise UsageError(
                f"no spam risk is at least {least:g} and at most {most:g}; give the lower one first"
            )
        unknown = int(self.unknown_risk or is_any)
        return {"least_risk": least, "most_risk": most, "unknown_risk": unknown}


def filtered(options: Mapping[str, Any]) -> Filters:
    """Raises UsageError for what an option can't be."""
    demand(Filters, options)
    return Filters(**options)


def country_named(code: str) -> str:
    """ISO 3166, in capitals; '' for ''. Raises UsageError."""
    found = country(code)
    if code and not found:
        raise UsageError(f"{code[:40]!r} is no country; give its two letters, such as de")
    return found


def language_named(code: str) -> str:
    """ISO 639, as pages are kept by; '' for ''. Raises UsageError."""
    found = code.strip().lower()
    if found and not _LANGUAGE.fullmatch(found):
        raise UsageError(f"{code[:40]!r} is no language; give its two or three letters, such as de")
    return found


class Links(Paged):
    """Backlinks by authority of the domain that links, then by its name, page and target.

    `parameters` and `sql` are those of the list of referring domains that it begins with.
    """

    @checked
    def __init__(
        self,
        target: str,
        mode: Mode | None = None,
        *,
        per: Per = "domain",
        context: bool = False,
        limit: int = LIMIT,
        after: str | None = None,
        **filters: Any,
    ) -> None:
        self.per, self.context = per, context
        asked, found = filtered(filters), target_of(target, mode)
        # The best link of each domain stands in the rollup itself.
        self.is_rolled = per == "domain" and found.is_whole and asked.are_of_domains
        super().__init__(
            "links",
            {
                **found.parameters(),
                "below": found.below,
                "per": per,
                "context": int(context),
                **asked.parameters(),
            },
            keys={"authority": float, "source_domain": str, "unit": str},
            limit=limit,
            after=after,
        )
        first = limit + 1 if per == "domain" else _FIRST
        self.parameters = {**self.parameters, "count": max(1, min(first, _MOST))}
        self.best_sql = sql("pipeline/index/queries/links_best")
        self.links_sql = sql("pipeline/index/queries/links_from")
        self.around_sql = sql("pipeline/index/queries/links_around")

    def statements(self) -> list[tuple[str, Parameters]]:
        """As one, which answers the same: the referring domains stand in it, and not their names."""
        given = {**self.parameters, "count": _LIST, "limit": self.limit}
        if self.is_rolled:
            return [(self.best_sql, asked_by(self.best_sql, given))]
        listed = f"\n(\n{self.sql.strip()}\n)"
        shown = self.links_sql
        for name, read in (
            (f"IN {_DOMAINS}", f"IN (SELECT source_domain FROM {listed})"),
            (_DOMAINS, f"(SELECT groupArray(source_domain) FROM {listed})"),
            (_AUTHORITIES, f"(SELECT groupArray(known) FROM {listed})"),
            (_RISKS, f"(SELECT groupArray(risk) FROM {listed})"),
        ):
            shown = shown.replace(name, read)
        return [(shown, asked_by(shown, given))]

    def _all(self, store: Store) -> Iterator[pa.RecordBatch]:
        found = self._best(store) if self.is_rolled and self.stamp.is_rolled else self._each(store)
        for batch in found:
            yield from self._around(store, [batch]) if self.context else [batch]

    def columns(self, store: Store) -> pa.Schema:
        """Where no domain links there is no question about links, which would tell them."""
        none: Parameters = {"domains": [], "authorities": [], "risks": []}
        return store.columns(self.links_sql, {**self.parameters, **none})

    def _best(self, store: Store) -> Iterator[pa.RecordBatch]:
        """From the rollup, in blocks of so many domains as are sorted at once."""
        asked, left = dict(self.parameters), self.limit + 1
        while left > 0:
            last, most = None, min(left, _LIST)
            found = store.stream(self.best_sql, {**asked, "limit": most})
            for batch in list(found) if self.context else found:
                last, left, most = batch, left - batch.num_rows, most - batch.num_rows
                yield batch
            if most > 0 or last is None:
                return
            self.demand_still(store)
            authority, domain, _ = self.key_of(rows(last.slice(last.num_rows - 1))[0])
            asked |= {"paged": 1, "after_authority": authority, "after_source_domain": domain}

    def _each(self, store: Store) -> Iterator[pa.RecordBatch]:
        left, statement = self.limit + 1, ""
        for block in self._blocks(store):
            statement = statement or asked_of(store, self.links_sql, self.parameters)
            asked = {
                **self.parameters,
                "domains": block.column("source_domain").to_pylist(),
                "authorities": block.column("known").to_pylist(),
                "risks": block.column("risk").to_pylist(),
                "limit": left,
            }
            found = store.stream(statement, asked)
            for batch in list(found) if self.context else found:
                left -= batch.num_rows
                yield batch
            if left <= 0:
                return

    def _around(self, store: Store, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for piece in _pieces(batch):
                yield self._with_context(store, piece)

    def _with_context(self, store: Store, batch: pa.RecordBatch) -> pa.RecordBatch:
        """With the text around each link, and the language of its page."""
        found = rows(batch)
        texts = store.query(
            self.around_sql,
            {
                "domain": self.parameters["domain"],
                "domains": [row["source_domain"] for row in found],
                "sources": [_without_scheme(row["source_url"]) for row in found],
                "targets": [_without_scheme(row["target_url"]) for row in found],
                "kinds": [row["kind"] for row in found],
            },
        )
        for name in _AROUND:
            place = batch.schema.get_field_index(name)
            batch = batch.set_column(place, name, _chunk(texts.column(name)))
        return batch

    def _blocks(self, store: Store) -> Iterator[pa.Table]:
        """Referring domains in order, in ever larger blocks."""
        asked, count = dict(self.parameters), int(str(self.parameters["count"]))
        size = count
        while True:
            found = store.query(self.sql, {**asked, "count": count})
            place = 0
            while place < found.num_rows:
                yield found.slice(place, size)
                place, size = place + size, min(size * _GROWTH, _MOST)
            if found.num_rows < count:
                return
            self.demand_still(store)
            last = rows(found.slice(found.num_rows - 1))[0]
            asked |= {
                "paged": 1, "per": "domain",  # so that the last one does not come again
                "after_authority": last["known"], "after_source_domain": last["source_domain"],
            }  # fmt: skip
            count = _LIST

    def key_of(self, row: Mapping[str, Any]) -> list[Key]:
        authority = UNKNOWN if row["authority"] is None else row["authority"]
        return [authority, row["source_domain"], self._unit(row)]

    def _unit(self, row: Mapping[str, Any]) -> str:
        """As links_from.sql has it: what of a domain the row stands for."""
        if self.per == "domain":
            return ""
        page = _without_scheme(row["source_url"])
        if self.per == "page":
            return page
        return f"{page} {_without_scheme(row['target_url'])} {row['kind']}"


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Whose names a store can be asked for at once: one behind a socket takes 4 MB."""
    named = (
        batch.column(name).to_pylist() for name in ("source_domain", "source_url", "target_url")
    )
    start, letters = 0, 0
    for row, names in enumerate(zip(*named, strict=True)):
        letters += sum(map(len, names))
        if letters > _ASKED:
            yield batch.slice(start, row - start)
            start, letters = row, sum(map(len, names))
    yield batch.slice(start)


def _chunk(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array of text, of whatever came back."""
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.string())
    return array.cast(pa.string())


def _without_scheme(url: str) -> str:
    return url.partition("://")[2]
