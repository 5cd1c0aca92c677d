"""What each worker does to a store whose users have only some rights.

`python -m tests.pipeline.store.granted DIRECTORY` reads `Asked` from stdin as JSON, does each
worker's work as each worker, and tells what it was refused. A process of its own, since chDB takes
its users from a file when it starts; they are ClickHouse's own users, roles and checks.

Work is done once with all its rights, and each of its statements is kept. ClickHouse's log of
queries tells which rights a statement used; it is asked again by a role without one of them, which
is refused before anything is done. So each right costs a statement, and not the whole work.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import msgspec
import pyarrow as pa

from backlinks import consumer
from pipeline.errors import StoreError, StoreRefused
from pipeline.frontier.once import Once
from pipeline.frontier.plan import Planner
from pipeline.index import uses
from pipeline.index.erase import Erasure
from pipeline.index.lifecycle import job_of
from pipeline.index.questions import Index
from pipeline.index.snapshots import beyond, drop, leftovers
from pipeline.labels import Label
from pipeline.labels.kept import write as write_labels
from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog
from pipeline.mirror import Mirror
from pipeline.quality.score import score
from pipeline.report.doctor_store import of_store
from pipeline.report.webgraph import seeded
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.migrate import migrate
from pipeline.store.opening import demand, demand_views
from pipeline.url import canonical
from pipeline.webgraph.join import Referrer
from pipeline.webgraph.streams import Counted
from pipeline.webgraph.write import Named, Written, write_pairs, write_ranks
from tests.pipeline.said import controls, said
from tests.pipeline.store.rights import DATABASE, Engine, told
from tests.support.records import HOUR, TODAY, Link, message, page, write

_moments = itertools.count(TODAY)
TERMS = "harbour crane quay ship hull anchor".split()
MANY = 2_000  # pages of an hour ago: what came in since is less than a fifth of all
MIGRATED = "migrated"  # a second database, which a role is to make


def plan(store: Store) -> None:
    demand(store)
    with tempfile.TemporaryDirectory() as directory:
        log = SqliteLog(Path(directory) / "log.sqlite")
        planner = Planner(store, log, Settings().plan, 1.0)
        planner.seed([canonical("https://seed.example/")])
        assert planner.plan(100, ignore_leases=True) > 1, "what was fetched is planned again"
        now = next(_moments)
        heard = controls(
            said(now, "requeue", "b.example", 0), said(now, "purge", "unknown.example", 0)
        )
        Mirror(store, heard).write()
        Once(store, heard).run()
        log.close()


def consume(store: Store) -> None:
    demand(store)
    settings = Settings()
    with tempfile.TemporaryDirectory() as directory:
        log = SqliteLog(Path(directory) / "log.sqlite")
        linked: list[str | Link] = ["https://b.example/", Link("https://c.example/", before="x")]
        for at, links in ((TODAY - 2000, linked), (TODAY - 1000, [])):
            made = page(
                "https://a.example/", at, links, inner=["https://a.example/more"], terms=TERMS
            )
            log.append(PAGES, [message(made)]).result()
        log.append(
            PAGES, [message(page("https://b.example/", TODAY, linked[1:], terms=TERMS))]
        ).result()
        loop = consumer(store, log, settings)
        try:
            while not loop.turn():
                pass
            loop.flush()
        finally:
            loop.reader.close()
            log.close()
    job_of(store, settings).run()


def erase(store: Store) -> None:
    """What operators say is mirrored, and what they suppress is erased: there is some of it."""
    heard = controls(
        said(next(_moments), "suppress", "gone.example"),
        said(next(_moments), "suppress", "a.example/none"),  # its domain's other pages stay
    )
    Mirror(store, heard).write()
    assert Erasure(store, heard).run() > 0


def fill(store: Store) -> None:
    """A row of what is to be erased in each table."""
    gone = "https://gone.example/"
    made = [page(gone, TODAY), page("https://a.example/gone", TODAY, [gone], final_url=gone)]
    write(store, made, TODAY)
    for table, column in (
        ("whereabouts", "domain"),
        ("changed_visits", "domain"),
        ("referrers", "source_domain"),
        ("link_uses", "source_domain"),
        ("large_targets", "target_domain"),
        ("due_pairs", "source_domain"),
        ("indirect_links", "target_domain"),
        ("page_fates", "domain"),
        ("leads", "domain"),
        ("domain_edges", "source_domain"),
        ("domain_quality", "domain"),
        ("page_strength", "domain"),
        ("page_quality", "domain"),
        ("sites", "domain"),
        ("graph_referrers", "source_domain"),
        ("crawled_sites", "domain"),
        ("domain_terms", "domain"),
        ("site_countries", "domain"),
        ("labels", "domain"),
    ):
        store.insert(table, pa.table({column: ["gone.example"]}))
    a, urls = ["a.example"], [gone]
    store.insert("large_targets", pa.table({"target_domain": ["b.example"]}))
    store.insert("page_fates", pa.table({"domain": a, "leads_to": urls}))
    store.insert("changed_visits", pa.table({"domain": a, "leads_to": urls}))
    store.insert("leads", pa.table({"domain": a, "via": [urls]}))
    store.insert("referrers", pa.table({"source_domain": a, "target_domain": a, "via": [urls]}))
    brought = [{"source_domain": "gone.example", "without": 0.0, "rank": 1.0}]
    store.insert("page_quality", pa.table({"domain": a, "brings": [brought]}))


def lead_on(store: Store) -> None:
    """A page that is linked leads on, as none did before; and a page misses a link."""
    at = next(_moments)
    old, new = f"https://b.example/{at}", f"https://c.example/{at}"
    leading = page(old, TODAY, [Link(new, "redirect")], outcome="redirect", final_url=new)
    linking = page(f"https://a.example/{at}", TODAY, [old])
    bare = page(linking.url, TODAY + 1)
    write(store, [leading, linking, bare], int(time.time() * 1000))


def rank(store: Store) -> None:
    demand(store)
    job_of(store, Settings()).run()
    found = score(store, Settings().score, seeds=["a.example"])
    assert found is not None
    assert found.edges


def ask(store: Store) -> None:
    """status, show, links, domains, quality."""
    demand(store)
    demand_views(store)
    store.execute("SET readonly = 2")
    index = Index(store)
    index.status()
    index.overview("c.example")
    index.why("c.example")
    assert index.links("c.example", context=True).rows()
    for asked in (index.refs, index.anchors, index.terms, index.pages):
        assert asked("c.example").rows()
    assert index.networks("c.example", by="owner").rows()
    assert index.places("c.example").rows()
    assert index.history("c.example", links=True).rows()
    assert index.change_counts("c.example").rows()
    assert index.changes("c.example").rows()
    assert index.outlinks("a.example", state="all").rows()
    assert index.outlink_counts("a.example", state="all").rows()
    assert index.between("a.example", "c.example").rows()
    index.broken("c.example").rows()
    index.broken_pages("c.example").rows()
    index.gap("b.example", ["c.example"]).rows()
    index.similar("b.example").rows()
    assert index.domains()
    assert index.quality()


def doctor(store: Store) -> None:
    demand(store)
    with patch("pipeline.report.doctor_store.open_to_read", lambda *_: (store, lambda: None)):
        found = {finding.what: finding.state for finding in of_store(Settings())}
    if found["privileges"] != "ok":  # doctor tells it
        raise StoreRefused("not every table can be seen")
    assert found["durability"] == found["store's clock"] == "ok"


def graph(store: Store) -> None:
    """`import graph`, with ranks and seeds."""
    demand(store)
    named = Named("g", TODAY, ["c.example"])
    done = Written()
    write_pairs(store, [Referrer("c.example", "d.example", 1)], named, controls(), done)
    with tempfile.NamedTemporaryFile() as ranks:
        ranks.write(b"#harmonicc_pos\t#pr_pos\t#host_rev\n1\t2\texample.d\n")
        ranks.flush()
        write_ranks(store, [ranks.name], named, Counted(), done)
    assert done.ranked == 1
    assert seeded(store, named, 5) == 1


def label(store: Store) -> None:
    demand(store)
    said = Label("c.example", "bad", "", "jo", next(_moments))
    assert write_labels(store, [said], 0).written == 1


def prune(store: Store) -> None:
    """An old snapshot goes, of which there is nothing but what names it and a row beside."""
    demand(store)
    drop(store, [*beyond(store, 1), *leftovers(store)] or [1])


def make(store: Store) -> None:
    """As `admin migrate`, which connects again once it has made the database."""
    store.execute(f"CREATE DATABASE IF NOT EXISTS {MIGRATED}")
    store.execute(f"USE {MIGRATED}")
    migrate(store)


WORK: dict[str, Callable[[Store], None]] = {
    "plan": plan,
    "consume": consume,
    "erase": erase,
    "score": rank,
    "read": ask,
    "doctor": doctor,
    "graph": graph,
    "label": label,
    "prune": prune,
    "migrate": make,
}


class Asked(msgspec.Struct):
    """grants: by `WORKER` with all of its rights, or `WORKER_SOMETHING` with some of them.
    whole: of the latter, who do the whole work; others are asked for what used what they lack."""

    grants: dict[str, list[str]]
    whole: list[str]


def main(directory: Path, asked: Asked) -> dict[str, str]:
    """What each was refused, empty for nothing."""
    uses.LARGE = 3  # what leads on has more links with each role
    engine = Engine(directory, asked.grants)
    engine.everything.execute(f"CREATE DATABASE {DATABASE}")
    engine.everything.execute(f"USE {DATABASE}")
    migrate(engine.everything)
    many = [page(f"https://many.example/{number}", TODAY) for number in range(MANY)]
    write(engine.everything, many, TODAY - HOUR)
    for work in ("consume", "score"):
        WORK[work](engine.everything)
    answers = {}
    for name in asked.grants:
        if name in WORK:
            answers[name] = _done(engine, name)
            answers |= _done_without(engine, name, asked)
        elif name in asked.whole:
            answers[name] = _done(engine, name)
    return answers


def _done(engine: Engine, name: str) -> str:
    _prepared(engine.everything, name)
    try:
        store = engine.role(name)
        if not name.startswith("migrate"):
            store.execute(f"USE {DATABASE}")
        WORK[name.partition("_")[0]](store)
    except StoreError as error:
        return told(error)
    return engine.refused(name)


def _prepared(everything: Store, name: str) -> None:
    """There is something to do, again."""
    everything.execute(f"DROP DATABASE IF EXISTS {MIGRATED}")
    Planner(everything, None, Settings().plan, 1.0).again()  # type: ignore[arg-type]
    if name.startswith(("consume", "score")):
        lead_on(everything)
        everything.execute("TRUNCATE TABLE large_targets")  # they become so again
    if name.startswith("erase"):
        fill(everything)


def _done_without(engine: Engine, work: str, asked: Asked) -> dict[str, str]:
    """Of each role that has all but one right of this work, what it was refused of it."""
    database = MIGRATED if work == "migrate" else DATABASE
    return {
        name: engine.asked_again(work, name, database)
        for name in asked.grants
        if name.startswith(f"{work}_") and name not in asked.whole
    }


if __name__ == "__main__":
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    print(json.dumps(main(Path(sys.argv[1]), wanted)))
