"""The made web against readings of it that know nothing of how it was made."""

from __future__ import annotations

import ssl
from collections import Counter, deque
from collections.abc import Iterator
from functools import cache
from http.client import HTTPConnection, HTTPSConnection
from typing import NamedTuple

import pytest
from lxml import html as lxml_html
from protego import Protego

from demo.changes import APPEARED, DISCOVERED, REMOVED
from demo.serve import ADDRESS, Answer, Asked, LoopbackWeb
from demo.sites import CLOSED, FARM, PARKED, SLOW, TRAP
from demo.web import CALENDAR, DemoWeb, Link, Phase
from pipeline.page import NOFOLLOW, SPONSORED, UGC
from pipeline.url import Url, canonical
from spiders.extract import Extracted, extract

PHASES: tuple[Phase, ...] = (1, 2)
MONTHS = 3  # of the endless calendar, then the walk turns back
KINDS = {"canonical": "canonical", "alternate": "alternate"}


@cache
def web(seed: int = 7) -> DemoWeb:
    return DemoWeb(seed)


class Walk(NamedTuple):
    links: dict[Link, str]  # to the rel as it is written
    answers: dict[Url, Answer]
    fetches: int


class Read(NamedTuple):
    url: Url
    kind: str
    rel: str


def get(phase: Phase, url: Url, seed: int = 7) -> Answer:
    return web(seed).respond(Asked(url.scheme, url.host, url.path, {}), phase)


def read(page: Url, answer: Answer) -> Iterator[Read]:
    """All links in a page's HTML by lxml (a parser and rules of its own), not only the external."""
    header = dict(answer.headers)["Content-Type"]
    encoding = "utf-8" if "utf-8" in header else "windows-1252"
    root = lxml_html.document_fromstring(
        answer.body, parser=lxml_html.HTMLParser(encoding=encoding)
    )
    bases = root.xpath("//base/@href")
    base = canonical(bases[0], page.url).url if bases else page.url
    for element in root.iter("a", "area", "iframe", "form", "link", "meta"):
        kind, href = kind_and_href(element)
        if href is not None and kind and not href.startswith("mailto:"):
            yield Read(canonical(href, base), kind, element.get("rel") or "")


def kind_and_href(element: lxml_html.HtmlElement) -> tuple[str, str | None]:
    tag = element.tag
    if tag == "meta":
        refresh = (element.get("http-equiv") or "") == "refresh"
        return "redirect", element.get("content").partition("url=")[2] if refresh else None
    if tag == "link":
        return KINDS.get(element.get("rel"), ""), element.get("href")
    if tag in ("iframe", "form"):
        return tag, element.get("src") if tag == "iframe" else element.get("action")
    image = not element.text_content().strip() and element.find(".//img") is not None
    return "img-link" if image else tag, element.get("href")


def walk(
    phase: Phase, known: tuple[Url, ...] = (), *, seed: int = 7, all_kinds: bool = True
) -> Walk:
    """Fetch what can be reached from the seeds as robots.txt allows.

    all_kinds: follow every link, nofollow and forms too; else only plain followed ones.
    """
    links: dict[Link, str] = {}
    answers: dict[Url, Answer] = {}
    robots: dict[tuple[str, str], Protego] = {}
    waiting = deque([*(canonical(url) for url in web(seed).seeds), *known])
    while waiting:
        url = waiting.popleft()
        month = CALENDAR.match(url.path)
        if url in answers or (month and abs(int(month[1])) > MONTHS):
            continue
        if not allowed(phase, url, robots, seed):
            continue
        answer = answers[url] = get(phase, url, seed)
        for found in followed(url, answer):
            if all_kinds or (found.kind in ("a", "area", "redirect") and not found.rel):
                waiting.append(found.url)
            if found.url.domain != url.domain:
                links[Link(url.host, url.path, found.url.url, found.kind)] = found.rel  # type: ignore[arg-type]
    return Walk(links, answers, len(answers) + len(robots))


def followed(url: Url, answer: Answer) -> list[Read]:
    location = dict(answer.headers).get("Location")
    if location is not None:
        return [Read(canonical(location, url.url), "redirect", "")]
    if answer.status != 200 or "text/html" not in dict(answer.headers)["Content-Type"]:
        return []
    return list(read(url, answer))


def allowed(phase: Phase, url: Url, robots: dict[tuple[str, str], Protego], seed: int) -> bool:
    origin = (url.scheme, url.host)
    if origin not in robots:
        answer = get(phase, canonical("/robots.txt", url.url), seed)
        if answer.status == 301:
            answer = get(phase, canonical(dict(answer.headers)["Location"]), seed)
        text = answer.body.decode() if answer.status == 200 else ""
        robots[origin] = Protego.parse(text)
    return bool(robots[origin].can_fetch(url.url, "backlinks"))


@cache
def walked(phase: Phase, seed: int = 7) -> Walk:
    """Phase 2 goes on from the pages that phase 1 knew, as a crawler does."""
    return walk(phase, tuple(walked(1, seed).answers) if phase == 2 else (), seed=seed)


def extracted(url: Url, answer: Answer) -> Extracted:
    headers = {name.lower(): value for name, value in answer.headers}
    return extract(url, answer.body, headers)


def pages(phase: Phase) -> list[tuple[Url, Answer]]:
    """What answers 200 with HTML."""
    return [(url, answer) for url, answer in walked(phase).answers.items() if answer.status == 200]


def is_content(phase: Phase, url: Url) -> bool:
    return url.page not in web().truth(phase).shielded and not (phase == 2 and url.host == PARKED)


def test_the_same_seed_makes_the_same_web_and_another_a_different_one() -> None:
    one, again, other = DemoWeb(7), DemoWeb(7), DemoWeb(8)
    differs = 0
    for phase in PHASES:
        for url in walked(phase).answers:
            asked = Asked(url.scheme, url.host, url.path, {})
            assert one.respond(asked, phase) == again.respond(asked, phase)
            differs += one.respond(asked, phase) != other.respond(asked, phase)
        assert one.truth(phase) == again.truth(phase)
    assert differs > 500


def test_the_web_is_as_large_as_a_demo_can_bear() -> None:
    truth = web().truth(1)
    assert len(web().hosts) == 75
    assert len(truth.farm) == 15
    assert 400 <= len(truth.pages) <= 500
    assert 500 <= walked(1).fetches <= 700
    assert 500 <= walked(2).fetches <= 700
    assert Counter(truth.topics.values()).keys() == {
        "baking", "cycling", "astronomy", "gardening", "music",
    }  # fmt: skip
    assert len(truth.topics.keys() & truth.honest) >= 40
    assert set(web().trusted) <= truth.honest
    languages = {extracted(url, answer).language for url, answer in pages(1)}
    assert {"en", "de", "fr", "es", "ja"} <= languages
    kinds = {link.kind for link in truth.links}
    assert kinds == {
        "a", "area", "img-link", "iframe", "form", "canonical", "alternate", "redirect",
    }  # fmt: skip
    hosts = {host for host, _ in truth.pages}
    assert all(host in hosts or host == CLOSED for host in web().hosts)


@pytest.mark.parametrize("seed", [7, 1, 2, 3])
@pytest.mark.parametrize("phase", PHASES)
def test_the_truth_is_what_lxml_reads_on_every_page(phase: Phase, seed: int) -> None:
    """No class of difference is left: both hold the same links, missing none and inventing none."""
    truth, found = web(seed).truth(phase), walked(phase, seed)
    assert found.links.keys() - truth.links == set()
    assert truth.links - found.links.keys() == set()
    # What is fetched and no page of the truth: the calendar, a parked page's own links, and the
    # http form of https pages, which has the same (host, path).
    more = {url.page for url in found.answers} - truth.pages
    assert {page for page in more if page[0] not in (TRAP, PARKED)} == set()
    assert truth.pages <= {url.page for url in found.answers}


@pytest.mark.parametrize("phase", PHASES)
def test_rel_and_place_of_every_link_are_as_planted(phase: Phase) -> None:
    truth = web().truth(phase)
    flags = {"nofollow": NOFOLLOW, "ugc": UGC, "sponsored": SPONSORED}
    for link, rel in walked(phase).links.items():
        if link.kind in ("a", "area", "img-link"):
            assert truth.placed[link].rel == sum(flags[name] for name in rel.split()), link
    for url, answer in pages(phase):
        external = extracted(url, answer).external
        for column in zip(
            external.target, external.kind, external.rel, external.position, strict=True
        ):
            target, kind, mask, position = column
            placed = truth.placed[Link(url.host, url.path, target, kind)]
            expected = placed.position if kind in ("a", "area", "img-link", "iframe") else position
            assert (mask, position) == (placed.rel, expected), (url.url, target)


@pytest.mark.parametrize("phase", PHASES)
def test_extraction_finds_exactly_the_planted_links(phase: Phase) -> None:
    truth = web().truth(phase)
    planted: dict[tuple[str, str], set[Link]] = {}
    for link in truth.links:
        planted.setdefault((link.host, link.path), set()).add(link)
    for url, answer in pages(phase):
        external = extracted(url, answer).external
        links = {
            Link(url.host, url.path, target, kind)
            for target, kind in zip(external.target, external.kind, strict=True)
        }
        assert links == planted.get(url.page, set()), url.url


@pytest.mark.parametrize("phase", PHASES)
def test_only_shielded_pages_are_incomplete(phase: Phase) -> None:
    reasons: Counter[str] = Counter()
    for url, answer in pages(phase):
        found = extracted(url, answer)
        reason = found.incomplete
        if reason == "refresh":  # a page that only leads elsewhere has no content to be whole
            assert "redirect" in found.external.kind
            continue
        assert bool(reason) != is_content(phase, url), (url.url, reason)
        if reason and url.page in web().truth(phase).shielded:
            assert reason == web().truth(phase).shielded[url.page]
            reasons[reason] += 1
    assert reasons == ({} if phase == 1 else {"challenge": 3, "soft_404": 1, "parked": 6})


def test_following_only_followed_links_reaches_the_same_pages() -> None:
    """So that a crawler's own choice of what to follow can't change what it should find."""
    everything = {url.page for url in walked(1).answers}
    plain = {url.page for url in walk(1, all_kinds=False).answers}
    assert everything == plain


@pytest.mark.parametrize("phase", PHASES)
def test_no_forbidden_page_is_come_by(phase: Phase) -> None:
    truth = web().truth(phase)
    fetched = {url.page for url in walked(phase).answers}
    assert truth.forbidden & fetched == set()
    assert truth.forbidden & truth.pages == set()
    linked = {found.url.page for url, answer in pages(phase) for found in read(url, answer)}
    assert len(truth.forbidden & linked) >= 3  # they are offered, or nobody would be tempted
    for host, path in truth.forbidden:
        assert web().forbids(host, path)
        page = get(phase, canonical(f"https://{host}{path}"))
        assert page.status == 200
        secret = extracted(canonical(f"https://{host}{path}"), page).external
        assert len(secret) == 1
    assert web().forbids(CLOSED, "/anything")
    assert not web().forbids(CLOSED, "/robots.txt")
    assert not web().forbids("seedledger.example", "/private/visitors.html")


def test_the_trap_is_endless_and_holds_no_external_link() -> None:
    for month in (0, 1, 12345, -7):
        url = canonical(f"https://{TRAP}/calendar?month={month}")
        found = list(read(url, get(1, url)))
        assert {month - 1, month + 1} <= {
            int(match[1]) for each in found if (match := CALENDAR.match(each.url.path))
        }
        assert all(each.url.domain == TRAP for each in found)


def test_lost_links_are_lost_as_planned() -> None:
    plan, truth, before = web().plan, web().truth(2), web().truth(1)
    reasons = Counter(truth.lost.values())
    assert reasons["removed"] == len(plan.removed) == REMOVED >= 12
    assert reasons["moved"] == len(plan.moved) == 1
    assert min(reasons[reason] for reason in ("gone", "redirected", "noindex")) >= 1
    assert Counter(plan.reasons.values()) == {"gone": 3, "redirected": 1, "noindex": 2}
    for (host, path), plant in plan.removed:
        lost = [link for link in truth.lost if (link.host, link.path) == (host, path)]
        target = canonical(plant.href, get_url(host, path).url)
        assert [link.target for link in lost] == [target.url]
    assert truth.lost.keys() <= before.links
    assert truth.lost.keys() & truth.live == set()
    assert (
        before.links - truth.links
        == {link for link, reason in truth.lost.items() if reason != "noindex"} | truth.unharmed
    )


def get_url(host: str, path: str) -> Url:
    return next(url for url in walked(1).answers if url.page == (host, path))


def test_no_lost_link_is_still_set_by_another_page_of_its_domain_unless_it_moved() -> None:
    truth = web().truth(2)
    still = {(canonical(f"https://{link.host}/").domain, link.target) for link in truth.live}
    for link, reason in truth.lost.items():
        source = canonical(f"https://{link.host}/").domain
        assert ((source, link.target) in still) == (reason == "moved"), link


def test_new_links_are_told_apart_from_new_pages() -> None:
    plan, truth, before = web().plan, web().truth(2), web().truth(1)
    assert truth.links - before.links == truth.appeared | truth.discovered
    assert truth.appeared & truth.discovered == set()
    assert len(plan.appeared) == APPEARED >= 8
    # beside those: the link that moved has come somewhere, and the redirect leads somewhere
    assert len(truth.appeared) == APPEARED + 2
    assert len({(link.host, link.path) for link in truth.discovered}) == DISCOVERED == 2
    assert {(link.host, link.path) for link in truth.appeared} <= before.pages
    assert not {(link.host, link.path) for link in truth.discovered} & before.pages


def test_one_link_only_became_nofollow_and_lives() -> None:
    before, after = web().truth(1), web().truth(2)
    changed = [
        link
        for link in before.links & after.links
        if before.placed[link].rel != after.placed[link].rel
    ]
    assert len(changed) == 1
    assert (before.placed[changed[0]].rel, after.placed[changed[0]].rel) == (0, NOFOLLOW)
    assert changed[0] in after.live


def test_links_on_shielded_pages_are_unharmed() -> None:
    truth = web().truth(2)
    reasons = Counter(truth.shielded.values())
    assert reasons == {"challenge": 3, "soft_404": 1, "error": 1, "parked": 6}
    assert truth.unharmed <= truth.live
    by_reason = {truth.shielded[link.host, link.path] for link in truth.unharmed}
    assert by_reason == set(reasons)


def test_pages_that_did_not_change_are_the_same_bytes() -> None:
    plan, truth = web().plan, web().truth(2)
    changed = {key for key, _ in (*plan.removed, *plan.appeared, *plan.nofollowed)}
    changed |= {key for source, _, to in plan.moved for key in (source, to)}
    changed |= plan.reasons.keys() | truth.shielded.keys()
    changed |= {(host, "/") for host, _ in plan.discovered}
    for url, answer in walked(1).answers.items():
        now = get(2, url)
        location = dict(now.headers).get("Location", "")
        if url.page in changed and not (location and url.scheme == "http"):
            assert now != answer, url.url
        else:
            assert now == answer, url.url
        assert not {"ETag", "Last-Modified"} & dict(answer.headers).keys()


def test_the_farm_is_dense_and_two_honest_pages_lead_into_it() -> None:
    truth = web().truth(1)
    edges = {
        (canonical(f"https://{link.host}/").domain, canonical(link.target).domain)
        for link in truth.links
    }
    for one in FARM:
        assert (one, truth.money) in edges
        assert all((one, other) in edges for other in FARM if other != one)
    into = [
        link
        for link in truth.links
        if canonical(link.target).domain in FARM
        and canonical(f"https://{link.host}/").domain not in FARM
    ]
    assert sorted(truth.placed[link].rel for link in into) == [0, NOFOLLOW | UGC]
    assert {canonical(f"https://{link.host}/").domain for link in into} <= truth.honest


def test_bought_links_stand_in_the_footer_of_every_page() -> None:
    truth = web().truth(1)
    for target, sources in truth.bought.items():
        assert len(sources) == 3
        links = [link for link in truth.links if canonical(link.target).domain == target]
        assert {link.host for link in links} == sources
        assert {(link.host, link.path) for link in links} == {
            page for page in truth.pages if page[0] in sources
        }
        assert {truth.placed[link].position for link in links} == {"footer"}
        assert {truth.placed[link].rel for link in links} == {0, SPONSORED}


def test_messy_spellings_are_planted_and_are_one_page() -> None:
    raw = b"".join(answer.body for _, answer in pages(1))
    for spelling in (
        "utm_source=", "PHPSESSID=", "#comments", ":443/", ":80/", "HTTPS://", "/./x/..",
        '"//webatlas', '"../', "Bäckerweg.Example",
    ):  # fmt: skip
        assert spelling.encode() in raw, spelling
    for link in web().truth(1).links:
        assert canonical(link.target).url == link.target


def test_robots_and_the_small_files_answer() -> None:
    def status(path: str, host: str) -> int:
        return get(1, canonical(f"https://{host}{path}")).status

    assert {status("/robots.txt", host) for host in web().hosts} == {200, 404}
    assert b"Crawl-delay: 0.4" in get(1, canonical(f"https://{SLOW}/robots.txt")).body
    assert status("/favicon.ico", SLOW) == 404
    assert status("/style.css", SLOW) == 200
    assert status("/", "nobody.example") == 404
    asked = Asked("http", "bakersguild.example", "/robots.txt", {})
    assert web().respond(asked, 1).headers[0] == (
        "Location",
        "https://bakersguild.example/robots.txt",
    )


@pytest.mark.parametrize("phase", PHASES)
def test_what_is_served_is_what_was_made(phase: Phase) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with LoopbackWeb(lambda asked: web().respond(asked, phase)) as served:
        clear = HTTPConnection(ADDRESS, served.http_port, timeout=10)
        secret = HTTPSConnection(ADDRESS, served.https_port, timeout=10, context=context)
        for url in list(walked(phase).answers)[::5]:
            connection = clear if url.scheme == "http" else secret
            connection.request("GET", url.path, headers={"Host": url.host})
            response = connection.getresponse()
            expected = get(phase, url)
            assert (response.status, response.read()) == (expected.status, expected.body)
            assert set(expected.headers) <= set(response.getheaders())
        clear.close()
        secret.close()


@pytest.mark.parametrize(
    "path", ["/%", "//", "/\u00e9", "/?", "/" + "x" * 5000, "/calendar?month=x"]
)
@pytest.mark.parametrize("phase", PHASES)
def test_odd_paths_are_answered(phase: Phase, path: str) -> None:
    for host in (TRAP, PARKED, "", "..", "no such host"):
        assert web().respond(Asked("https", host, path, {}), phase).status in (200, 404)
