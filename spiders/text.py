"""What a page is about: its text, language and top terms, cheap enough for every page.

Words are counted before they are looked at: a page has some thousand words and a few hundred
different ones.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from typing import NamedTuple

from selectolax.lexbor import LexborNode

MAX_VISIBLE = 65_536  # characters
MAX_TEXT = 16_384  # characters looked at for words
MAX_TERMS = 50  # 20 told linked sites from others with an AUC of .79, 50 with .83, all with .84
_TITLE = 2  # times that a word of the title counts more
MAX_DIGESTED = 32_768  # characters
MIN_DIGESTED = 100  # bytes without white space; walls, shells and stubs have fewer

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

# Marks stand in words of many scripts, as vowels do in those of India: no letters to `\w`.
_MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c)[0] == "M")
_MARK = re.compile(f"[{_MARKS}]")
_TOKEN = re.compile(rf"[\w{_MARKS}]+")
# Thai, Lao, Burmese and Khmer write words without spaces between: pieces of them stand for words.
_RUN = "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3"
_UNSPACED = re.compile(f"[{_RUN}]+")
_PIECE = re.compile(f"(?=([{_RUN}]{{4}}))")
_UNSPACED_LEADS = (b"\xe0", b"\xe1")  # of UTF-8
_CJK = re.compile(r"[぀-ヿ㐀-鿿가-힯]+")
_CJK_PAIR = re.compile(r"(?=([぀-ヿ㐀-鿿가-힯]{2}))")
_KANA = re.compile(r"[぀-ヿ]")
_HANGUL = re.compile(r"[가-힯]")
_UNSEEN = "script,style,noscript,template,svg"
_FRAMES = "nav,header,footer,aside"  # of a page; what is its own stands between them
_SPACES = b" \t\n\r\f\v"
# All of ASCII but what a word is made of becomes a space.
_ASCII_WORDS = bytes(
    byte if byte > 127 or chr(byte).isalnum() or chr(byte) == "_" else 32 for byte in range(256)
)
_NO_CJK_LEADS = bytes(set(range(256)) - set(range(0xE3, 0xEE)))  # of UTF-8
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")


class Visible(NamedTuple):
    """What a reader sees of a page. `digest`: of what is its own, '' where that is little.

    prose: of what is its own, without the text of its links, which tells of the pages they lead to.
    """

    text: str
    digest: str
    prose: str


def visible(body: LexborNode | None) -> Visible:
    """Takes scripts, frames and links out of the tree, so nothing may be read there after it."""
    if body is None:
        return Visible("", "", "")
    _remove(body.css(_UNSEEN))
    text = main = _text(body)
    if frames := body.css(_FRAMES):
        _remove(frames)
        main = _text(body)
    prose = main
    if links := body.css("a"):
        _remove(links)
        prose = _text(body)
    return Visible(text, text_digest(main), prose)


def _text(body: LexborNode) -> str:
    return body.text(separator=" ", skip_empty=True)[:MAX_VISIBLE]


def _remove(nodes: list[LexborNode]) -> None:
    # From the last on, so that none is removed within one that no longer is.
    for node in reversed(nodes):
        node.decompose(recursive=False)


def text_digest(text: str) -> str:
    """Sixteen hex digits for a page's own text, however it is spaced; '' for a short one."""
    letters = text[:MAX_DIGESTED].encode(errors="replace").translate(None, _SPACES)
    if len(letters) < MIN_DIGESTED:
        return ""
    return hashlib.blake2b(letters, digest_size=8).hexdigest()


def words_of(text: str) -> dict[str, int]:
    """How often each word of three letters or more stands in it, and each pair of CJK characters.

    Of other scripts that have no spaces between words, each four characters. In lower case, in
    order of first place (pairs and pieces last).
    """
    text = text[:MAX_TEXT].lower()
    if text.isascii():
        return _letters(text)
    text = unicodedata.normalize("NFC", text)
    pieces: dict[str, int] = {}
    if has_cjk(text):
        pieces = Counter(_CJK_PAIR.findall(" ".join(_CJK.findall(text))))
        text = _CJK.sub(" ", text)
    if _may_be_unspaced(text):
        pieces |= Counter(_PIECE.findall(" ".join(_UNSPACED.findall(text))))
        text = _UNSPACED.sub(" ", text)
    return _letters(text) | pieces


def _may_be_unspaced(text: str) -> bool:
    raw = text.encode(errors="replace")
    return any(lead in raw for lead in _UNSPACED_LEADS)


def _letters(text: str) -> dict[str, int]:
    # As bytes, since only there a table is fast for text that is not all ASCII.
    spaced = text.encode(errors="replace").translate(_ASCII_WORDS).decode()
    tokens = Counter(spaced.split())
    if text.isascii():
        return {word: n for word, n in tokens.items() if 2 < len(word) < 25 and word.isalpha()}
    words: dict[str, int] = {}
    for token, n in tokens.items():
        if token.isalpha():
            if 2 < len(token) < 25:
                words[token] = words.get(token, 0) + n
        elif not token.isascii():  # quotes and dashes beyond ASCII still stand in some
            for word in _TOKEN.findall(token):
                if 2 < len(word) < 25 and (word.isalpha() or _MARK.sub("", word).isalpha()):
                    words[word] = words.get(word, 0) + n
    return words


def has_cjk(text: str) -> bool:
    if text.isascii():
        return False
    leads = text.encode(errors="replace").translate(None, _NO_CJK_LEADS)
    return bool(leads) and _CJK.search(text) is not None


def about(title: str, prose: str) -> list[str]:
    """The terms of a page, by its title and what it says itself. See `top_terms`."""
    words = words_of(prose)
    for word, n in words_of(title).items():
        words[word] = words.get(word, 0) + _TITLE * n
    return top_terms(words)


def top_terms(words: dict[str, int]) -> list[str]:
    """The most frequent words that say something, at most MAX_TERMS, ties in order of place."""
    ranked = [word for word, n in words.items() if n > 1 and word not in _STOP]
    if len(ranked) < MAX_TERMS:
        ranked = [word for word in words if word not in _STOP]
    ranked.sort(key=words.__getitem__, reverse=True)
    return ranked[:MAX_TERMS]


def declared_language(declared: str) -> str:
    """Of what a page or an answer declares, two letters (or three); '' where it is no language."""
    declared = declared.strip()
    return declared.replace("_", "-").split("-")[0].lower() if _TAG.match(declared) else ""


def language_of(declared: str, text: str) -> str:
    """Two letters (or three) for a page's language; what it declares, else what it reads like.

    '' where neither says.
    """
    told = declared_language(declared)
    if told:
        return told
    if has_cjk(text[:MAX_TEXT]):
        text = " ".join(text[:MAX_TEXT].split())
        characters = sum(len(run) for run in _CJK.findall(text))
        if characters > len(text) // 5 and characters > 20:
            if _KANA.search(text):
                return "ja"
            return "ko" if _HANGUL.search(text) else "zh"
    words = words_of(text)
    hits = {name: sum(words.get(word, 0) for word in common) for name, common in _LANGUAGES.items()}
    best = max(hits, key=lambda name: hits[name])
    return best if hits[best] >= 5 and hits[best] > sum(words.values()) // 20 else ""
