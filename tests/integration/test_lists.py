"""Lists of known backlinks from end to end: imported, fetched on loopback, told link by link."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.serve import Answer, Asked, LoopbackWeb
from tests.support.command import Ran, at, backlinks

pytestmark = pytest.mark.xdist_group("run")

TEXT = "<p>Rye and wheat are milled here between stones that were cut two hundred years ago.</p>"
LINK = "<a {}href=https://mine.example/{}>Mine</a>"
HTML = [("Content-Type", "text/html; charset=utf-8")]
PAGES = {
    "a.example/live": TEXT + LINK.format("", "") + "<a href=/never>more</a>",
    "a.example/nofollow": TEXT + LINK.format("rel='ugc nofollow' ", ""),
    "a.example/noindex": "<meta name=robots content=noindex>" + TEXT + LINK.format("", ""),
    "b.example/missing": TEXT + "<a href=https://other.example/>Other</a>",
    "b.example/none": TEXT,
    "b.example/deep": TEXT + LINK.format("", "deep"),
    "c.example/challenge": "<title>Just a moment...</title><div id=cf-challenge-running></div>",
    "d.example/new": TEXT + LINK.format("", ""),
    "robots.example/page": TEXT + LINK.format("", ""),
}
VERDICTS = {
    "https://a.example/live": "live",
    "https://a.example/nofollow": "nofollow",
    "https://a.example/noindex": "live",
    "https://b.example/missing": "missing",
    "https://b.example/gone": "gone",
    "https://d.example/old": "live",
    "https://d.example/away": "redirected",
    "https://robots.example/page": "robots",
    "https://c.example/challenge": "unclear",
    "https://e.example/error": "unreachable",
    "https://f.example/page": "unreachable",
}
OF_SOME_PAGE = ["https://b.example/deep", "https://b.example/none"]
FAST = {"BACKLINKS_PLAN__INTERVAL_S": "0.3", "BACKLINKS_CONSUME__FLUSH_AGE_S": "0.1"}


def respond(asked: Asked) -> Answer:
    name = asked.host + asked.path
    if asked.host == "f.example":
        return Answer(500, b"", HTML)
    if asked.path == "/robots.txt":
        barred = b"User-agent: *\nDisallow: /\n" if asked.host == "robots.example" else b""
        return Answer(200, barred, [("Content-Type", "text/plain")])
    if name == "d.example/old":
        return Answer(301, headers=[("Location", "/new")])
    if name == "d.example/away":
        return Answer(302, headers=[("Location", "https://elsewhere.example/")])
    if asked.host == "e.example":
        return Answer(503, b"", HTML)
    body = PAGES.get(name)
    return (
        Answer(404, b"<h1>Not found</h1>", HTML)
        if body is None
        else Answer(200, body.encode(), HTML)
    )


@pytest.fixture(scope="module")
def web() -> Iterator[LoopbackWeb]:
    with LoopbackWeb(respond) as found:
        yield found


@pytest.fixture(scope="module")
def ahrefs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As Ahrefs writes it: UTF-16, tabs, every cell quoted."""
    file = tmp_path_factory.mktemp("lists") / "ahrefs.csv"
    head = ["Referring page title", "Referring page URL", "Target URL", "Anchor", "Type",
            "Nofollow", "First seen", "Last seen"]  # fmt: skip
    rows = [head] + [
        ["Mühle", url, "https://mine.example/", "Mine", "Text", "FALSE", "2024-05-17 13:05:22",
         "2025-01-02 03:04:05"]
        for url in VERDICTS
    ]  # fmt: skip
    text = io.StringIO()
    csv.writer(text, delimiter="\t", quoting=csv.QUOTE_ALL).writerows(rows)
    file.write_bytes(text.getvalue().encode("utf-16"))
    return file


@pytest.fixture(scope="module")
def latest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As Search Console writes it: it does not say what is linked."""
    file = tmp_path_factory.mktemp("lists") / "latest.csv"
    rows = [f"{url},2025-02-03" for url in OF_SOME_PAGE]
    file.write_text("\n".join(["Linking page,Last crawled", *rows]))
    return file


@pytest.fixture(scope="module")
def verified(
    web: LoopbackWeb, ahrefs: Path, latest: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Ran]:
    data = tmp_path_factory.mktemp("verified") / "data"
    lists = ["import", "list", ahrefs, latest, "--to", "www.mine.example", "--verify", "--json"]
    ran = backlinks(*lists, "--delay", "0.05", *at(web), data=data, environment=FAST)
    assert ran.code == 0, ran.err
    return data, ran


def test_each_link_is_told_with_its_evidence(verified: tuple[Path, Ran]) -> None:
    found = {row["source_url"]: row for row in json.loads(verified[1].out)}
    told = {url: row["verdict"] for url, row in found.items()}
    assert {url: told[url] for url in VERDICTS} == VERDICTS
    assert found["https://b.example/gone"]["status"] == 404
    assert found["https://a.example/nofollow"]["rel"] == "nofollow ugc"
    assert found["https://d.example/old"]["via"] == "https://d.example/new"
    assert found["https://d.example/away"]["via"] == "https://elsewhere.example/"
    assert found["https://c.example/challenge"]["why"] == "challenge"
    assert found["https://e.example/error"]["status"] == 503
    assert found["https://a.example/live"]["listed"] == "2025-01-02T03:04:05+00:00"
    assert found["https://a.example/live"]["why"] == ""
    assert found["https://a.example/noindex"]["why"] == "noindex"
    assert found["https://f.example/page"]["why"] == "robots.txt: status 500"
    assert "13 links: 4 live, 1 nofollow, 2 missing, 1 gone, 1 redirected" in verified[1].err
    assert "on pages that are left out of search: 1 noindex\n" in verified[1].err


def test_nothing_but_the_listed_pages_was_fetched(
    verified: tuple[Path, Ran], web: LoopbackWeb
) -> None:
    fetched = {f"https://{one.host}{one.path}" for one in web.log if one.path != "/robots.txt"}
    listed = {*VERDICTS, *OF_SOME_PAGE} - {"https://robots.example/page"}
    assert fetched == listed - {"https://f.example/page"} | {"https://d.example/new"}


def test_the_index_tells_the_same(verified: tuple[Path, Ran]) -> None:
    data = verified[0]
    ran = backlinks("links", "mine.example", "--all", "--state", "all", "--json", data=data)
    found = {row["source_url"]: (row["state"], row["reason"]) for row in json.loads(ran.out)}
    assert found["https://a.example/live"] == ("live", "")
    assert found["https://a.example/noindex"] == ("lost", "noindex")
    assert found["https://b.example/gone"] == ("unverified", "list"), "gone once is no proof"
    assert found["https://d.example/new"] == ("live", "")
    assert found["https://robots.example/page"] == ("unverified", "list")
    first = {row["source_url"]: row["first_seen"] for row in json.loads(ran.out)}
    assert first["https://a.example/live"] == "2024-05-17T13:05:22+00:00"


def test_of_a_list_that_names_no_targets_the_links_to_the_site_are_told(
    verified: tuple[Path, Ran],
) -> None:
    found = {row["source_url"]: row for row in json.loads(verified[1].out)}
    told = {url: (found[url]["verdict"], found[url]["found_url"]) for url in OF_SOME_PAGE}
    assert told == {
        "https://b.example/deep": ("live", "https://mine.example/deep"),
        "https://b.example/none": ("missing", ""),
    }
    ran = backlinks("links", "mine.example", "--all", "--state", "all", "--json", data=verified[0])
    from_b = [row for row in json.loads(ran.out) if row["source_url"] in OF_SOME_PAGE]
    assert [row["target_url"] for row in from_b] == ["https://mine.example/deep"]


def test_a_list_that_does_not_say_what_is_linked_needs_to(latest: Path, tmp_path: Path) -> None:
    ran = backlinks("import", "list", latest, data=tmp_path / "data")
    assert ran.code == 2
    assert ran.err.endswith("does not say what is linked; add --to YOUR-DOMAIN\n")


def test_what_the_index_knows_of_a_list_is_what_was_seen(
    verified: tuple[Path, Ran], ahrefs: Path
) -> None:
    asked = ["coverage", "--against", ahrefs]
    ran = backlinks(*asked, "--json", data=verified[0])
    assert ran.code == 0, ran.err
    found = {(r["of"], r["by"], r["band"]): (r["known"], r["listed"]) for r in json.loads(ran.out)}
    assert found["links", "all", ""] == (3, 11), "the one that redirects has its link elsewhere"
    assert found["pages", "all", ""] == (8, 11), "all but those that never answered"
    assert found["referring domains", "all", ""] == (3, 7)
    assert found["links", "age", "over a year"] == (3, 11)
    ran = backlinks(*asked, "--missing", data=verified[0])
    assert ran.code == 0, ran.err
    assert set(ran.out.split()) == VERDICTS.keys() - {
        "https://a.example/live", "https://a.example/nofollow", "https://a.example/noindex",
    }  # fmt: skip
