"""What the tables must hold once everything in a log was consumed, straight from the records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.errors import PoisonRecord
from pipeline.frontier.due import next_visit
from pipeline.log import DEAD_PAGES, PAGES, Log, Record
from pipeline.log.sqlite import SqliteLog
from pipeline.page import FUTURE_MS, NOFOLLOW, SOURCES, Page, decode
from pipeline.settings import RevisitSettings
from pipeline.store import Store, rows
from pipeline.url import canonical
from tests.support.link_life import lives

Rows = dict[Any, Any]
FOLLOWED = {"a", "area", "img-link", "redirect", "canonical", "alternate", "next", "prev"}


def readable(records: Iterable[Record]) -> tuple[list[Page], set[tuple[str, int, int, bytes]]]:
    """The pages, and the place and value of what is poison."""
    pages, poison = [], set()
    for record in records:
        try:
            page = decode(record.value or b"")  # a tombstone has none
            if page.fetched_at > record.timestamp_ms + FUTURE_MS:
                raise PoisonRecord("future")
            pages.append(page)
        except PoisonRecord:
            topic, number = record.partition
            poison.add((topic, number, record.offset, record.value or b""))
    return pages, poison


def expected(pages: list[Page]) -> dict[str, Rows]:
    """Every table's rows by their key."""
    by_url: dict[str, list[Page]] = {}
    for page in pages:
        by_url.setdefault(page.url, []).append(page)
    tables: dict[str, Rows] = {
        "links": {}, "context": {}, "page_links": {}, "pages": {}, "frontier": {},
    }  # fmt: skip
    for url, visits in by_url.items():
        visits.sort(key=lambda page: page.fetched_at)
        for page in visits:
            _page_links(page, tables["page_links"])
            _found(page, tables["frontier"])
            _links(page, tables["links"], tables["context"])
        for link, life in lives(visits).items():
            tables["links"][url, *link].update(life._asdict())
        heads = [page for page in visits if page.part == 1]
        if heads:
            tables["pages"][url] = _page(heads)
            _fetched(heads, tables["frontier"])
    return tables


def _links(page: Page, links: Rows, context: Rows) -> None:
    """Visits come by time, so the last sighting's columns stay."""
    found = page.external
    for i, target in enumerate(found.target):
        key = (page.url, target, found.kind[i])
        links[key] = {
            "anchor": found.anchor[i],
            "position": found.position[i],
            "rel": found.rel[i],
            "source": page.source,
        }
        context[key] = (
            page.fetched_at, found.before[i], found.after[i], found.ordinal[i], found.count[i],
        )  # fmt: skip


def _page_links(page: Page, table: Rows) -> None:
    table[page.url, page.fetched_at, page.source, page.part] = (
        page.parts, page.outcome, page.status, int(page.complete), page.incomplete,
        page.extractor, int(page.noindex), page.external.target, page.external.domain,
        page.external.kind,
    )  # fmt: skip


def _page(heads: list[Page]) -> tuple[Any, ...]:
    last = heads[-1]
    whole = next((page for page in reversed(heads) if page.complete), None)
    body = next((p for p in reversed(heads) if p.outcome in ("ok", "not_modified")), None)
    return (
        heads[0].fetched_at,
        last.fetched_at,
        whole.fetched_at if whole else 0,
        last.outcome,
        last.status,
        whole.title if whole else "",
        len(whole.internal.target) if whole else 0,
        len(whole.external) if whole else 0,
        (body.etag, body.digest) if body else ("", ""),
    )


def _found(page: Page, frontier: Rows) -> None:
    if page.nofollow or page.source != "crawl":
        return
    hops = page.request.hops
    near = zip(page.internal.target, page.internal.rel, strict=True)
    for url, rel in near:
        if not rel & NOFOLLOW:
            _known(url, hops, page.fetched_at, frontier)
    links = page.external
    for url, kind, rel in zip(links.target, links.kind, links.rel, strict=True):
        if kind in FOLLOWED and not rel & NOFOLLOW:
            _known(url, hops + 1, page.fetched_at, frontier)


def _known(url: str, hops: int, at: int, frontier: Rows) -> None:
    row = frontier.setdefault(
        canonical(url).page, {"hops": 65_535, "https": 0, "fetched": 0, "failures": 0, "from": at}
    )
    row["hops"] = min(row["hops"], hops)
    row["https"] = max(row["https"], int(url.startswith("https:")))
    row["from"] = min(row["from"], at)


def _fetched(heads: list[Page], frontier: Rows) -> None:
    for page in heads:
        if page.source == "crawl":
            _known(page.url, page.request.hops, page.fetched_at, frontier)
            row = frontier[page.host, page.path]
            following = next_visit(page, RevisitSettings())
            second = page.fetched_at // 1000
            row["fetched"] = max(row["fetched"], second << 32 | following.due_s)
            failures = second << 32 | page.request.latency_ms << 8 | following.failures
            row["failures"] = max(row["failures"], failures)


def found(store: Store) -> dict[str, Rows]:
    """The same, from the tables."""
    tables: dict[str, Rows] = {
        "links": {}, "context": {}, "page_links": {}, "pages": {}, "frontier": {},
    }  # fmt: skip
    for row in rows(store.query("SELECT * FROM link_states")):
        key = (row["source_url"], row["target_url"], row["kind"])
        tables["links"][key] = {
            "rel": row["nofollow"] + 2 * row["ugc"] + 4 * row["sponsored"],
            **{
                name: row[name]
                for name in (
                    "anchor", "position", "source", "state", "reason", "first_seen", "not_before",
                    "last_seen", "lost_by",
                )
            },
        }  # fmt: skip
    for row in rows(store.query("SELECT *, toString(kind) AS k FROM link_context FINAL")):
        page, target = (
            "https://" + row[f"{end}_host"] + row[f"{end}_path"] for end in ("source", "target")
        )
        tables["context"][page, target, row["k"]] = (
            row["at"], row["text_before"], row["text_after"], row["ordinal"], row["count"],
        )  # fmt: skip
    question = (
        "SELECT *, target_domains, toString(outcome) AS o, "
        "arrayMap(k -> toString(k), kinds) AS k "
        "FROM page_links FINAL"
    )
    for row in rows(store.query(question)):
        source = SOURCES[row["source"] - 1]
        tables["page_links"][_url(row), row["at"], source, row["part"]] = (
            row["parts"], row["o"], row["status"], row["complete"], row["incomplete"],
            row["extractor"], row["noindex"], row["targets"], row["target_domains"], row["k"],
        )  # fmt: skip
    question = (
        "SELECT host, path, min(first_visit) AS f, max(last_visit) AS l, max(last_complete) AS c, "
        "argMaxMerge(visit) AS v, argMaxIfMerge(content) AS w, argMaxIfMerge(validators) AS x, "
        "v.1 AS outcome, v.2 AS status, w.1 AS title, w.7 AS internal, w.8 AS external, "
        "x.1 AS etag, x.3 AS digest FROM pages GROUP BY domain, host, path"
    )
    for row in rows(store.query(question)):
        tables["pages"][_url(row)] = (
            row["f"], row["l"], row["c"], row["outcome"], row["status"], row["title"],
            row["internal"], row["external"], (row["etag"], row["digest"]),
        )  # fmt: skip
    question = (
        "SELECT host, path, min(hops) AS hops, max(https) AS https, max(fetched) AS fetched, "
        "max(failures) AS failures, min(discovered) AS discovered FROM frontier "
        "GROUP BY bucket, domain, host, path HAVING hops < 65535"
    )
    for row in rows(store.query(question)):
        tables["frontier"][row.pop("host"), row.pop("path")] = row
    return tables


def _url(row: dict[str, Any]) -> str:
    return f"https://{row['host']}{row['path']}"


def differences(expected: dict[str, Rows], found: dict[str, Rows]) -> list[str]:
    """In words, none where all is well."""
    said = []
    for name, rows_expected in expected.items():
        rows_found = found[name]
        for key in rows_expected.keys() | rows_found.keys():
            right, here = rows_expected.get(key), rows_found.get(key)
            if name == "frontier" and right and here:
                # A worker leaves out what it found lately, so a URL may seem found later.
                right = dict(right)
                since, told = right.pop("from") // 1000, here["discovered"]
                here = {column: here[column] for column in right}
                if told < since:
                    said.append(f"frontier {key}: discovered {told}, which is before {since}")
            if right != here:
                said.append(f"{name} {key}: {here} instead of {right}")
    return said


def dead_letters(log: Log) -> set[tuple[str, int, int, bytes]]:
    """As a set: the same one may be kept twice."""
    letters = set()
    for record in log.read_all(DEAD_PAGES):
        headers = dict(record.headers)
        place = headers["topic"].decode(), int(headers["partition"]), int(headers["offset"])
        letters.add((*place, record.value))
    return letters


def all_records(log: SqliteLog) -> list[Record]:
    return list(log.read_all(PAGES))
