"""The rules for kinds of links, each by a link that it decides and one that it just doesn't."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.store import Store, rows
from pipeline.url import canonical
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

pytestmark = pytest.mark.engine
LONG = "words that nobody else has put around a link, at some length "


def kinds(store: Store, domain: str = "t.org") -> dict[str, tuple[str, str]]:
    """Kind and evidence by the page's host and path and the target's path."""
    asked = "SELECT * FROM link_kinds(domain = {domain:String})"
    return {
        f"{row['source_url'][8:]} > {row['target_url'][8:]}": (row["kind"], row["evidence"])
        for row in rows(store.query(asked, {"domain": domain}))
    }


def each(store: Store) -> dict[str, tuple[str, str]]:
    """Kind and evidence by the target's domain."""
    asked = (
        "SELECT * FROM link_kinds_among(domain = '', after = '', until = '', "
        "as_of = 18446744073709551615)"
    )
    return {
        row["target_domain"]: (row["kind"], row["evidence"]) for row in rows(store.query(asked))
    }


SAYS: list[tuple[Link, str, str]] = [
    (Link("https://a.org/"), "editorial", "in the text"),
    (Link("https://b.org/", rel=1), "editorial", "in the text"),
    (Link("https://c.org/", rel=4), "sponsored", "rel says sponsored"),
    (Link("https://d.org/", before="Read on. Anzeige:"), "sponsored", "says: anzeige"),
    (Link("https://e.org/", before="an Anzeige of old"), "editorial", "in the text"),
    (Link("https://f.org/", rel=2), "ugc", "rel says ugc"),
    (Link("https://g.org/", position="comment"), "ugc", "in a comment"),
    (Link("https://h.org/", anchor="Proudly powered by Teapot"), "widget", "powered by"),
    (Link("https://i.org/", before="Design by", position="footer"), "widget", "design by"),
    (Link("https://j.org/", before="a house designed by"), "editorial", "in the text"),
    (Link("https://k.org/", position="footer"), "sitewide", "in the footer"),
    (Link("https://l.org/", position="nav"), "navigation", "in the navigation"),
    (Link("https://m.org/", position="header"), "navigation", "in the header"),
    (Link("https://n.org/", position="aside"), "navigation", "in the sidebar"),
    (Link("https://o.org/", kind="redirect"), "", ""),
    (Link("https://p.org/", kind="iframe"), "", ""),
    (Link("https://www.facebook.com/sharer.php?u=x"), "widget", "a share button"),
    (Link("https://creativecommons.org/licenses/by/4.0/"), "widget", "a licence"),
    (Link("https://validator.w3.org/check?uri=referer"), "widget", "a validator"),
    (Link("https://twitter.com/bakers"), "editorial", "in the text"),
]


def test_a_link_is_of_a_kind_by_what_it_says_of_itself(store: AnyStore) -> None:
    write(store, [page("https://x.org/", START, [link for link, _, _ in SAYS])], TODAY)
    found = each(store)
    for link, kind, says in SAYS:
        told, evidence = found[canonical(link.target).domain]
        assert (told, says in evidence) == (kind, True), link
        assert bool(says) == bool(evidence)


def test_sitewide_is_on_half_of_a_hosts_pages_and_on_some(store: AnyStore) -> None:
    wanted = {(6, 3): "sitewide", (6, 2): "editorial", (4, 4): "editorial", (5, 5): "sitewide"}
    made = [
        page(
            f"https://s{of}{having}.org/{i}", START, [f"https://t{of}{having}.org/"] * (i < having)
        )
        for of, having in wanted
        for i in range(of)
    ]
    write(store, made, TODAY)
    found = each(store)
    assert {of: found[f"t{of[0]}{of[1]}.org"][0] for of in wanted} == wanted
    assert found["t63.org"][1] == "it stands on 3 of 6 pages of its host"


def test_links_to_many_pages_of_a_site_are_not_sitewide(store: AnyStore) -> None:
    made = [page(f"https://a.org/{i}", START, [f"https://t.org/{i}"]) for i in range(6)]
    write(store, made, TODAY)
    assert {kind for kind, _ in kinds(store).values()} == {"editorial"}


def test_pages_of_another_host_and_failures_do_not_thin_a_sitewide_link(store: AnyStore) -> None:
    made = [page(f"https://blog.a.org/{i}", START, ["https://t.org/"]) for i in range(5)]
    made += [page(f"https://www.a.org/{i}", START) for i in range(20)]
    made += [page(f"https://blog.a.org/gone{i}", START, outcome="gone") for i in range(20)]
    write(store, made, TODAY)
    assert {kind for kind, _ in kinds(store).values()} == {"sitewide"}


def test_the_second_page_with_a_text_is_a_copy(store: AnyStore) -> None:
    """Not the first, not another page of the first's site, and none with little text."""
    copied, little = f"{7:016x}", ""
    links = ["https://t.org/"]
    made = [
        page("https://a.org/1", START, links, text=copied),
        page("https://a.org/2", START + DAY, links, text=copied),
        page("https://b.org/", START + DAY, links, text=copied),
        page("https://c.org/", START, links, text=little),
        page("https://d.org/", START + DAY, links, text=little),
        page("https://e.org/", START + DAY, ["https://other.org/"], text=copied),
    ]
    write(store, made, TODAY)
    found = {page: kind for page, (kind, _) in kinds(store).items()}
    assert found.pop("b.org/ > t.org/") == "syndicated"
    assert set(found.values()) == {"editorial"}
    assert "one of a.org" in kinds(store)["b.org/ > t.org/"][1]
    assert each(store)["other.org"][0] == "editorial", "to that domain it is the first"


def test_the_same_words_around_a_link_on_another_site_are_a_copy(store: AnyStore) -> None:
    def visit(url: str, at: int, anchor: str, before: str) -> Any:
        return page(url, at, [Link("https://t.org/", anchor=anchor, before=before)])

    write(
        store,
        [
            visit("https://a.org/", START, "bread", LONG),
            visit("https://b.org/", START + DAY, "bread", LONG),
            visit("https://c.org/", START + DAY, "cake", LONG),
            visit("https://d.org/", START, "bread", "short"),
            visit("https://e.org/", START + DAY, "bread", "short"),
        ],
        TODAY,
    )
    found = {page[:1]: kind for page, (kind, _) in kinds(store).items()}
    assert found.pop("b") == "syndicated"
    assert set(found.values()) == {"editorial"}


DIRECTORIES = (
    ("a", 100, "x" * 99, "directory"),
    ("a", 99, "x" * 99, "editorial"),
    ("a", 100, "x" * 100, "editorial"),
    ("Links.html", 30, "x" * 199, "directory"),
    ("Links.html", 29, "", "editorial"),
    ("linking", 30, "", "editorial"),
)


def test_a_page_of_links_is_a_directory(store: AnyStore) -> None:
    made = []
    for number, (path, links, around, _) in enumerate(DIRECTORIES):
        others = [Link(f"https://o.org/{i}") for i in range(links - 1)]
        link = Link(f"https://t{number}.org/", after=around)
        made.append(page(f"https://a{number}.org/{path}", START, [*others, link]))
    write(store, made, TODAY)
    found = each(store)
    wanted = {f"t{number}.org": kind for number, (*_, kind) in enumerate(DIRECTORIES)}
    assert {name: found[name][0] for name in wanted} == wanted


def test_an_archives_wat_does_not_say_where_a_link_stands(store: AnyStore) -> None:
    found = page("https://a.org/", START, ["https://t.org/"], source="wat", complete=False)
    write(store, [found], TODAY)
    assert set(kinds(store).values()) == {("", "")}


def test_what_only_a_list_says_is_of_no_kind(store: AnyStore) -> None:
    listed = page("https://a.org/", START, ["https://t.org/"], source="list", complete=False)
    write(store, [listed], TODAY)
    assert kinds(store) == {}


def test_slices_of_targets_tell_what_each_of_them_does(store: AnyStore) -> None:
    targets = ["https://a.org/", "https://b.org/", "https://c.org/"]
    write(store, [page("https://x.org/", START, targets)], TODAY)

    def asked(after: str, until: str) -> list[str]:
        where = {"after": after, "until": until}
        found = store.query(
            "SELECT target_domain FROM link_kinds_among(domain = '', after = {after:String}, "
            "until = {until:String}, as_of = 18446744073709551615) ORDER BY target_domain",
            where,
        )
        return [row["target_domain"] for row in rows(found)]

    assert asked("", "") == ["a.org", "b.org", "c.org"]
    assert asked("a.org", "b.org") == ["b.org"]
    assert asked("b.org", "") == ["c.org"]
