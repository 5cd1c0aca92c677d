"""Backlinks by domain, page and link, under every filter and mode: as plain Python finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.index import profile
from pipeline.index.backlinks import PERS, Filters, Links, Per, country_named
from pipeline.index.questions import Index, refs
from pipeline.index.rows import Backlink
from pipeline.store import Store, rows
from tests.pipeline.index.small_web import Seen, SmallWeb, bare
from tests.support.records import DAY, START, TODAY, page, write
from tests.support.stores import AnyStore

Keeps = Callable[[Seen], bool]


@pytest.fixture(scope="module")
def web(shared_store: Store) -> SmallWeb:
    return SmallWeb(shared_store, 68)


def unit(per: str, link: Seen) -> tuple[str, ...]:
    whole = (link.source_domain, link.source_page, f"{link.target_page} {link.kind}")
    return whole[: PERS.index(per) + 1]


def expected(
    web: SmallWeb, per: str, keeps: Keeps, owns: Keeps = lambda link: True
) -> list[tuple[Any, ...]]:
    """Source, target, kind, state and how many others, in order. owns: who names the target."""
    folded: dict[tuple[str, ...], list[Seen]] = {}
    for link in filter(keeps, web.links()):
        folded.setdefault(unit(per, link), []).append(link)
    found = []
    for name in sorted(folded, key=lambda name: (web.place(name[0]), *name[1:])):
        best = min(
            folded[name], key=lambda link: (link.state != "live", not owns(link), link.order)
        )
        found.append((best.source_page, best.target_page, best.kind, best.state, len(folded[name])))
    return found


def told(answer: Any) -> list[tuple[Any, ...]]:
    return [
        (bare(row.source_url), bare(row.target_url), row.kind, row.state, row.similar + 1)
        for row in answer
    ]


def live(link: Seen) -> bool:
    return link.state == "live"


@pytest.mark.engine
@pytest.mark.parametrize("per", PERS)
@pytest.mark.parametrize("state", ["live", "lost", "unverified", "all"])
def test_links_of_each_state_folded_or_not(web: SmallWeb, per: str, state: str) -> None:
    found = told(Index(web.store).links(web.target, per=per, state=state, limit=1000))
    wanted = expected(web, per, lambda link: state in (link.state, "all"))
    assert wanted, "the web has some"
    assert found == wanted


def test_both_stores_answer_alike(web: SmallWeb) -> None:
    answer = Index(web.store).links(web.target, per="link", context=True, limit=1000)
    found = answer.rows()
    assert told(found) == expected(web, "link", live)
    by_key = {(link.source_page, link.target_page, link.kind): link for link in web.links()}
    for row in found:
        link = by_key[bare(row.source_url), bare(row.target_url), row.kind]
        assert row.anchor == link.anchor
        assert row.position == link.position
        rels = [name for bit, name in ((1, "nofollow"), (2, "ugc"), (4, "sponsored"))
                if link.rel & bit]  # fmt: skip
        assert row.rel == " ".join(rels)
        assert row.authority == web.authorities[row.source_domain]
        assert row.spam_risk == web.risks[row.source_domain]
        assert row.first_seen.timestamp() * 1000 == link.first_seen
        assert row.last_seen.timestamp() * 1000 == link.last_seen
        assert (row.not_before is None) == (link.not_before == 0)
        assert row.lost_by is None
        assert row.language == link.language
        assert row.text_before == link.before
        assert row.text_after == ""


def test_what_nobody_asked_for_is_not_looked_up(web: SmallWeb) -> None:
    (first, *_) = Index(web.store).links(web.target, limit=1)
    assert (first.language, first.text_before, first.text_after) == (None, None, None)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("mode", "text", "keeps"),
    [
        ("host", "www.{t}", lambda page, t: page.startswith(f"www.{t}/")),
        ("host", "{t}:8080", lambda page, t: page.startswith(f"{t}:8080/")),
        ("host", "{t}", lambda page, t: page.startswith(f"{t}/")),
        ("prefix", "{t}/blog/*", lambda page, t: page.startswith(f"{t}/blog/")),
        ("prefix", "{t}/blog/a*", lambda page, t: page.startswith(f"{t}/blog/a")),
        ("url", "{t}/blog/a_b", lambda page, t: page == f"{t}/blog/a_b"),
        ("url", "{t}/blog/a%25b", lambda page, t: page == f"{t}/blog/a%25b"),
        ("url", "https://{t}/p?q=1", lambda page, t: page == f"{t}/p?q=1"),
        ("url", "{t}/", lambda page, t: page == f"{t}/"),
        ("domain", "https://www.{t}/blog/", lambda page, t: True),
    ],
)
def test_each_mode_keeps_to_its_part(
    web: SmallWeb, mode: str, text: str, keeps: Callable[[str, str], bool]
) -> None:
    target = text.format(t=web.target)
    for per in ("domain", "link"):
        answer = Index(web.store).links(target, mode, per=per, limit=1000)  # type: ignore[arg-type]

        def owns(link: Seen) -> bool:
            return keeps(link.target_page, web.target)

        def arrives(link: Seen) -> bool:
            return owns(link) or keeps(web.end(link.target_page), web.target)

        wanted = expected(web, per, lambda link: live(link) and arrives(link), owns)
        assert told(answer) == wanted, (target, per)


@pytest.mark.engine
@pytest.mark.parametrize("per", PERS)
def test_where_a_link_ends_is_told_with_the_way(web: SmallWeb, per: Per) -> None:
    found = Index(web.store).links(web.target, per=per, limit=1000).rows()
    for row in found:
        named, end = bare(row.target_url), bare(row.end_url)
        assert end == web.end(named)
        assert bool(row.indirect) == (end != named)
        assert [bare(url) for url in row.via] == [named] * row.indirect
    assert {row.indirect for row in found} == {0, 1}


@pytest.mark.engine
@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_the_rollup_tells_the_best_links_as_the_links_do(
    web: SmallWeb, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for some in ({}, {"authority": 14}, {"country": "de"}, {"most_risk": 40.0}, {"context": True}):
        asked = Links(web.target, limit=limit, **some)
        assert asked.is_rolled
        found = asked.rows(web.store)
        looked = Links(web.target, limit=limit, **some)
        looked.is_rolled = False
        assert looked.rows(web.store) == found
        assert looked.next == asked.next
    assert not Links(web.target, rel="followed").is_rolled
    assert not Links(web.target, per="page").is_rolled
    assert not Links(web.target, state="lost").is_rolled
    assert not Links(f"{web.target}/", "url").is_rolled


@pytest.mark.embedded
def test_blocks_of_the_rollup_come_to_the_same(
    web: SmallWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Index(web.store).links(web.target, limit=1000).rows()
    monkeypatch.setattr("pipeline.index.backlinks._LIST", 3)
    assert Index(web.store).links(web.target, limit=1000).rows() == whole


_MID = START + 2 * DAY
FILTERS: list[tuple[dict[str, Any], Keeps]] = [
    ({"rel": "followed"}, lambda link: link.rel == 0),
    ({"rel": "nofollow"}, lambda link: bool(link.rel & 1)),
    ({"rel": "ugc"}, lambda link: bool(link.rel & 2)),
    ({"rel": "sponsored"}, lambda link: bool(link.rel & 4)),
    ({"kind": ["iframe", "canonical"]}, lambda link: link.kind in ("iframe", "canonical")),
    ({"position": ["footer"]}, lambda link: link.position == "footer"),
    ({"anchor": "CLICK h"}, lambda link: "click h" in link.anchor.lower()),
    ({"anchor": "MÜH"}, lambda link: "müh" in link.anchor.lower()),
    ({"language": "de"}, lambda link: link.language == "de"),
    ({"country": "DE"}, lambda link: link.source_domain.endswith(".de")),
    ({"country": "gb"}, lambda link: link.source_domain.endswith(".uk")),
    ({"since": _MID}, lambda link: link.first_seen >= _MID),
    ({"until": _MID}, lambda link: link.first_seen < _MID),
    ({"path": "/blog/"}, lambda link: link.target_page.partition("/")[2].startswith("blog/")),
    ({"rel": "followed", "position": ["main", "nav"], "since": _MID},
     lambda link: link.rel == 0 and link.position in ("main", "nav") and link.first_seen >= _MID),
]  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize(("filters", "keeps"), FILTERS, ids=[str(one) for one, _ in FILTERS])
def test_filters_keep_what_they_say(web: SmallWeb, filters: dict[str, Any], keeps: Keeps) -> None:
    for per in ("domain", "link"):
        wanted = expected(web, per, lambda link: live(link) and keeps(link))
        assert told(Index(web.store).links(web.target, per=per, limit=999, **filters)) == wanted
    wanted = expected(web, "domain", keeps)
    assert told(Index(web.store).links(web.target, state="all", limit=999, **filters)) == wanted
    assert wanted or filters["rel"] == "followed", "the web has some"


@pytest.mark.engine
def test_by_authority_those_that_are_not_known_are_left_out(web: SmallWeb) -> None:
    for least in (0, 14, 35):
        found = Index(web.store).links(web.target, authority=least, limit=1000).rows()
        known = {d for d, a in web.authorities.items() if a is not None and a >= least}
        linking = {link.source_domain for link in web.links() if live(link)}
        assert {row.source_domain for row in found} == known & linking


RISKS: list[tuple[float | None, float | None]] = [(30.0, None), (None, 37.5), (37.5, 60.0)]


@pytest.mark.engine
@pytest.mark.parametrize("since", [1 << 63, DAY, -(10**17)])
def test_a_time_that_ends_before_it_begins_is_refused(since: int) -> None:
    asks: list[Any] = [refs, profile.changes, profile.change_counts, profile.history]
    for ask in asks:
        with pytest.raises(UsageError, match="give an earlier --since or a later --until"):
            ask("a.example", since=since, until=since - 1)
        assert ask("a.example", since=since, until=since)


@pytest.mark.parametrize("unknown", [False, True])
def test_by_spam_risk_those_that_are_not_known_are_left_out_or_asked_for(
    web: SmallWeb, unknown: bool
) -> None:
    linking = {link.source_domain for link in web.links() if live(link)}
    index = Index(web.store)
    for least, most in RISKS:
        keeps = {
            domain
            for domain, risk in web.risks.items()
            if (unknown if risk is None else (least or 0) <= risk <= (most or 100))
        }
        assert keeps & linking, "the web has some"
        asked: dict[str, Any] = {"least_risk": least, "most_risk": most, "limit": 1000}
        asked["unknown_risk"] = unknown
        for per in PERS:
            found = index.links(web.target, per=per, **asked).rows()
            assert {row.source_domain for row in found} == keeps & linking
        for text in (web.target, f"{web.target}/*"):
            refs = index.refs(text, state="all", **asked).rows()
            assert {row.source_domain for row in refs} <= keeps
            assert all(row.spam_risk == web.risks[row.source_domain] for row in refs)
        rolled = index.refs(web.target, **asked).rows()
        assert {row.source_domain for row in rolled} == keeps & linking


def test_a_span_of_risk_that_none_can_be_in_is_refused() -> None:
    with pytest.raises(UsageError, match="no spam risk is at least 60 and at most 40; give"):
        Links("example.org", least_risk=60, most_risk=40)


@pytest.mark.engine
def test_a_link_is_told_once_the_job_has_looked(shared_store: AnyStore) -> None:
    """Referring domains are rolled up by the job: until then a new one is not told of."""
    write(shared_store, [page("https://late.example/", START, ["https://early.example/"])], TODAY)
    assert Index(shared_store).links("early.example").rows() == []


@pytest.mark.embedded
def test_blocks_of_referring_domains_come_to_the_same(
    web: SmallWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = told(Index(web.store).links(web.target, per="link", limit=1000))
    monkeypatch.setattr("pipeline.index.backlinks._FIRST", 1)
    monkeypatch.setattr("pipeline.index.backlinks._LIST", 3)
    monkeypatch.setattr("pipeline.index.backlinks._GROWTH", 2)
    assert told(Index(web.store).links(web.target, per="link", limit=1000)) == whole


@pytest.mark.embedded
def test_texts_around_links_are_asked_for_in_pieces(
    web: SmallWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Index(web.store).links(web.target, per="link", context=True, limit=1000).rows()
    monkeypatch.setattr("pipeline.index.backlinks._ASKED", 300)
    answer = Index(web.store).links(web.target, per="link", context=True, limit=1000)
    assert len(list(answer.batches())) > len(whole) / 10
    assert answer.rows() == whole


@pytest.mark.parametrize("country", ["d", "deu", "d1", "ü1", "zz"])
def test_a_country_that_is_none_is_refused(country: str) -> None:
    with pytest.raises(UsageError, match="two letters"):
        country_named(country)
    assert country_named("") == ""


def test_filters_and_rows_are_declared_once() -> None:
    assert set(Filters().parameters()) >= {"state", "rel", "country", "since", "until"}
    assert Backlink.__struct_fields__[-6:-3] == ("language", "text_before", "text_after")


@pytest.mark.engine
@pytest.mark.parametrize("per", PERS)
def test_what_is_shown_answers_the_same(web: SmallWeb, per: Per) -> None:
    question = Links(web.target, per=per, rel="followed", limit=4)
    ((text, parameters),) = question.statements()
    assert rows(web.store.query(text, parameters)) == question.rows(web.store)
