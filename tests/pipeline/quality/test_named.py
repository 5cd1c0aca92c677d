"""Marks of a host's name, and the words of what is sold by links."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.quality.named import _marks
from pipeline.quality.words import money_words, read


def marks(name: str) -> set[str]:
    return {says for says, flags in _marks(pa.array([name])).items() if flags[0].as_py()}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("best-cheap-shoes.org", {"two hyphens or more", "a word of what is sold by links"}),
        ("coca-cola.org", set()),
        ("site123.org", {"three digits or more"}),
        ("web24.org", set()),
        ("casino-bonn.de", {"a word of what is sold by links"}),
        ("mycasinoworld.de", {"a word of what is sold by links"}),
        ("buyers.org", set()),
        ("a-phrase-of-many-words-indeed.org", {"two hyphens or more", "a long name"}),
        ("twentycharactersname.org", set()),
        ("xkqrtzbv.org", {"letters that no word has"}),
        ("bakery.tk", {"an ending given away"}),
        ("xn--bcher-kva-a-b-c123.tk", {"an ending given away"}),
        ("192.0.2.123", set()),
    ],
)
def test_a_name_has_the_marks_that_it_shows(name: str, says: set[str]) -> None:
    assert marks(name) == says


def test_words_stand_whole_and_those_of_languages_without_spaces_within() -> None:
    words = money_words()
    assert words.found("Buy CHEAP watches") == ["buy", "cheap"]
    assert words.found("cheapness of buyers") == []
    assert words.found("КУПИТЬ дешево") == ["дешево", "купить"]
    assert words.found("最高のオンラインカジノです") == ["カジノ"]
    assert words.found("") == []


def test_every_word_of_the_list_is_one_that_a_text_can_have() -> None:
    words = money_words()
    for word in words.tokens:
        assert words.found(f"so {word} it") == [word], word
    assert words.version >= 1
    assert len(words.within) <= 255, "ClickHouse looks for no more at once"


def test_a_list_without_a_version_is_refused() -> None:
    with pytest.raises(ValueError, match="# Version: 1"):
        read("en casino\n")
