"""Referring domains, anchors, terms, pages and the overview: as plain Python counts the links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any, get_origin, get_type_hints

import msgspec
import pytest

import pipeline.index.overview as overview_module
from pipeline.index import outward, profile, prospects, questions
from pipeline.index import rows as kinds
from pipeline.index.answer import Answer
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.question import Question
from pipeline.index.questions import Index
from pipeline.store import Store
from tests.pipeline.index.small_web import Seen, SmallWeb, bare
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

# As a target is asked for, and what its links' pages begin with.
PARTS = {
    "domain": ("{t}", ""),
    "host": ("www.{t}", "www.{t}/"),
    "prefix": ("{t}/blog/*", "{t}/blog/"),
}


@pytest.fixture(scope="module")
def web(shared_store: Store) -> SmallWeb:
    return SmallWeb(shared_store, 68)  # it has domains of every state


@pytest.fixture(params=PARTS)
def part(request: pytest.FixtureRequest, web: SmallWeb) -> tuple[str, list[Seen]]:
    """A target, and the links to it."""
    asked, begins = (text.format(t=web.target) for text in PARTS[request.param])
    return asked, [link for link in web.links() if link.target_page.startswith(begins)]


def live(links: list[Seen]) -> list[Seen]:
    return [link for link in links if link.state == "live"]


def ms(at: Any) -> int:
    return 0 if at is None else int(at.timestamp() * 1000)


def most(links: list[Seen]) -> str:
    counts = Counter(link.anchor for link in live(links))
    return min(counts, key=lambda anchor: (-counts[anchor], anchor.encode())) if counts else ""


@pytest.mark.engine
def test_referring_domains(web: SmallWeb, part: tuple[str, list[Seen]]) -> None:
    asked, links = part
    wanted = []
    for domain in sorted({link.source_domain for link in links}, key=web.place):
        mine = [link for link in links if link.source_domain == domain]
        states = Counter(link.state for link in mine)
        gone = states["live"] + states["unverified"] == 0
        wanted.append(
            (
                domain, web.authorities[domain], web.risks[domain], states["live"], states["lost"],
                states["unverified"], sum(link.rel == 0 for link in live(mine)),
                len({link.source_page for link in live(mine)}),
                len({link.target_page for link in live(mine)}), most(mine),
                min(link.first_seen for link in mine), max(link.last_seen for link in mine),
                max(link.lost_by for link in mine) if gone else 0,
            )
        )  # fmt: skip
    found = [
        (*msgspec.structs.astuple(row)[:10], ms(row.first_seen), ms(row.last_seen), ms(row.lost_by))
        for row in Index(web.store).refs(asked, state="all", limit=1000)
    ]
    assert found == wanted


@pytest.mark.engine
def test_referring_domains_are_filtered(web: SmallWeb) -> None:
    index = Index(web.store)
    everything = index.refs(web.target, state="all", limit=1000).rows()
    mid = START + 2 * DAY
    cases: list[tuple[dict[str, Any], Callable[[kinds.ReferringDomain], bool]]] = [
        ({"state": "live"}, lambda row: row.live > 0),
        ({"state": "lost"}, lambda row: row.live == row.unverified == 0),
        ({"state": "unverified"}, lambda row: row.live == 0 < row.unverified),
        ({"rel": "followed"}, lambda row: row.followed > 0),
        ({"rel": "nofollow"}, lambda row: row.live > 0 == row.followed),
        ({"authority": 14, "state": "all"}, lambda row: (row.authority or 0) >= 14),
        ({"country": "de", "state": "all"}, lambda row: row.source_domain.endswith(".de")),
        ({"since": mid, "state": "all"}, lambda row: ms(row.first_seen) >= mid),
        ({"until": mid, "state": "all"}, lambda row: ms(row.first_seen) < mid),
    ]
    for options, keeps in cases:
        found = index.refs(web.target, limit=1000, **options).rows()
        live_only = options.get("state", "live") == "live"
        wanted = [r for r in everything if keeps(r) and (r.live > 0 or not live_only)]
        assert found == wanted, options


def form(anchor: str, brand: str) -> str:
    if not anchor.strip():
        return "empty"
    if re.fullmatch(r"\s*(https?://\S*|[\w.-]+\.[a-z]{2,})\s*", anchor):
        return "url"
    return "brand" if brand in re.sub(r"[\W_]", "", anchor.lower()) else "words"


@pytest.mark.engine
def test_anchors_and_their_terms(web: SmallWeb, part: tuple[str, list[Seen]]) -> None:
    asked, links = part
    brand = web.target.partition(".")[0]
    found = live(links)
    anchors = [
        (anchor, form(anchor, brand), *counted([x for x in found if x.anchor == anchor], found), 0)
        for anchor in {link.anchor for link in found}
    ]
    anchors.sort(key=lambda row: (-row[3], -row[2], row[0].encode()))
    rows = Index(web.store).anchors(asked, limit=1000).rows()
    assert [msgspec.structs.astuple(row) for row in rows] == anchors
    words = {link.anchor: set(re.findall(r"[^\W_]+", link.anchor.lower())) for link in found}
    terms = [
        (term, *counted([x for x in found if term in words[x.anchor]], found), 0)
        for term in {term for some in words.values() for term in some}
    ]
    terms.sort(key=lambda row: (-row[2], -row[1], row[0].encode()))
    told = Index(web.store).terms(asked, limit=1000).rows()
    assert [msgspec.structs.astuple(row) for row in told] == terms


FORMS = {
    "acme-mill shop": "brand", "ACME\u00a0MILL": "brand", "acme_mill": "brand",
    "the \u201cacme\u201d\u2013mill\u2122": "brand", "x\U0001f600acme\U0001f600mill": "brand",
    "a\u0301cmemill": "brand", "\u0430\u043a\u043c\u0435acmemill": "brand",
    "acm\u00e9emill": "words", "acme\u0416mill": "words", "acme": "words",
    "acme.mill/x y": "brand", "acme.mill/x": "url", "WWW.other.example": "url", " \t": "empty",
}  # fmt: skip


@pytest.mark.engine
def test_an_anchor_names_the_brand_whatever_stands_between_its_letters(
    shared_store: AnyStore,
) -> None:
    links = [Link("https://acme-mill.example/", anchor=text) for text in FORMS]
    pages = [page(f"https://f{n}.example/", TODAY, [link]) for n, link in enumerate(links)]
    write(shared_store, pages, TODAY * 2)
    told = Index(shared_store).anchors("acme-mill.example").rows()
    assert {row.anchor: row.form for row in told} == FORMS


def counted(some: list[Seen], all_links: list[Seen]) -> tuple[int, int, int, float]:
    """Links, referring domains, followed, share."""
    domains = {link.source_domain for link in some}
    followed = sum(link.rel == 0 for link in some)
    return len(some), len(domains), followed, len(some) / len(all_links)


@pytest.mark.engine
def test_pages_with_how_their_own_visits_went(web: SmallWeb, part: tuple[str, list[Seen]]) -> None:
    asked, links = part
    found = live(links)
    own = {
        web.targets[0]: ("ok", 200, "", START),
        web.targets[1]: ("gone", 404, "", START),
        web.targets[2]: ("redirect", 301, web.targets[0], START),
        web.targets[3]: ("timeout", None, "", START),
    }
    begins = "" if asked == web.target else asked.strip("*")
    pages = {link.target_page for link in found}
    pages |= {web.end(name) for name in pages if web.end(name).startswith(begins)}
    wanted = [
        (
            f"https://{name}",
            *counted([x for x in found if name in (x.target_page, web.end(x.target_page))], found)[
                :3
            ],
            *own.get(f"https://{name}", ("", None, "", 0)),
            sum(web.end(x.target_page) == name != x.target_page for x in found),
        )
        for name in pages
    ]
    wanted.sort(key=lambda row: (-row[2], -row[1], row[0]))
    told = Index(web.store).pages(asked, limit=1000).rows()
    assert [
        (*msgspec.structs.astuple(row)[:7], ms(row.last_visit), row.indirect) for row in told
    ] == wanted
    assert any(row[-1] for row in wanted) == (asked == web.target)
    assert len(wanted) > len(own) or asked != web.target, "some were never fetched"


@pytest.mark.engine
def test_a_domain_that_uses_many_texts_is_counted_by_its_links(shared_store: AnyStore) -> None:
    """Its row in the rollup holds but ten."""
    target, texts = "texts.example", [f"text {number}" for number in range(12)]
    web = SmallWeb(shared_store, 3, sources=2)
    links = [web.link(f"https://{target}/{n}", "a")._replace(anchor=t) for n, t in enumerate(texts)]
    write(shared_store, [page("https://many.example/", TODAY, links)], TODAY * 2)
    web.job.run()
    rows = Index(shared_store).anchors(target).rows()
    assert sorted(row.anchor for row in rows) == sorted(texts)
    assert {row.links for row in rows} == {1}


# --- the overview ---


@pytest.mark.engine
def test_the_overview_counts_the_same_from_the_links_and_from_the_rollup(
    web: SmallWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index(web.store)
    monkeypatch.setattr(overview_module, "NEW_MS", TODAY - START - 3 * DAY)
    few = index.overview(web.target)
    links = web.links()
    states = Counter(link.state for link in links)
    assert {name: few["counts"][name] for name in ("live", "lost", "unverified")} == states
    assert sum(dict(few["counts"]["reasons"]).values()) == states["lost"]
    recent = [link for link in live(links) if link.first_seen >= START + 3 * DAY]
    appeared = sum(link.not_before > 0 for link in recent)
    assert (few["counts"]["appeared"], few["counts"]["discovered"]) == (
        appeared, len(recent) - appeared,
    )  # fmt: skip
    monkeypatch.setattr(overview_module, "COUNTED", 1)
    many = index.overview(web.target)["counts"]
    assert [many.pop(name) for name in ("appeared", "discovered")] == [None] * 2
    many["positions"], few["counts"]["positions"] = (
        dict(found["positions"]) for found in (many, few["counts"])
    )
    del many["reasons"]
    assert many == {name: few["counts"][name] for name in many}


@pytest.mark.engine
def test_the_trend_tells_the_days_on_which_domains_came_and_went(
    web: SmallWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview_module, "NEW_MS", TODAY - START + DAY)
    index = Index(web.store)
    domains = index.refs(web.target, state="all", limit=1000).rows()
    new = Counter(row.first_seen.date() for row in domains if row.first_seen)
    lost = Counter(row.lost_by.date() for row in domains if row.lost_by)
    told = {row["day"]: (row["new"], row["lost"]) for row in index.overview(web.target)["trend"]}
    assert told == {day: (new[day], lost[day]) for day in new.keys() | lost.keys()}


def test_the_overview_of_a_part_counts_only_that(web: SmallWeb) -> None:
    target = f"www.{web.target}/blog/*"
    found = Index(web.store).overview(target)
    begins = f"www.{web.target}/blog/"
    mine = [link for link in web.links() if link.target_page.startswith(begins)]
    assert (found["mode"], found["domain"], found["target"]) == ("prefix", web.target, target)
    assert found["counts"]["live"] == len(live(mine))
    assert {bare(link["target_url"]) for link in found["strongest"]} <= {
        link.target_page for link in mine
    }


def test_nothing_known_of_a_target_is_no_error(shared_store: AnyStore) -> None:
    index = Index(shared_store)
    assert index.overview("unheard.example")["counts"]["live"] == 0
    for asked in (index.links, index.refs, index.anchors, index.terms, index.pages):
        assert asked("unheard.example").rows() == []


# --- typed rows ---


@pytest.mark.parametrize(
    ("name", "kind"),
    [("links", kinds.Backlink), ("refs", kinds.ReferringDomain), ("anchors", kinds.Anchor),
     ("terms", kinds.Term), ("pages", kinds.TargetPage)],
)  # fmt: skip
def test_rows_are_what_the_sql_tells(web: SmallWeb, name: str, kind: type[msgspec.Struct]) -> None:
    """Each column once, and of the type that is declared."""
    answer: Answer[Any] = getattr(Index(web.store), name)(web.target)
    table = answer.arrow()
    assert tuple(table.column_names) == kind.__struct_fields__
    hints = get_type_hints(kind)
    for row in answer:
        for field, value in zip(kind.__struct_fields__, msgspec.structs.astuple(row), strict=True):
            hint = hints[field]
            assert isinstance(value, list if get_origin(hint) is list else hint), field


@pytest.mark.engine
def test_an_answer_is_read_in_batches_and_may_be_left(web: SmallWeb) -> None:
    answer = Index(web.store).links(web.target, per="link", limit=1000)
    assert sum(batch.num_rows for batch in answer.batches()) == len(answer.rows())
    for row in answer:
        assert row.source_domain
        break
    assert answer.arrow().num_rows == len(answer.rows()), "the store is free again"


@pytest.mark.engine
def test_links_by_way_of_another_site_are_counted_apart(store: AnyStore) -> None:
    direct = "https://mine.example/"
    visits = [
        page("https://a.example/", START, [direct, "https://short.example/x"]),
        page("https://b.example/", START, ["https://short.example/x", "https://mine.example/old"]),
        page("https://short.example/x", START, [Link(direct, "redirect")], outcome="redirect",
             final_url=direct),
        page("https://mine.example/old", START, outcome="redirect", final_url=direct),
    ]  # fmt: skip
    write(store, visits, TODAY)
    Lifecycle(store, 0).run()
    counts = Index(store).overview("mine.example")["counts"]
    own = ("https://a.example/", "https://b.example/", "https://short.example/x")
    assert (counts["live"], counts["live_domains"]) == (len(own), 3)
    assert (counts["indirect"], counts["indirect_domains"]) == (2, 2)


ASKED: list[Callable[[str], Question]] = [
    questions.anchors, questions.terms, questions.pages, profile.networks, profile.places,
    profile.history, profile.change_counts, profile.changes, prospects.broken,
    prospects.broken_pages, outward.outlinks, outward.outlink_counts,
    lambda text: profile.history(text, links=True),
    lambda text: questions.refs(text, state="all"),
    lambda text: prospects.gap("mine.example", [text]),
    lambda text: outward.between(text, "s1-68.example"),
]  # fmt: skip


@pytest.mark.engine
def test_what_is_asked_answers_as_what_is_shown(web: SmallWeb) -> None:
    """Views are written out where a question is asked, and called where its SQL is shown."""
    answered = 0
    for ask in ASKED:
        question = ask(web.target)
        assert question.asked != question.sql
        shown = web.store.query(question.sql, question.parameters)
        assert web.store.query(question.asked, question.parameters).equals(shown), question.sql
        answered += shown.num_rows > 0
    assert answered > 10
