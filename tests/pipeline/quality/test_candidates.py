"""Candidates for seeds: fake directories don't capture the list, and marks say what they count."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pytest

from pipeline.index.snapshots import Snapshot
from pipeline.labels import Label
from pipeline.labels.kept import write
from pipeline.quality.candidates import GRAPH, MARKS, NETWORKS, SeedCandidate, suggest
from pipeline.store import Store
from tests.benchmarks.directories import Attack, captured
from tests.pipeline.graph.corpus import power_law
from tests.support.stores import AnyStore

SNAPSHOT = 1_790_000_000_000


@pytest.mark.embedded
def test_fake_directories_capture_inverse_pagerank_and_not_the_candidates(store: AnyStore) -> None:
    """Planted: as old as any, crawled, linking to half of the web, on ten networks."""
    found = captured(store, power_law(800, 6_000), Attack(40, 400, 100, 9, True), 40)
    assert found.by_inverse_pagerank > 0.9
    assert found.by_marks < 0.05


@pytest.mark.embedded
def test_who_owns_many_networks_is_held_by_the_seeds_there_are(store: AnyStore) -> None:
    """With a network for each domain they capture the list, until there is authority."""
    graph = power_law(2_000, 4_000)
    rich = Attack(60, 400, 600, 600, True)
    assert captured(store, graph, rich, 20).by_marks > 0.5
    for table in ("domain_quality", "domain_edges", "whereabouts"):
        store.execute(f"TRUNCATE TABLE {table}")
    seeded = Attack(60, 400, 600, 600, True, seeds=20)
    assert captured(store, graph, seeded, 20).by_marks == 0


def domain(store: Store, name: str, links: int, **columns: object) -> None:
    """A domain that so many others link to, each on a network and under an ending of its own."""
    others = [f"{name.partition('.')[0]}{n}.e{n}.example" for n in range(links)]
    row = {"domain": name, "domains": 1_000, "referring_domains": links, "days_known": 100,
           "pages": 50, "inverse_pagerank_rank": 5.0, "reciprocal": 0} | columns  # fmt: skip
    rows = [row, *({"domain": other, "domains": 1_000, "referring_domains": 1,
                    "days_known": 9} for other in others)]  # fmt: skip
    store.insert("domain_quality", _table(rows))
    told = {"snapshot": pa.array([SNAPSHOT] * links, pa.uint64()), "source_domain": others,
            "target_domain": [name] * links, "weight": pa.array([1.0] * links)}  # fmt: skip
    store.insert("domain_edges", pa.table(told))
    where = [f"{1:020}10.{n // 256}.{n % 256}.1" for n in range(links)]
    tongues = [f"{1:020}{'en' if n % 2 else 'de'}" for n in range(links)]
    store.insert("whereabouts", pa.table({"domain": others, "address": where, "tongue": tongues}))


_KINDS = {
    "domains": pa.uint64(), "referring_domains": pa.uint32(), "days_known": pa.uint32(),
    "pages": pa.uint32(), "reciprocal": pa.uint32(), "inverse_pagerank_rank": pa.float64(),
    "trusted_harmonic_rank": pa.float64(),
}  # fmt: skip


def _table(rows: list[dict[str, object]]) -> pa.Table:
    columns = {name: pa.array([row.get(name) for row in rows], kind)
               for name, kind in _KINDS.items()}  # fmt: skip
    filled = {name: column if name in ("days_known", "inverse_pagerank_rank",
                                       "trusted_harmonic_rank")
              else column.fill_null(0) for name, column in columns.items()}  # fmt: skip
    return pa.table({"snapshot": pa.array([SNAPSHOT] * len(rows), pa.uint64()),
                     "domain": [row["domain"] for row in rows], **filled})  # fmt: skip


def proposed(store: Store, listed: Collection[str] = ()) -> dict[str, SeedCandidate]:
    found = suggest(store, Snapshot(SNAPSHOT, 1_000, 1, {}), 100, listed=listed)
    return {one.domain: one for one in found}


def test_every_mark_is_given_for_what_it_says(store: AnyStore) -> None:
    domain(store, "all.example", NETWORKS, trusted_harmonic_rank=100.0)
    domain(store, "few.example", NETWORKS - 1, reciprocal=8, days_known=49, pages=9,
           inverse_pagerank_rank=11.0, trusted_harmonic_rank=101.0)  # fmt: skip
    write(store, [Label("all.example", "ok", "", "jo", 1)], 1)
    ranks = pa.array([GRAPH, GRAPH + 1], pa.uint64())
    ends = {"target_domain": ["x", "x"], "source_domain": ["all.example", "few.example"]}
    store.insert("graph_referrers", pa.table({**ends, "graph": ["g", "g"], "harmonic_rank": ranks}))
    found = proposed(store, ["all.example"])
    assert found["all.example"].marks == MARKS
    assert set(found["few.example"].marks) == {"endings", "languages"}
    assert next(iter(found)) == "all.example"
    for told in ("linked from 10 networks", "known for 100 days", "in your files",
                 "rank 1,000,000 in a web graph", "links back to 0 of 10"):  # fmt: skip
        assert told in found["all.example"].told


def test_what_people_or_figures_call_bad_or_shared_is_never_proposed(store: AnyStore) -> None:
    names = ("ok.example", "bad.example", "ours.example", "hub.example", "github.io",
             "wordpress.com", "host.example", "plain.example")  # fmt: skip
    for name in names:
        domain(store, name, NETWORKS)
    said = {"ok": "ok", "bad": "bad", "ours": "ours", "hub": "platform"}
    write(store, [Label(f"{n}.example", w, "", "jo", 1) for n, w in said.items()], 1)
    store.insert("platforms", pa.table({"suffix": ["host.example"], "owner": ["host.example"]}))
    found = set(proposed(store)) & set(names)
    assert found == {"ok.example", "plain.example"}
    store.execute("ALTER TABLE domain_quality UPDATE spam_risk = 50 WHERE domain = 'plain.example' "
                  "SETTINGS mutations_sync = 2")  # fmt: skip
    assert set(proposed(store)) & set(names) == {"ok.example"}


def test_networks_whose_domains_nobody_links_to_vouch_for_nothing(store: AnyStore) -> None:
    domain(store, "a.example", NETWORKS)
    domain(store, "b.example", NETWORKS)
    store.execute("ALTER TABLE domain_quality UPDATE referring_domains = 0 WHERE domain LIKE 'b%e%'"
                  " AND domain != 'b.example' SETTINGS mutations_sync = 2")  # fmt: skip
    found = proposed(store)
    assert "vouched" in found["a.example"].marks
    assert "vouched" not in found["b.example"].marks
    assert "networks" in found["b.example"].marks
