"""The same web in one node's tables and on two shards, and every question asked of both.

`python -m tests.pipeline.store.sharded DIRECTORY` tells as JSON what each question came to. A
process of its own, since chDB learns of a cluster when it starts.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import StoreRefused
from pipeline.frontier.plan import Planner
from pipeline.frontier.sites import Sites
from pipeline.index.answer import Answer
from pipeline.index.erase import count, erase
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.questions import Index
from pipeline.mirror import Mirror
from pipeline.page import Page
from pipeline.quality.score import score
from pipeline.settings import Settings, StoreSettings
from pipeline.store import Store, rows, sql
from pipeline.store.asked import declared, parsed
from pipeline.store.chdb import ChdbStore
from pipeline.store.examples import examples
from pipeline.store.migrate import migrate
from pipeline.store.shards import Cluster
from pipeline.store.spread import cluster_of, spread_anew
from pipeline.url import canonical
from tests.pipeline.said import controls, said
from tests.support.records import DAY, TODAY, Link, page, write
from tests.support.shards import NAME, ShardedChdb, configured

HOT = "site0.example"
SITES = 10
_KINDS = ("links_local", "pages_local", "frontier_local", "domain_edges_local")
# Columns that say how a store lies, and not what it knows.
_OF_THE_STORE = {"bytes", "behind_ms", "since", "noted", "manifest"}


def web() -> list[Page]:
    """Visits of four days: links come and go, to a hot domain from everywhere."""
    drawn, made = random.Random(7), []
    for day, number in itertools.product(range(4), range(SITES)):
        site, at = f"site{number}.example", TODAY - (4 - day) * DAY + number
        for path in ("", "about"):
            picked = drawn.sample(range(SITES), 3)
            targets = [0] * (drawn.random() < 0.7 and number != 0) + [
                p for p in picked if p != number
            ]
            links = [Link(f"https://site{t}.example/{path}", anchor=f"to {t}") for t in targets]
            made.append(page(f"https://{site}/{path}", at, links, title=site, language="en"))
    return made


def fill(store: Store) -> None:
    visits = web()
    half = len(visits) // 2
    for number, some in enumerate((visits[:half], visits[half:], visits[half - 9 : half])):
        write(store, some, TODAY + number)
        Lifecycle(store, 0, clock=lambda: TODAY / 1000 + 3600).run()
    Planner(store, None, Settings().plan, 1.0).seed([canonical("https://seed.example/")])  # type: ignore[arg-type]
    Mirror(store, controls(said(TODAY, "block", "blocked.example"))).write()
    score(store, Settings().score, seeds=["site1.example", "site2.example"])
    Sites(store, Settings().plan, clock=lambda: TODAY / 1000 + 7200).run()


def questions(store: Store) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, SQL, parameters: an example of each table, and what is told of the frontier."""
    for name, example in examples().items():
        if name == "marks":  # some say how long a job took
            continue
        whole = re.sub(r"\nLIMIT \d+\Z", "", example.sql)  # which of equals come is anybody's guess
        yield f"example {name}", whole.replace("example.org", HOT), {}
    for name in ("stats", "waiting", "spent", "urls"):
        text = sql(f"pipeline/frontier/{name}")
        given = {"buckets": list(range(1024))} if "buckets:Array" in text else {"buckets": 1024}
        more = {"now": 2**31, "max_hops": 9, "barred": [], "said_of": [], "said_budget": [],
                "spent": [], "site_pages": 5}  # fmt: skip
        names = declared(parsed(store, text))
        asked = {"domain": HOT, "host": "", "rows": 1000, "since": TODAY - 30 * DAY}
        yield f"frontier {name}", text, {n: (asked | given | more)[n] for n in names}


def asked_by_people(store: Store) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """Every question, of the hot domain and of a page of it."""
    index = Index(store)
    every: dict[str, Any] = {"limit": 1000}
    for name, target in ((HOT, HOT), ("a page", f"{HOT}/about")):
        of: dict[str, Answer[Any]] = {
            "links": index.links(target, state="all", context=True, **every),
            "links each": index.links(target, state="all", per="link", **every),
            "refs": index.refs(target, state="all", **every),
            "anchors": index.anchors(target, **every),
            "terms": index.terms(target, **every),
            "pages": index.pages(target, **every),
            "networks": index.networks(target, **every),
            "places": index.places(target, **every),
            "history": index.history(target, links=True, **every),
            "change counts": index.change_counts(target, **every),
            "changes": index.changes(target, **every),
            "broken": index.broken(target, **every),
            "broken pages": index.broken_pages(target, **every),
            "gap": index.gap("site1.example", [target, "site2.example"], **every),
            "outlinks": index.outlinks(target, state="all", **every),
            "outlink counts": index.outlink_counts(target, state="all", **every),
            "between": index.between(target, "site1.example", **every),
        }
        for question, answer in of.items():
            yield f"{question} of {name}", (msgspec.structs.asdict(row) for row in answer.rows())
        yield f"overview of {name}", [index.overview(target) | {"milliseconds": 0}]
    yield "domains", index.domains(**every)
    yield "status", [index.status()]


def plain(row: dict[str, Any]) -> str:
    told = {
        name: round(value, 9) if isinstance(value, float) else value
        for name, value in sorted(row.items())
        if name not in _OF_THE_STORE and not name.endswith("_ms")
    }
    return repr(told)


def answers(store: Store) -> dict[str, list[str]]:
    found = {}
    for name, text, given in questions(store):
        try:
            found[name] = sorted(plain(row) for row in rows(store.query(text, given)))
        except StoreRefused as error:  # of a parameter that can't be guessed: of one node too
            found[name] = [str(error).partition(".")[0]]
    for name, told in asked_by_people(store):
        found[name] = sorted(plain(row) for row in told)
    return found


def spread_of(store: Store) -> dict[str, list[int]]:
    """Rows of each shard: where the engine says that it read them."""
    found = {}
    for stored in _KINDS:
        table = stored.removesuffix("_local")
        counted = rows(
            store.query(f"SELECT shardNum() AS shard, count() AS n FROM {table} GROUP BY shard")
        )
        found[table] = [row["n"] for row in sorted(counted, key=lambda row: row["shard"])]
    return found


def main(directory: Path) -> dict[str, Any]:
    where = configured(directory)
    spread = ShardedChdb(where, database="spread", hot=(HOT,))
    migrate(spread, spread.cluster)
    single = ChdbStore(Path(where), database="single")
    migrate(single)
    for store in (spread, single):
        fill(store)
    told: dict[str, Any] = {"spread": answers(spread), "single": answers(single)}
    told["rows"] = spread_of(spread)
    hot = rows(
        spread.query(
            "SELECT DISTINCT shardNum() AS s FROM links WHERE target_domain = {d:String}",
            {"d": HOT},
        )
    )
    told["shards of the hot"] = len(hot)
    gone = "site3.example"
    told["counted"] = [sum(f.rows for f in count(store, [gone])) > 0 for store in (spread, single)]
    for store in (spread, single):
        erase(store, [gone])
    told["erased"] = [sum(f.rows for f in count(store, [gone])) for store in (spread, single)]
    told["spread after"], told["single after"] = answers(spread), answers(single)
    settings = StoreSettings(database="spread")
    found = cluster_of(spread, settings)
    assert found is not None
    cooled = Cluster(NAME, "spread", ())
    lists = (spread.cluster, cooled, cooled)
    told["cluster"] = [found.name, *(spread_anew(spread, cluster) for cluster in lists)]
    spread.scatter()
    told["scattered"] = answers(spread)
    return told


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
