"""The generated web is the same every time, and as uneven as the real one."""

from __future__ import annotations

import http.client
from itertools import pairwise

import pytest
from protego import Protego

from pipeline.page import link_digest
from pipeline.url import canonical
from spiders.extract import extract
from tests.support.bigweb import (
    CRAWL_DELAYS_S,
    EXTERNAL,
    INTERNAL,
    KEPT,
    KINDS,
    PERIODS_S,
    BigWeb,
    served,
)

WEB = BigWeb(100_000, 3)


def test_a_page_follows_from_seed_host_and_path_alone() -> None:
    again = BigWeb(100_000, 3)
    for host, page in [(0, 0), (17, 3), (99_999, 0)]:
        assert WEB.body(host, page) == again.body(host, page)
    assert WEB.body(17, 3) != BigWeb(100_000, 4).body(17, 3)


def test_its_links_are_what_our_extractor_finds() -> None:
    host = next(number for number in range(50, 99) if WEB.kind(number) == "good")
    inner, outer = WEB.links(host, 0)
    url = canonical(f"http://{WEB.name(host)}/p0")
    found = extract(url, WEB.body(host, 0), {"content-type": "text/html"})
    assert set(found.external.target) == {f"http://{WEB.name(t)}/p0" for t in outer}
    assert set(found.internal.target) == {f"http://{WEB.name(host)}/p{n}" for n in inner}
    assert found.digest == link_digest(found.external.target, found.external.kind)
    assert not found.incomplete


def test_hosts_are_uneven_in_pages_and_in_links_to_them() -> None:
    counts = [WEB.pages(host) for host in range(2_000)]
    assert sum(counts[:20]) > 5 * sum(counts[-20:])
    targets = [t for host in range(500) for t in WEB.links(host, 0)[1]]
    assert sum(target < 10_000 for target in targets) > 0.4 * len(targets)
    assert max(targets) > 90_000


def test_kinds_of_hosts_have_their_shares() -> None:
    kinds = [WEB.kind(host) for host in range(20_000)]
    for kind in KINDS:
        assert kinds.count(kind.name) / len(kinds) == pytest.approx(kind.share / 1000, abs=0.008)


def test_what_it_answers() -> None:
    first = {kind.name: next(h for h in range(9_999) if WEB.kind(h) == kind.name) for kind in KINDS}
    assert WEB.answer("h5.test", "/robots.txt")[0] == 404
    assert WEB.answer("h100000.test", "/")[0] == 404
    assert WEB.answer("elsewhere.example", "/p0")[0] == 404
    assert WEB.answer(WEB.name(first["failing"]), "/p0")[0] == 503
    assert WEB.answer(WEB.name(first["slow"]), "/p0")[2] > 0
    assert WEB.answer(WEB.name(first["trap"]), "/p999999/deeper")[0] == 200
    good = first["good"]
    assert WEB.answer(WEB.name(good), f"/p{WEB.pages(good)}")[0] == 404
    status, body, _ = WEB.answer(WEB.name(good), "/p0")
    assert (status, body.count(b"<a ")) == (200, INTERNAL + len(WEB.links(good, 0)[1]))
    assert len(WEB.links(good, 0)[1]) <= EXTERNAL


def test_pages_of_changing_hosts_change_some_of_their_external_links_as_time_goes_by() -> None:
    changing = next(number for number in range(999) if WEB.kind(number) == "changing")
    period = WEB.period_s(changing, 0)
    at = 1_700_000_000.0
    seen = [WEB.links(changing, 0, at + step * period) for step in range(4)]
    assert seen == [WEB.links(changing, 0, at + step * period) for step in range(4)]
    for (inner, outer), (inner_later, outer_later) in pairwise(seen):
        assert inner == inner_later
        assert outer != outer_later
        assert len(set(outer) & set(outer_later)) >= KEPT - 1
    versions = {WEB.version(changing, 0, at + hour * 600) for hour in range(period // 600)}
    assert len(versions) == 2, "once a period"
    assert {WEB.period_s(changing, page) for page in range(30)} == set(PERIODS_S)


def test_pages_of_other_hosts_never_change() -> None:
    good = next(number for number in range(999) if WEB.kind(number) == "good")
    assert WEB.links(good, 0, 1e9) == WEB.links(good, 0, 2e9)


def test_it_answers_by_its_clock() -> None:
    changing = next(number for number in range(999) if WEB.kind(number) == "changing")
    times = iter([1e9, 1e9, 1.1e9])
    web = BigWeb(100_000, 3, clock=lambda: next(times))
    first, same, later = (web.answer(web.name(changing), "/p0")[1] for _ in range(3))
    assert first == same != later


def test_some_ask_for_a_crawl_delay() -> None:
    polite = [number for number in range(2_000) if WEB.kind(number) == "polite"]
    assert {WEB.crawl_delay_s(number) for number in polite} == set(CRAWL_DELAYS_S)
    for number in polite[:3]:
        status, body, _ = WEB.answer(WEB.name(number), "/robots.txt")
        rules = Protego.parse(body.decode())
        assert (status, rules.crawl_delay("backlinks")) == (200, WEB.crawl_delay_s(number))
        assert WEB.answer(WEB.name(number), "/p0")[0] == 200


def test_too_many_hosts_are_refused() -> None:
    with pytest.raises(ValueError, match="hosts"):
        BigWeb(1_000_001, 1)


def test_it_is_served_by_a_process_of_its_own_with_keep_alive() -> None:
    with served(1_000, 3) as web:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
        for host in (1, 2, 3, 999):
            connection.request("GET", "/p0", headers={"Host": f"h{host}.test"})
            answer = connection.getresponse()
            status, body, _ = web.web.answer(f"h{host}.test", "/p0")
            assert (answer.status, answer.read()) == (status, body)
        connection.close()
