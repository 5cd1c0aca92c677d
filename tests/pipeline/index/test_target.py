"""What a target's text comes to: a domain, and a pattern that matches its links and no others."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.index.target import MODES, Target, domain_of, escaped, target_of
from pipeline.store import rows
from pipeline.url import canonical
from tests.support.stores import AnyStore


@pytest.mark.parametrize(
    ("text", "mode", "domain", "under"),
    [
        ("example.org", "domain", "example.org", "%"),
        ("https://example.org/", "domain", "example.org", "%"),
        (" EXAMPLE.org ", "domain", "example.org", "%"),
        ("bücher.example", "domain", "xn--bcher-kva.example", "%"),
        ("co.uk", "domain", "co.uk", "%"),
        ("a.github.io", "domain", "a.github.io", "%"),
        ("192.0.2.1", "domain", "192.0.2.1", "%"),
        ("www.example.org", "host", "example.org", "www.example.org/%"),
        ("https://www.example.org/", "host", "example.org", "www.example.org/%"),
        ("example.org:8080", "host", "example.org", "example.org:8080/%"),
        ("https://example.org:443/", "domain", "example.org", "%"),
        ("my_blog.example.org", "host", "example.org", r"my\_blog.example.org/%"),
        ("example.org/page", "url", "example.org", "example.org/page"),
        ("http://example.org/a?b=1#c", "url", "example.org", "example.org/a?b=1"),
        ("example.org/a_b%20c", "url", "example.org", r"example.org/a\_b\%20c"),
        ("example.org/?utm_source=x", "domain", "example.org", "%"),
        ("www.example.org/blog/*", "prefix", "example.org", "www.example.org/blog/%"),
        ("www.example.org/blo*", "prefix", "example.org", "www.example.org/blo%"),
        ("example.org/search?*", "prefix", "example.org", "example.org/search?%"),
        ("example.org/a?b=1&*", "prefix", "example.org", "example.org/a?b=1&%"),
        ("example.org/box?utm_source=*", "prefix", "example.org", "example.org/box%"),
        ("example.org/p?q=x&gclid=*", "prefix", "example.org", "example.org/p?q=x%"),
        ("example.org/box*", "prefix", "example.org", "example.org/box%"),
        ("example.org/*", "prefix", "example.org", "example.org/%"),
        ("example.org*", "prefix", "example.org", "example.org/%"),
    ],
)
def test_what_a_text_is_taken_for(text: str, mode: str, domain: str, under: str) -> None:
    assert target_of(text) == Target(mode, domain, under)  # type: ignore[arg-type]
    assert domain_of(text.removesuffix("*")) == domain


@pytest.mark.parametrize(
    ("mode", "under"),
    [
        ("url", "www.example.org/a"),
        ("prefix", "www.example.org/a%"),
        ("host", "www.example.org/%"),
        ("domain", "%"),
    ],
)
def test_a_mode_that_is_given_is_taken(mode: str, under: str) -> None:
    found = target_of("https://www.example.org/a", mode)  # type: ignore[arg-type]
    assert found == Target(mode, "example.org", under)  # type: ignore[arg-type]
    assert found.is_whole == (mode == "domain")


def test_a_star_is_a_letter_where_an_exact_url_is_asked_for() -> None:
    assert target_of("example.org/a*", "url").under == "example.org/a*"
    assert target_of("example.org/a*", "prefix").under == "example.org/a%"


@pytest.mark.parametrize("text", ["", "*", "not a domain", "mailto:a@b", "http://", "ftp://a.b/"])
@pytest.mark.parametrize("mode", [None, *MODES])
def test_what_is_no_address_is_refused_in_one_line(text: str, mode: str | None) -> None:
    with pytest.raises(UsageError, match=r"give (?:one like example\.org|the domain)"):
        target_of(text, mode)  # type: ignore[arg-type]


def test_a_star_for_hosts_is_told_what_to_write() -> None:
    with pytest.raises(UsageError, match="give the domain for all of its hosts"):
        target_of("*.example.org")


_HOSTS = ("example.org", "www.example.org", "example.org:81", "a_b.example.org", "xexample.org")
_PATHS = st.text("/ab_%\\?=&.-", max_size=6)


@given(st.text(max_size=30) | st.builds("{}/{}".format, st.sampled_from(_HOSTS), _PATHS))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    for mode in (None, *MODES):
        with suppress(UsageError):
            assert target_of(text, mode).domain


@pytest.mark.engine
def test_the_store_matches_what_the_pattern_means(shared_store: AnyStore) -> None:
    """Each mode, over every page of a small site: as plain comparisons of URLs say it."""
    tails = ["/", "/a", "/a/", "/a/b", "/aXb", "/a_b", "/a%25", "/a?b=1", "/a?b=1&c=2", "/?a", "/A"]
    pages = [canonical(f"http://{host}{tail}") for host in _HOSTS for tail in tails]
    for url in pages:
        for mode in MODES:
            target = target_of(url.url, mode)
            told = shared_store.query(
                "SELECT arrayFilter(one -> one LIKE {under:String}, {all:Array(String)}) AS found",
                {"under": target.under, "all": [page.host + page.path for page in pages]},
            )
            wanted = [
                page.host + page.path
                for page in pages
                if {
                    "url": page.page == url.page,
                    "prefix": (page.host + page.path).startswith(url.host + url.path),
                    "host": page.host == url.host,
                    "domain": True,
                }[mode]
            ]
            assert rows(told)[0]["found"] == wanted, (url.url, mode)


@given(st.text("ab%_\\x", max_size=8))
def test_an_escaped_text_has_no_wild_letter(text: str) -> None:
    left = escaped(text)
    for letter in ("\\\\", "\\%", "\\_"):
        left = left.replace(letter, "")
    assert not set(left) & set("%_\\")


def test_a_mode_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="mode can't be 'site'; give one of url, prefix, host"):
        target_of("example.org", "site")  # type: ignore[arg-type]
