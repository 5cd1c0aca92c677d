"""Links of lists on their way to the index: sorted, made records, in effect once."""

from __future__ import annotations

import errno
import itertools
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from pipeline.control import Controls
from pipeline.errors import BacklinksError, UsageError
from pipeline.lists import records as records_module
from pipeline.lists import sorting
from pipeline.lists.read import Listed
from pipeline.lists.records import Crawling, Put, put, records
from pipeline.lists.sorting import Sorted, batches
from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Page, decode
from pipeline.store import rows
from tests.pipeline.said import controls, said
from tests.support.records import DAY, START, TODAY, write
from tests.support.stores import AnyStore


def listed(
    page: str = "a.example/", target: str = "https://mine.example/", **more: object
) -> Listed:
    host, _, path = page.partition("/")
    one = Listed(
        domain=".".join(host.split(".")[-2:]), host=host, path=f"/{path}",
        target_domain="mine.example", target=target, kind="a", https=True, rel=0,
        last_seen=START, first_seen=0, anchor="Mine", before="", after="",
    )  # fmt: skip
    return one._replace(**more)  # type: ignore[arg-type]


def made(links: Iterable[Listed], *, crawls: bool = True) -> list[Page]:
    return list(records(links, crawls=crawls))


def test_a_link_was_there_when_it_was_first_seen_and_when_it_was_last() -> None:
    first, last = made([listed(first_seen=START - DAY, rel=5, kind="img-link")])
    assert (first.fetched_at, last.fetched_at) == (START - DAY, START)
    for one in (first, last):
        assert (one.source, one.outcome, one.complete) == ("list", "ok", False)
        assert (one.external.target, one.external.rel) == (["https://mine.example/"], [5])
        assert one.external.kind == ["img-link"]
    assert (first.internal.target, last.internal.target) == ([], ["https://a.example/"])
    assert all(not one.internal.target for one in made([listed()], crawls=False))


def test_links_of_one_time_are_one_record_and_of_another_list_another() -> None:
    two = [listed(target=f"https://mine.example/{n}") for n in range(2)]
    (together,) = made(two)
    assert len(together.external) == 2
    (alone,) = made(two[:1])
    assert together.part != alone.part
    assert together.fetched_at == alone.fetched_at
    assert min(together.part, alone.part) > 1, "part 1 tells how a page answered"
    assert made(reversed(two))[0].part == together.part


def test_many_links_of_a_page_are_records_of_a_bounded_size() -> None:
    many = [listed(target=f"https://mine.example/{n}") for n in range(250)]
    assert [len(one.external) for one in made(many)] == [100, 100, 50]


def test_a_page_of_millions_of_links_is_not_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "_PENDING", 10)
    taken = itertools.count()
    endless = (listed(target=f"https://mine.example/{next(taken)}") for _ in itertools.count())
    next(records(endless, crawls=True))
    assert next(taken) <= 10


def test_however_many_they_come_sorted_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    links = [listed(f"{name}.example/{n}") for name in "abc" for n in range(30)]
    for at_once, block in ((1000, 7), (90, 7), (91, 7), (20, 3), (1, 1)):
        monkeypatch.setattr(sorting, "_AT_ONCE", at_once)
        monkeypatch.setattr(sorting, "_BLOCK", block)
        shuffled = [*links, *links[:40]]
        random.Random(at_once).shuffle(shuffled)
        with Sorted(shuffled) as found:
            assert list(found) == sorted(links)
            assert list(found) == sorted(links), "as often as they are read"
    with Sorted([]) as found:
        assert list(found) == []
    monkeypatch.setattr(sorting, "_MOST_FILES", 3)
    with pytest.raises(UsageError, match="more than 3 links; give the lists one by one"):
        Sorted(links)
    assert [len(part) for part in batches(links, 40)] == [40, 40, 10]


def imported(
    links: Iterable[Listed], tmp_path: Path, heard: Controls | None = None, per_site: int = 500
) -> tuple[list[Page], Put]:
    log, done = SqliteLog(tmp_path / "log.sqlite"), Put()
    put(links, log, heard or Controls(), Crawling(per_site), done)
    found = [decode(record.value) for record in log.read_all(PAGES)]
    log.close()
    return found, done


def test_so_many_pages_of_a_site_become_known_to_the_crawl(tmp_path: Path) -> None:
    links = sorted(listed(f"{host}.a.example/{n}") for host in ("x", "y") for n in range(5))
    found, done = imported([*links, listed("b.example/")], tmp_path, per_site=3)
    assert (done.pages, done.records, done.to_crawl) == (11, 11, 4)
    assert sum(bool(one.internal.target) for one in found) == 4


def test_what_operators_suppress_is_not_imported(tmp_path: Path) -> None:
    links = [listed("a.example/"), listed("b.example/"), listed("c.example/")]
    links[2] = links[2]._replace(target_domain="gone.example", target="https://gone.example/")
    heard = controls(said(1, "suppress", "a.example"), said(2, "suppress", "gone.example"))
    found, done = imported(links, tmp_path, heard, per_site=0)
    assert [one.host for one in found] == ["b.example"]
    assert (done.records, done.barred) == (1, 2)


def test_lists_of_one_page_and_day_stand_beside_each_other_and_twice_is_once(
    store: AnyStore,
) -> None:
    mine, theirs = (
        listed(),
        listed(target="https://theirs.example/", target_domain="theirs.example"),
    )
    for links in ([mine], [theirs], [mine]):
        write(store, made(links), TODAY)
    found = rows(
        store.query("SELECT target_domain, state, reason, source FROM link_states ORDER BY 1")
    )
    assert [(row["target_domain"], row["state"], row["reason"]) for row in found] == [
        ("mine.example", "unverified", "list"), ("theirs.example", "unverified", "list"),
    ]  # fmt: skip
    kept = rows(store.query("SELECT arrayJoin(targets) AS target FROM page_links FINAL ORDER BY 1"))
    assert [row["target"] for row in kept] == ["https://mine.example/", "https://theirs.example/"]
    assert rows(store.query("SELECT count() AS n FROM pages"))[0]["n"] == 0, "no page was visited"


def test_no_room_to_sort_in_names_the_directory_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pipeline.lists.sorting._AT_ONCE", 1)
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    links = [listed("a.example/1"), listed("a.example/2")]
    with pytest.raises(BacklinksError, match=r"No space left on device.*TMPDIR"):
        Sorted(links)
