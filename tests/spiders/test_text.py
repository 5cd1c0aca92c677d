from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.text import MAX_TERMS, MAX_TEXT, about, has_cjk, language_of, top_terms, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Harbour, the harbour!", {"the": 2, "harbour": 2}),
        ("a an of x1y abc_def h264 crane", {"crane": 1}),
        ("“Crane” — crane’s ‹quay›…quay\u00a0x²", {"crane": 2, "quay": 2}),
        ("a" * 24 + " " + "b" * 25 + " naïve\x00naïve", {"a" * 24: 1, "naïve": 2}),
        ("Größe ÜBER", {"größe": 1, "über": 1}),
        ("東京都", {"東京": 1, "京都": 1}),
        ("東京 tower 大阪 h264", {"tower": 1, "東京": 1, "大阪": 1}),
        ("서울시", {"서울": 1, "울시": 1}),
        ("\u3001 tower", {"tower": 1}),
        ("हिन्दी में समाचार।", {"हिन्दी": 1, "में": 1, "समाचार": 1}),
        ("cafe\u0301 café", {"café": 2}),
        ("ภาษาไทย h264", {"ภาษา": 1, "าษาไ": 1, "ษาไท": 1, "าไทย": 1}),
        ("ខ្មែរ tower", {"tower": 1, "ខ្មែ": 1, "្មែរ": 1}),
        ("私", {}),
        ("", {}),
        ("123 456", {}),
    ],
)
def test_words_are_letters_in_lower_case_and_pairs_of_cjk(
    text: str, expected: dict[str, int]
) -> None:
    assert list(words_of(text).items()) == list(expected.items())


def test_only_the_first_characters_are_looked_at() -> None:
    assert words_of("x " * MAX_TEXT + "harbour") == {}


def test_top_terms_leave_out_common_words_of_any_language() -> None:
    words = words_of("the harbour and the ships der die das harbour crane")
    assert top_terms(words) == ["harbour", "ships", "crane"]


def test_no_more_terms_than_the_limit() -> None:
    assert len(top_terms({"word" + chr(97 + i): 2 for i in range(MAX_TERMS + 1)})) == MAX_TERMS


def test_terms_of_one_count_stand_in_order_of_place() -> None:
    words = words_of("quay crane “ship” crane ship hull")
    assert top_terms(words) == ["crane", "ship", "quay", "hull"]


PROSE = {
    "en": "It was the best of times and the people were not all happy with what they had from you",
    "de": "Der Hafen ist nicht nur für die Schiffe und auch nicht mit dem Zug zu erreichen, das",
    "fr": "Les bateaux sont dans le port et ils ne sont pas avec vous pour une journée des",
    "es": "Los barcos están en el puerto para las personas que no tienen una casa pero sí una",
    "it": "Le barche sono nel porto della città per una delle persone che non sono più con gli",
    "pt": "Os barcos não estão para uma pessoa que também tem mais do que isso no porto com você",
    "nl": "De boten liggen niet in het water van een haven maar zijn voor de mensen die ook bij",
    "pl": "To nie jest tylko dla mnie, jak się może wydawać, oraz przez jego port, ale czy tym",
    "sv": "Båtarna är inte här och det var för att de ska till en hamn med alla som har varit där",
    "ru": "Это было только для них, но они все так и не были там, как это было уже при нас или",
    "tr": "Bu bir gemi için çok büyük ama daha sonra değil, ancak her gün olan bir şey gibi kadar",
    "ja": "港には多くの船があります。今日は天気がいいので、海へ行きましょう。魚も食べたいです。",
    "zh": "港口有很多船只。今天天气很好，我们去海边吧。我也想吃鱼，听说那里的鱼很新鲜。",
    "ko": "항구에는 많은 배가 있습니다. 오늘은 날씨가 좋으니 바다로 갑시다. 생선도 먹고 싶어요.",
}


@pytest.mark.parametrize("language", PROSE)
def test_an_undeclared_language_is_read_from_the_words(language: str) -> None:
    text = PROSE[language]
    assert language_of("", text) == language


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("en", "en"), ("EN-us", "en"), ("pt_BR", "pt"), (" de ", "de"), ("zh-Hant-TW", "zh")],
)
def test_a_declared_language_is_taken_by_its_first_part(declared: str, expected: str) -> None:
    assert language_of(declared, PROSE["fr"]) == expected


@pytest.mark.parametrize("declared", ["", "{{lang}}", "english please", "x", "<script>"])
def test_a_language_that_is_none_is_not_believed(declared: str) -> None:
    assert language_of(declared, PROSE["fr"]) == "fr"


def test_no_language_where_nothing_tells() -> None:
    assert language_of("", "harbour") == ""
    assert language_of("", "") == ""


_TRICKY = st.text("aBéß1_ \u00a0\u2019\u2028²½ǅİ\ud800.", max_size=80)


def _spaced(text: str) -> bool:
    return not has_cjk(text) and not any(
        "\u0e00" <= c < "\u1100" or "\u1780" <= c < "\u1800" for c in text
    )


@given((st.text() | _TRICKY).filter(_spaced))
def test_words_are_runs_of_letters_and_their_marks(text: str) -> None:
    text = unicodedata.normalize("NFC", text.lower())
    kept = "".join(c if c == "_" or c.isalnum() or is_mark(c) else " " for c in text)
    expected = [
        word
        for word in kept.split(" ")
        if 2 < len(word) < 25 and "".join(c for c in word if not is_mark(c)).isalpha()
    ]
    assert list(words_of(text).items()) == list(Counter(expected).items())


def is_mark(character: str) -> bool:
    return character < "\U00010000" and unicodedata.category(character)[0] == "M"


def test_words_of_a_title_count_more_than_those_of_the_text() -> None:
    assert about("The harbour", "crane harbour crane quay") == ["harbour", "crane", "quay"]
    assert about("", "crane quay crane") == ["crane", "quay"]


@given(st.text(), st.text(max_size=20))
def test_any_text_has_words_terms_and_perhaps_a_language(text: str, declared: str) -> None:
    words = words_of(text)
    assert len(top_terms(words)) <= MAX_TERMS
    assert len(language_of(declared, text)) <= 3
