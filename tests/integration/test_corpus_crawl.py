"""The 86 sites of the corpus, served on loopback and crawled, against what lxml counted in them.

`edges.tsv` has the links between these hosts and some others, by pair of hosts. The pairs come out
of the index, but for hosts of one registered domain: those links are internal, feed the frontier
and are no rows of the index, so they are read from the page records in the log.
"""

from __future__ import annotations

import csv
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from demo.serve import LoopbackWeb
from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Page, decode
from pipeline.url import canonical, domains
from tests.support.command import Ran, at, backlinks
from tests.support.corpus import needs_corpus, part, unpack
from tests.support.web import TreeWeb

Pair = tuple[str, str]  # host of the page, host of the target without `www.`

pytestmark = [
    pytest.mark.corpus, pytest.mark.long, needs_corpus, pytest.mark.xdist_group("corpus crawl"),
]  # fmt: skip

EXTERNAL = """SELECT source_host, target_host, groupUniqArray(source_path) AS paths
FROM link_states WHERE kind IN ('a', 'area', 'img-link') GROUP BY source_host, target_host"""

# Why a link that lxml counted is no second link here; the pair is found all the same.
IN_A_TEMPLATE = {("www.atlasobscura.com", "reddit.com")}  # <template> is inert, browsers skip it


class Edge(NamedTuple):
    links: int
    pages: int


class Crawled(NamedTuple):
    ran: Ran
    seconds: float
    served: set[tuple[str, str]]  # host and path of the corpus's own pages
    pages: list[Page]
    pairs: dict[Pair, set[str]]  # of the index: paths that link, by pair


def bare(host: str) -> str:
    return host.partition(":")[0].removeprefix("www.")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    directory = tmp_path_factory.mktemp("corpus")
    tree = TreeWeb(unpack(directory / "sites"))
    data = directory / "data"
    # Every page is a seed, http and https in turn: few of them can be reached from another.
    seeds = [
        url.replace("http:", "https:", 1) if number % 2 else url
        for number, url in enumerate(tree.urls())
    ]
    started = time.monotonic()
    with LoopbackWeb(tree.respond) as web:
        ran = backlinks(
            "run", *seeds, *at(web), "--delay", 0, "--scope", "site", "--pages", 100_000,
            "--site-pages", 100_000, "--no-score", data=data, timeout_s=280,
        )  # fmt: skip
    seconds = time.monotonic() - started
    served = {canonical(url).page for url in seeds}
    return Crawled(ran, seconds, served, list(records(data)), index(data))


def records(data: Path) -> Iterator[Page]:
    log = SqliteLog(data / "log.sqlite")
    for record in log.read_all(PAGES):
        yield decode(record.value)
    log.close()


def index(data: Path) -> dict[Pair, set[str]]:
    found: dict[Pair, set[str]] = defaultdict(set)
    for row in json.loads(backlinks("sql", EXTERNAL, "--json", data=data).out):
        found[row["source_host"], bare(row["target_host"])].update(row["paths"])
    return found


def edges() -> dict[Pair, Edge]:
    with part("web/edges.tsv").open(encoding="utf-8", newline="") as file:
        return {
            (row["src_host"], row["dst_host"]): Edge(
                int(row["n_links"]), int(row["n_source_pages"])
            )
            for row in csv.DictReader(file, delimiter="\t")
        }


def within_domain(pages: list[Page]) -> dict[Pair, set[str]]:
    """Links between hosts of one registered domain."""
    found: dict[Pair, set[str]] = defaultdict(set)
    for page in pages:
        for target in page.internal.target:
            pair = page.host, bare(canonical(target).host)
            if pair[1] != bare(page.host):
                found[pair].add(page.path)
    return found


def all_pairs(crawled: Crawled) -> dict[Pair, set[str]]:
    pairs = within_domain(crawled.pages)
    for pair, paths in crawled.pairs.items():
        pairs[pair] |= paths
    return pairs


def same_domain(pair: Pair) -> bool:
    return domains(pair[0]).registered == domains(pair[1]).registered


def test_every_page_of_the_corpus_is_fetched_and_read(crawled: Crawled) -> None:
    print(f"\ncorpus crawl: {crawled.seconds:.0f} s; {crawled.ran.out.splitlines()[:1]}")
    assert crawled.ran.code == 0, crawled.ran.err
    assert "nothing more is due" in crawled.ran.out
    outcomes = Counter(
        page.outcome for page in crawled.pages if (page.host, page.path) in crawled.served
    )
    assert outcomes == {"ok": 2625}


def test_pages_come_over_http_and_over_https(crawled: Crawled) -> None:
    schemes = Counter(page.url.partition(":")[0] for page in crawled.pages)
    assert min(schemes["http"], schemes["https"]) > 1_000


def test_no_host_pair_of_the_corpus_is_missed_and_each_difference_has_its_class(
    crawled: Crawled,
) -> None:
    known, found = edges(), all_pairs(crawled)
    listed = {bare(host) for host, _ in known} | {target for _, target in known}
    listed |= {bare(host) for host, _ in crawled.served}
    classes = {
        # In both.
        "agree": known.keys() & found.keys(),
        # lxml saw a link and we did not: never.
        "missed": known.keys() - found.keys(),
        # We saw a link between hosts of the set and lxml did not: never.
        "invented": {pair for pair in found.keys() - known.keys() if pair[1] in listed},
        # Targets outside of the set that edges.tsv was cut to: the rest of the web.
        "to hosts that edges.tsv leaves out": {
            pair for pair in found.keys() - known.keys() if pair[1] not in listed
        },
    }
    print("\n" + "\n".join(f"{len(pairs):6,} {name}" for name, pairs in classes.items()))
    assert classes["missed"] == set()
    assert classes["invented"] == set()
    assert len(classes["agree"]) == len(known) == 188
    assert len(classes["to hosts that edges.tsv leaves out"]) > 1_000


def test_pages_that_link_are_counted_as_lxml_counts_them(crawled: Crawled) -> None:
    """On the corpus's own pages all counts are equal. The crawl finds more pages only where one
    file is served at several addresses: the tree has no queries, so `/?p=1` is answered as `/`."""
    known, found = edges(), all_pairs(crawled)
    more = 0
    for pair, edge in known.items():
        own = {path for path in found[pair] if (pair[0], path) in crawled.served}
        assert len(own) == edge.pages, pair
        more += len(found[pair]) > edge.pages
        for path in found[pair] - own:
            assert "?" in path or any(same_file(path, other) for other in own), (pair, path)
    print(f"\n{more} of {len(known)} pairs have more pages: files served at several addresses")


def same_file(path: str, other: str) -> bool:
    """Do both lead to one file of the tree?"""
    return _file(path) == _file(other)


def _file(path: str) -> str:
    return path.partition("?")[0].removesuffix("index.html").removesuffix(".html")


def test_external_links_are_counted_as_lxml_counts_them(crawled: Crawled) -> None:
    counts: Counter[Pair] = Counter()
    for page in crawled.pages:
        if (page.host, page.path) in crawled.served:
            links = page.external
            for target, kind, count in zip(links.target, links.kind, links.count, strict=True):
                if kind in ("a", "area", "img-link"):
                    counts[page.host, bare(canonical(target).host)] += count
    classes: dict[str, list[Pair]] = defaultdict(list)
    for pair, edge in edges().items():
        if counts[pair] == edge.links:
            classes["equal"].append(pair)
        elif same_domain(pair):
            classes["within a domain: internal links are a set, without counts"].append(pair)
        elif pair in IN_A_TEMPLATE:
            classes["in a <template>"].append(pair)
        else:
            classes["unexplained"].append(pair)
    print("\n" + "\n".join(f"{len(pairs):6,} {name}" for name, pairs in classes.items()))
    assert classes["unexplained"] == []
    assert set(classes["in a <template>"]) <= IN_A_TEMPLATE
