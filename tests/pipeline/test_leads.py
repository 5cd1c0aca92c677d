"""Where a visited page leads, as its record says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.leads import Lead, led
from tests.support.records import START, Link, page

URL, NOWHERE = "https://www.example.org/a?b", Lead("", "", "nothing")


def test_a_redirect_leads_where_it_ended() -> None:
    away = page(URL, START, outcome="redirect", final_url="https://b.example.co.uk/x")
    assert led(away) == Lead("https://b.example.co.uk/x", "example.co.uk", "redirect")


def test_a_redirect_within_the_domain_leads_on() -> None:
    away = page(URL, START, outcome="redirect", final_url="https://example.org/a?b")
    assert led(away) == Lead("https://example.org/a?b", "example.org", "redirect")


def test_a_change_of_scheme_leads_nowhere() -> None:
    assert led(page(URL, START, final_url=URL.replace("https", "http"))) == NOWHERE
    away = page(URL, START, outcome="redirect", final_url=URL.replace("https", "http"))
    assert led(away) == NOWHERE


def test_a_refresh_leads_as_a_redirect_does() -> None:
    links: list[Link | str] = ["https://a.example/", Link("https://b.example/", "redirect")]
    away = page(URL, START, links, complete=False, incomplete="refresh", canonical="https://c.org/")
    assert led(away) == Lead("https://b.example/", "b.example", "redirect")


def test_a_canonical_leads_on() -> None:
    found = led(page(URL, START, canonical="https://www.example.org/a"))
    assert found == Lead("https://www.example.org/a", "example.org", "canonical")


@pytest.mark.parametrize("named", ["", URL, "http://example.org/a/?b", "x:y", "https://", "/a"])
def test_what_names_no_other_page_leads_nowhere(named: str) -> None:
    assert led(page(URL, START, canonical=named)) == NOWHERE


@pytest.mark.parametrize("outcome", ["gone", "error", "timeout", "not_modified"])
def test_what_has_no_body_leads_nowhere(outcome: str) -> None:
    told: Any = {"outcome": outcome, "canonical": "https://a.org/", "final_url": "https://b.org/"}
    assert led(page(URL, START, **told)) == NOWHERE


@given(st.text(max_size=60))
def test_whatever_a_page_names_it_never_fails(text: str) -> None:
    for named in (text, "https://" + text):
        found = led(page(URL, START, canonical=named))
        assert bool(found.url) == (found.by != "nothing") == bool(found.domain)
