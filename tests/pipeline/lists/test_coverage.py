"""What the index knows of a list: by link, page and domain, by authority and age."""

from __future__ import annotations

from typing import get_args

import pyarrow as pa
import pytest

from pipeline.lists.coverage import Coverage, Known, age_of, band_of, known
from pipeline.page import OUTCOMES, Outcome
from tests.pipeline.lists.test_records import listed, made
from tests.support.records import DAY, START, TODAY, page, write
from tests.support.stores import AnyStore

NOW = START + 100 * DAY


def counted(found: list[Known]) -> dict[tuple[str, str, str], tuple[int, int]]:
    counts = Coverage(NOW)
    for one in found:
        counts.add(one)
    return {
        (row["of"], row["by"], row["band"]): (row["known"], row["listed"])
        for row in counts.table().to_pylist()
    }


def test_known_is_what_was_seen_here(store: AnyStore) -> None:
    links = sorted(
        [
            listed("a.example/seen"), listed("a.example/visited"), listed("b.example/"),
            listed("c.example/", target="https://mine.example/*"),
            listed("d.example/", target="https://mine.example/*", last_seen=START - 400 * DAY),
        ]
    )  # fmt: skip
    visits = [
        page("https://a.example/seen", START, ["http://mine.example/"]),
        page("https://a.example/visited", START, ["https://mine.example/else"]),
        page("https://c.example/", START, ["https://mine.example/deep"]),
        page("https://d.example/", START, outcome="gone"),
    ]
    write(store, [*visits, *(one for link in links for one in made([link]))], TODAY)
    store.insert("snapshots", pa.table({"snapshot": pa.array([1], pa.uint64())}))
    quality = {"snapshot": pa.array([1], pa.uint64()), "domain": ["a.example"], "authority": [45.0]}
    store.insert("domain_quality", pa.table(quality))
    found = counted(list(known(store, links)))
    assert found["links", "all", ""] == (2, 5)
    assert found["pages", "all", ""] == (4, 5)
    assert found["referring domains", "all", ""] == (2, 4)
    assert found["links", "authority", "40 to 60"] == (1, 2)
    assert found["referring domains", "authority", "unknown"] == (1, 3)
    assert found["links", "age", "90 days to a year"] == (2, 4)
    assert found["links", "age", "over a year"] == (0, 1)


def test_a_link_that_a_list_has_again_is_one() -> None:
    """With another scheme, time or text; another link may stand between."""
    targets = ["http://mine.example/", "http://mine.example/b", "https://mine.example/"]
    links = [listed("a.example/", target=target) for target in targets]
    links += [listed("a.example/", last_seen=START - DAY), listed("a.example/", anchor="else")]
    links += [listed("b.example/"), listed("b.example/", kind="img-link")]
    found = counted([Known(link, True, True, True, None) for link in sorted(links)])
    assert found["links", "all", ""] == (4, 4)
    assert found["pages", "all", ""] == (2, 2)


def test_a_page_is_known_once_it_answered(store: AnyStore) -> None:
    answers = ["ok", "not_modified", "redirect", "gone"]
    others = [outcome for outcome in OUTCOMES if outcome not in answers]
    visits = [
        page(f"https://a.example/{outcome}", START, outcome=outcome, complete=False)
        for outcome in get_args(Outcome)
    ]
    later = [page("https://a.example/later", START), *(
        page("https://a.example/later", START + DAY * day, outcome="error") for day in (1, 2)
    )]  # fmt: skip
    links = sorted(listed(f"a.example/{path}") for path in (*OUTCOMES, "later", "never"))
    write(store, [*visits, *later, *made([listed("a.example/never")])], TODAY)
    found = {one.link.path[1:]: one.is_visited for one in known(store, links)}
    assert found == {**dict.fromkeys((*answers, "later"), True),
                     **dict.fromkeys((*others, "never"), False)}  # fmt: skip


def test_pages_and_domains_count_once() -> None:
    twice = [Known(listed(), True, True, False, None)] * 2
    assert counted(twice)["links", "all", ""] == (1, 1)
    assert counted(twice)["pages", "all", ""] == (1, 1)
    assert counted(twice)["referring domains", "all", ""] == (0, 1)


@pytest.mark.parametrize(
    ("authority", "band"),
    [(None, "unknown"), (0.0, "under 20"), (20.0, "20 to 40"), (59.9, "40 to 60"),
     (100.0, "60 and more")],
)  # fmt: skip
def test_bands_of_authority(authority: float | None, band: str) -> None:
    assert band_of(authority) == band


def test_a_link_is_as_old_as_the_list_says_that_it_was_first_seen() -> None:
    young = listed(last_seen=NOW - 5 * DAY)
    assert age_of(young, NOW) == "under 30 days"
    assert age_of(young._replace(first_seen=NOW - 500 * DAY), NOW) == "over a year"
