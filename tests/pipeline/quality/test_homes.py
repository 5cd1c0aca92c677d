"""Language and country of domains and of their referrers, each with what says so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.index.lifecycle import job_of
from pipeline.index.questions import Index
from pipeline.page import Page
from pipeline.quality.homes import Home, country_at, home_of
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings, Settings
from pipeline.store import Store, rows
from tests.support.records import START, TODAY, page, write
from tests.support.stores import AnyStore

NOTHING = {"by_pages": "", "pages_by": "", "saying": 0, "of_all": 0, "ip": ""}
AT = {"by_pages": "AT", "pages_by": "lang"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, Home()),
        ({**AT, "saying": 3, "of_all": 4}, Home("AT", "3 of 4 pages that name one, by lang")),
        ({**AT, "saying": 1, "of_all": 1}, Home("AT", "1 of 1 page that names one, by lang")),
        ({**AT, "saying": 2, "of_all": 4}, Home()),
        (
            {**AT, "saying": 2, "of_all": 4, "ip": "192.0.2.1"},
            Home("FR", "its address 192.0.2.1"),
        ),
        ({"ip": "192.0.2.9"}, Home()),
    ],
)
def test_where_no_ending_says_a_country_pages_do_and_then_the_address(
    row: dict[str, Any], expected: Home
) -> None:
    assert home_of(NOTHING | row, lambda ip: "FR" if ip == "192.0.2.1" else "") == expected


class Reader:
    """As maxminddb's, of some addresses."""

    def get(self, address: str) -> Any:
        if ":" in address:
            raise ValueError("IPv6 asked of a database of IPv4")
        return {
            "192.0.2.1": {"country": {"iso_code": "FR"}, "registered_country": {"iso_code": "DE"}},
            "192.0.2.2": {"registered_country": {"iso_code": "DE"}},
            "192.0.2.3": {"country": {"iso_code": "zz"}},
            "192.0.2.4": {"country": "FR"},
            "192.0.2.5": ["FR"],
        }.get(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "FR"), ("192.0.2.2", "DE"), ("192.0.2.3", ""), ("192.0.2.4", ""),
        ("192.0.2.5", ""), ("192.0.2.6", ""), ("::1", ""),
    ],
)  # fmt: skip
def test_an_address_is_where_the_database_says(address: str, expected: str) -> None:
    assert country_at(Reader(), address) == expected


def test_a_database_without_its_library_says_what_to_do(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    write(store, [page("https://a.org/", START)], TODAY)
    with pytest.raises(UsageError, match="needs the library maxminddb"):
        score(store, ScoreSettings(geoip="countries.mmdb"))


def test_a_database_that_is_none_is_named(store: AnyStore, tmp_path: Path) -> None:
    write(store, [page("https://a.org/", START)], TODAY)
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"none")
    for file in (broken, tmp_path / "missing.mmdb"):
        with pytest.raises(UsageError, match=file.name):
            score(store, ScoreSettings(geoip=str(file)))


def packed(value: Any) -> bytes:
    """In the data section of a MaxMind database, format 2.0; bytes are packed already."""
    if isinstance(value, dict):
        pairs = b"".join(packed(key) + packed(each) for key, each in value.items())
        return bytes([0xE0 | len(value)]) + pairs
    if isinstance(value, str):
        return bytes([0x40 | len(value)]) + value.encode()
    assert isinstance(value, bytes)
    return value


def number(value: int) -> bytes:
    """A uint16."""
    return b"\xa2" + value.to_bytes(2, "big")


def database(record: dict[str, Any]) -> bytes:
    """Of IPv4, with one record for 0.0.0.0/1 and none for the rest: one node of 24-bit records."""
    about = {
        "node_count": b"\xc1\x01", "record_size": number(24), "ip_version": number(4),
        "database_type": "made", "languages": b"\x00\x04", "description": {},
        "binary_format_major_version": number(2), "binary_format_minor_version": number(0),
        "build_epoch": b"\x01\x02\x01",
    }  # fmt: skip
    node = (1 + 16).to_bytes(3, "big") + (1).to_bytes(3, "big")
    return node + bytes(16) + packed(record) + b"\xab\xcd\xefMaxMind.com" + packed(about)


@pytest.mark.engine
def test_a_domain_that_says_no_country_is_where_its_address_is(
    store: AnyStore, tmp_path: Path
) -> None:
    file = tmp_path / "made.mmdb"
    file.write_bytes(database({"country": {"iso_code": "FR"}}))
    visits = {
        "https://a.org/": "9.9.9.9",
        "https://b.org/": "192.0.2.1",
        "https://c.de/": "9.9.9.9",
    }
    write(store, [page(url, START, ip=ip) for url, ip in visits.items()], TODAY)
    assert score(store, ScoreSettings(geoip=str(file))) is not None
    found = rows(store.query("SELECT domain, country, country_evidence FROM domain_quality"))
    assert {row["domain"]: (row["country"], row["country_evidence"]) for row in found} == {
        "a.org": ("FR", "its address 9.9.9.9"), "b.org": ("", ""), "c.de": ("DE", "its ending"),
    }  # fmt: skip


def quality(store: Store) -> dict[str, dict[str, Any]]:
    assert score(store, ScoreSettings()) is not None
    found = rows(store.query("SELECT * FROM domain_quality"))
    return {row["domain"]: row for row in found}


def web() -> list[Page]:
    def of(url: str, language: str, country: str = "", by: str = "lang") -> Page:
        links = ["https://t.org/"]
        by = by if country else ""
        return page(url, START, links, language=language, country=country, country_by=by)

    return [
        of("https://a.de/", "de"),
        of("https://a.de/en", "en"),
        of("https://a.de/more", "de", "AT"),
        of("https://b.io/", "de", "AT", "hreflang"),
        of("https://b.io/2", "de", "AT"),
        of("https://b.io/3", "de", "CH"),
        of("https://c.com/", "fr", "CH"),
        of("https://c.com/2", "en", "FR"),
        of("https://d.org/", ""),
        page("https://t.org/", START, ["https://unread.co.uk/"]),
    ]


def test_domains_have_a_language_a_country_and_what_says_so(store: AnyStore) -> None:
    write(store, web(), TODAY)
    found = quality(store)
    told = {
        name: (row["language"], row["country"], row["country_evidence"])
        for name, row in found.items()
    }
    assert told == {
        "a.de": ("de", "DE", "its ending"),
        "b.io": ("de", "AT", "2 of 3 pages that name one, by hreflang, lang"),
        "c.com": ("en", "", ""),  # ties go to the first in the alphabet
        "d.org": ("", "", ""),
        "t.org": ("", "", ""),
        "unread.co.uk": ("", "GB", "its ending"),
    }
    assert dict(found["t.org"]["referrer_languages"]) == {"de": 2, "en": 1}
    assert dict(found["t.org"]["referrer_countries"]) == {"AT": 1, "DE": 1}
    assert dict(found["a.de"]["referrer_languages"]) == {}


@pytest.mark.engine
def test_links_refs_and_places_go_by_the_same_country(store: AnyStore) -> None:
    """By the ending until there is a snapshot, then by what that says."""
    write(store, web(), TODAY)
    job_of(store, Settings()).run()
    index = Index(store)

    def told() -> dict[str, list[str]]:
        for country in ("de", "at"):
            assert [link.source_domain for link in index.links("t.org", country=country)] == [
                ref.source_domain for ref in index.refs("t.org", country=country)
            ]
        places = {place.place for place in index.places("t.org", by="country")} - {""}
        return {
            place: [ref.source_domain for ref in index.refs("t.org", country=place)]
            for place in sorted(places)
        }

    assert told() == {"DE": ["a.de"]}
    quality(store)
    assert told() == {"AT": ["b.io"], "DE": ["a.de"]}
    write(store, [page("https://b.io/4", START, ["https://t.org/"])], TODAY + 1)
    job_of(store, Settings()).run()
    assert told() == {"AT": ["b.io"], "DE": ["a.de"]}, "rolled up again it is the snapshot's still"
