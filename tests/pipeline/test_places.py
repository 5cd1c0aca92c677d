"""Countries as they are written, and which endings say one."""

from __future__ import annotations

import pytest

from pipeline.places import COUNTRIES, country, country_of_locale
from tests.support.stores import AnyStore

SOLD = (
    "ac ad ai as bz cc cd cf co dj eu fm ga gg gq io la ly me ml ms nu pw sc sh so sr st su tk to"
)
SOLD_TOO = "tv vc ws com org net"


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de-AT", "AT"), ("de_at", "AT"), ("zh-Hant-TW", "TW"), (" en-uk ", "GB"),
        ("pt-BR.UTF-8", "BR"), ("de", ""), ("", ""), ("x-default", ""), ("es-419", ""),
        ("en-XX", ""), ("zh-Hant", ""), ("{{lang}}-DE", ""), ("d-DE", ""),
    ],
)  # fmt: skip
def test_the_country_of_a_language_tag(locale: str, expected: str) -> None:
    assert country_of_locale(locale) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("de", "DE"), (" GB ", "GB"), ("uk", "GB"), ("eu", ""), ("zz", ""), ("deu", ""), ("", "")],
)
def test_countries_are_two_capital_letters(code: str, expected: str) -> None:
    assert country(code) == expected


def test_endings_say_the_country_that_they_are_of_but_those_sold_to_everybody(
    shared_store: AnyStore,
) -> None:
    rows = shared_store.query("SELECT ending, country FROM country_endings").to_pylist()
    found = {row["ending"]: row["country"] for row in rows}
    assert len(found) == len(rows), "each ending once"
    assert set(found.values()) <= COUNTRIES
    assert not found.keys() & {*SOLD.split(), *SOLD_TOO.split()}
    assert {code: found[code] for code in ("de", "uk", "gb", "xn--p1ai", "xn--fiqs8s")} == {
        "de": "DE", "uk": "GB", "gb": "GB", "xn--p1ai": "RU", "xn--fiqs8s": "CN",
    }  # fmt: skip
    two = {ending: said for ending, said in found.items() if len(ending) == 2 and ending != "uk"}
    assert all(ending.upper() == said for ending, said in two.items())
    assert {code.lower() for code in COUNTRIES} - {*SOLD.split(), *SOLD_TOO.split()} == two.keys()
