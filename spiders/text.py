"""What a page is about: its language and its top terms, cheap enough for every page."""

from __future__ import annotations

import re
from collections import Counter

MAX_TEXT = 16_384  # characters looked at
MAX_TERMS = 20

# The commonest words, for telling a language and for leaving out of the terms.
_COMMON = {
    "en": "the and for that with you this are not from have was but all your can will our more "
    "has they been one about their which when what who his her she him out were would there than "
    "its into also other some any use new how may only get just like over these most very here",
    "de": "der die das und ist von mit den für auf nicht eine ein sie des dem sich auch werden aus "
    "bei oder wie wird als nach über sind zum zur ich wir noch nur mehr kann diese einen einer",
    "fr": "les des une est que pour dans sur par pas plus avec vous nous qui sont aux ses mais ont "
    "cette ces être leur tout votre fait aussi comme elle notre sans peut entre",
    "es": "los las una que por con para del como más sus sobre este esta entre pero todo también "
    "fue son desde cuando muy hay sin nos años ser tiene está donde puede",
    "it": "che per con una del della non sono più gli nel alla dei come anche dal delle questo ha "
    "stato questa essere tutti dalla nella loro suo tra degli può",
    "pt": "que para com uma não por mais dos das como seu sua foi pelo pela são entre também você "
    "muito tem está isso este até nos mas aos ser sobre",
    "nl": "het een van voor met niet zijn aan ook als bij door deze naar maar wordt worden dat ook "
    "heeft nog kan meer over deze onze uit hun wij uw",
    "pl": "się nie jest oraz dla jak przez jego ale czy tym tego które jako już może być był tylko "
    "tak również",
    "sv": "och att det som för med den inte till har ett från om kan eller men vi så var ska alla",
    "ru": "что это как для его она они все так уже или при если было только еще нет быть был",
    "tr": "bir için ile olarak daha çok olan gibi kadar sonra değil ancak veya tüm her",
}
_LANGUAGES = {name: frozenset(words.split()) for name, words in _COMMON.items()}
_STOP: frozenset[str] = frozenset().union(*_LANGUAGES.values())

_WORD = re.compile(r"[^\W\d_぀-ヿ㐀-鿿가-힯]{3,24}")
_TOKEN = re.compile(r"\w+")
_CJK = re.compile(r"[぀-ヿ㐀-鿿가-힯]+")
_CJK_PAIR = re.compile(r"(?=([぀-ヿ㐀-鿿가-힯]{2}))")
_KANA = re.compile(r"[぀-ヿ]")
_HANGUL = re.compile(r"[가-힯]")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")


def words_of(text: str) -> list[str]:
    """Words of three letters or more in lower case, and pairs of CJK characters."""
    text = text[:MAX_TEXT].lower()
    if _CJK.search(text):
        return _WORD.findall(text) + _CJK_PAIR.findall(text)
    # Twice as fast as _WORD, whose class of letters is dear to match.
    return [word for word in _TOKEN.findall(text) if 2 < len(word) < 25 and word.isalpha()]


def top_terms(words: list[str]) -> list[str]:
    """The most frequent words that say something, at most MAX_TERMS, ties in order of place."""
    counts = Counter(words)
    for word in _STOP & counts.keys():
        del counts[word]
    return [word for word, _ in counts.most_common(MAX_TERMS)]


def language_of(declared: str, words: list[str], text: str) -> str:
    """Two letters (or three) for a page's language; what it declares, else what it reads like.

    '' where neither says.
    """
    declared = declared.strip()
    if _TAG.match(declared):
        return declared.replace("_", "-").split("-")[0].lower()
    text = text[:MAX_TEXT]
    characters = sum(len(run) for run in _CJK.findall(text))
    if characters > len(text) // 5 and characters > 20:
        if _KANA.search(text):
            return "ja"
        return "ko" if _HANGUL.search(text) else "zh"
    counts = Counter(words)
    hits = {name: sum(counts[word] for word in common) for name, common in _LANGUAGES.items()}
    best = max(hits, key=lambda name: hits[name])
    return best if hits[best] >= 5 and hits[best] > len(words) // 20 else ""
