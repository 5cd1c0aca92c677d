"""The link index: how fast it loads, merges and answers, how large it is, and what its jobs take.

`run` takes five million links; `make bench-large` takes a hundred million.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from tests.benchmarks.__main__ import line, machine
from tests.benchmarks.index_asked import AT_ONCE, ask_all, at_once, cpu_s
from tests.benchmarks.measure import Row, row
from tests.support.dice import Ints
from tests.support.linkstore import LinkStore, Spent, with_about
from tests.support.linkvisits import once_more
from tests.support.linkweb import LIVE, LinkWeb

LINKS = 5_000_000
LARGE = 50_000_000
SEED = 1
JOBS_S, LATER_S = 30.0, 300.0  # between two runs of the lifecycle job; of a large import
BOTH = ("links", "page_links")  # the two orders
BESIDE = ("link_context", "referrers", "link_uses", "pages", "whereabouts")
AGAIN = (5_000, 500_000)  # pages that are visited once more
_SIZES = """SELECT table, count() AS parts, sum(rows) AS rows, sum(bytes_on_disk) AS bytes
FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table"""


class Bench:
    """Each step in turn over one store; `tell` hears of each row as it is measured."""

    def __init__(
        self,
        store: ChdbStore,
        web: LinkWeb,
        tell: Callable[[Row], None] = lambda row: None,
        *,
        domains: int = 8,
        askers: int = AT_ONCE,
    ) -> None:
        """domains: with 1,000 backlinks, that are asked for. askers: at once."""
        self.store, self.web, self.tell = store, web, tell
        self.domains, self.askers = domains, askers
        self.found: list[Row] = []
        every_s = JOBS_S if web.links_wanted < LARGE else LATER_S
        self.index = LinkStore(store, web, every_s=every_s)
        self.truth: Ints = np.zeros((0, 3), np.int64)

    def run(self, *, is_loaded: bool = False, loaded: Callable[[], object] = lambda: None) -> None:
        """`loaded` is called once all of it is in."""
        if not is_loaded:
            self.load()
            self.index.score()
            loaded()
        self.truth = self.index.truth()
        self.store.execute("SYSTEM STOP MERGES")
        self.sizes("unmerged")
        self.ask("unmerged")
        self.lifecycle()
        self.at_once()
        self.store.execute("SYSTEM START MERGES")
        self.merge()
        self.sizes("merged")
        self.ask("merged")

    def load(self) -> None:
        spent = self.step("loading", lambda: self.index.load(_progress(self.web.pages)))
        inserted = sum(spent.inserts)
        told = f"{spent.links:,} in {len(spent.inserts):,} inserts of 4,000 pages"
        self.add("load", spent.links / inserted, "links/s", told)
        share = inserted / (inserted + sum(spent.jobs))
        told = f"{len(spent.jobs)} runs, the longest {max(spent.jobs):.1f} s"
        told += f"; of {sum(spent.jobs):.0f} s the roll-up took {spent.rolled:.0f}"
        self.add("load, the jobs beside", spent.links / inserted * share, "links/s", told)

    def sizes(self, how: str) -> None:
        """Bytes of a link: of the two orders, and of what stands beside them."""
        links = int(self.truth.sum())
        tables = {r["table"]: r for r in rows(self.store.query(_SIZES))}
        none = {"bytes": 0}  # as link_uses has where no target is large
        each = {name: tables.get(name, none)["bytes"] / links for name in (*BOTH, *BESIDE)}
        told = ", ".join(f"{name} {each[name]:.1f} in {tables[name]['parts']}" for name in BOTH)
        self.add(f"both orders, {how}", sum(each[name] for name in BOTH), "bytes a link",
                 f"{told} parts; {links:,} links")  # fmt: skip
        self.add(f"beside them, {how}", sum(each[name] for name in BESIDE), "bytes a link",
                 ", ".join(f"{name} {each[name]:.1f}" for name in BESIDE))  # fmt: skip

    def ask(self, how: str) -> None:
        names = self.web.names
        for of, domains, turns in (
            ("1,000 backlinks", with_about(self.truth, 1_000, self.domains), 2),
            (f"{self.truth[:, LIVE].max():,} backlinks", [int(self.truth[:, LIVE].argmax())], 5),
        ):
            asked = [names[domain].as_py() for domain in domains]
            found = self.step(
                f"asking, {how}, {of}",
                partial(ask_all, self.store, asked, of, how, turns=turns),
            )
            for one in found:
                self._keep(one)

    def lifecycle(self) -> None:
        for pages in AGAIN:
            some = min(pages, self.web.pages // 5)
            self.index.visit_again(some)
            job, before = Spent(), cpu_s()
            self.step(
                f"the jobs after {some:,} pages", partial(self.index.run_job, job, at_once=True)
            )
            self.add(f"the jobs after {some:,} recrawled pages", sum(job.jobs), "s",
                     f"of it the roll-up of referring domains {job.rolled:.1f}, "
                     f"{cpu_s() - before:.1f} s of CPU")  # fmt: skip

    def at_once(self) -> None:
        asked = with_about(self.truth, 1_000, self.domains)
        names = [self.web.names[domain].as_py() for domain in asked]
        again = once_more(self.web, 0, 4_000, _now_ms())
        insert = partial(self.store.insert, "page_records", again)
        found = self.step(
            "asking at once", partial(at_once, self.store, names, insert, askers=self.askers)
        )
        for one in found:
            self._keep(one)

    def merge(self) -> None:
        """All parts of each table to one."""
        for table in (*BOTH, *BESIDE):
            started = time.perf_counter()
            self.step(
                f"merging {table}",
                partial(self.store.execute, f"OPTIMIZE TABLE {table} FINAL"),
            )
            self.add(f"merging all of {table}", time.perf_counter() - started, "s")

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Does it, and tells the memory that the process had at most meanwhile."""
        _forget_peak()
        found = work()
        self.add(f"peak memory, {name}", _peak_mb(), "MB", "whole process")
        return found

    def add(self, name: str, value: float, unit: str, note: str = "") -> None:
        self._keep(row(f"index: {name}", value, unit, note))

    def _keep(self, one: Row) -> None:
        self.found.append(one)
        self.tell(one)


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        return measured(Path(directory), LINKS)


def measured(
    directory: Path, links: int, tell: Callable[[Row], None] = lambda row: None
) -> list[Row]:
    """All steps over a store in `directory`; where it was loaded before, as it is."""
    book = directory / "loaded.json"
    is_loaded = book.exists()
    links, now_ms = json.loads(book.read_text()) if is_loaded else (links, _now_ms())
    store = ChdbStore(directory)
    migrate(store)
    bench = Bench(store, LinkWeb(links, SEED, now_ms), tell)
    bench.run(is_loaded=is_loaded, loaded=lambda: book.write_text(json.dumps([links, now_ms])))
    store.close()
    return bench.found


def _now_ms() -> int:
    return int(time.time() * 1000)


def _forget_peak() -> None:
    """The next peak is of what comes now; where the kernel can't, of all before too."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _progress(pages: int) -> Callable[[int], None]:
    started = time.monotonic()

    def told(done: int) -> None:
        if done % 100 == 0:
            print(f"{done:,} inserts, {time.monotonic() - started:.0f} s", file=sys.stderr)

    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", type=int, default=LINKS)
    parser.add_argument("--directory", type=Path, required=True, help="stays, to be looked into")
    options = parser.parse_args()
    print(machine() + "\n\n| what | figure | | note |\n|---|---:|---|---|")
    measured(options.directory, options.links, lambda row: print(line(row), flush=True))


if __name__ == "__main__":
    main()
