"""What texts and URLs look like, to be drawn from at random: of the corpus where it is there, else
of the demo's made sentences.

Real URLs and texts are few. More of their shape are made: rare words and numbers are others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import pyarrow as pa

from demo.words import lead, nouns, paragraph, title
from tests.support.corpus import corpus, page_url, pages

_TOKEN = re.compile(r"[A-Za-z]{3,}|[0-9]+|[^A-Za-z0-9]+|[A-Za-z]{1,2}")
_NAME = re.compile(r"[a-z]{3,6}")  # registered domains are 13 characters in the mean
_LONGEST_PATH = 200
_TOPICS = ("baking", "cycling", "astronomy", "gardening", "music")
_PATHS = (
    "/{n}.html", "/blog/2024/05/{n}-{m}/", "/{n}/{m}.php?id=481&page=12", "/{m}/", "/wiki/{n}_{m}",
    "/articles/{n}-{m}-3.html", "/forum/t/{n}/99172?page=4", "/{n}/{m}/{n}-{m}.pdf", "/tag/{n}",
)  # fmt: skip


class Words(NamedTuple):
    """Arrow arrays of strings to take from. `paths` are different, none is `/`.

    paths: of URLs. anchors: of links. texts: around links. titles, terms: of pages. names: for
    domains, lower-case ASCII, each once.
    """

    paths: pa.Array
    anchors: pa.Array
    texts: pa.Array
    titles: pa.Array
    terms: pa.Array
    names: pa.Array


class _Seen(NamedTuple):
    """What was read, as often as it stood there."""

    paths: list[str]
    anchors: list[str]
    texts: list[str]
    titles: list[str]


def words(size: int, seed: int, *, of_corpus: bool) -> Words:
    """`size`: how many paths, anchors and texts. The same for the same arguments."""
    dice = Random(seed)
    seen = _of_corpus(size) if of_corpus and corpus() is not None else _made(dice, size)
    tokens = [token for text in seen.texts + seen.anchors for token in _words_of(text)]
    lower = sorted({t for t in (token.lower() for token in tokens) if _NAME.fullmatch(t)})
    paths = _more(seen.paths, size, dice, lambda text: text[:_LONGEST_PATH] not in ("", "/"))
    return Words(
        paths=pa.array(paths, pa.string()),
        anchors=pa.array([_phrase(seen.anchors, tokens, dice) for _ in range(size)], pa.string()),
        texts=pa.array([_chunk(seen.texts, dice) for _ in range(size)], pa.string()),
        titles=pa.array(sorted(set(seen.titles)), pa.string()),
        terms=pa.array(dice.sample(tokens, min(len(tokens), size)), pa.string()),
        names=pa.array(lower, pa.string()),
    )


def _of_corpus(size: int) -> _Seen:
    """As the extractor reads it; of fewer pages where less is wanted."""
    from spiders.extract import extract

    seen = _Seen([], [], [], [])
    for number, (host, path, body) in enumerate(pages()):
        if number % max(2, 400_000 // size):
            continue
        found = extract(page_url(host, path), body, {"content-type": "text/html"})
        targets = [*found.external.target, *found.internal.target]
        seen.paths.extend("/" + target.split("/", 3)[3] for target in targets)
        seen.anchors.extend(found.external.anchor)
        seen.texts.extend(text for text in found.external.before + found.external.after if text)
        seen.titles.append(found.title)
    return seen


def _made(dice: Random, size: int) -> _Seen:
    seen = _Seen([], [], [], [])
    for _ in range(max(200, size // 50)):
        topic, language = dice.choice(_TOPICS), dice.choice(("en", "de", "fr", "es"))
        noun, other = (
            re.sub(r"[^a-z]+", "-", word.lower()) for word in dice.sample(nouns(topic, language), 2)
        )
        seen.paths.append(dice.choice(_PATHS).format(n=noun, m=other))
        seen.anchors.append(dice.choice(nouns(topic, language)))
        seen.texts.append(lead(language, dice) + " " + paragraph(topic, language, dice))
        seen.titles.append(title(topic, language, dice))
    return seen


def _words_of(text: str) -> list[str]:
    return [word for word in text.split() if 2 < len(word) < 20]


def _more(real: list[str], size: int, dice: Random, fits: Callable[[str], bool]) -> list[str]:
    """`size` different ones of the shapes of the real ones."""
    tokens = Counter(token for text in real for token in _TOKEN.findall(text))
    shape = {token for token, count in tokens.items() if count * 200 > len(real)}
    rare = [t for t in tokens if t not in shape and t.isascii() and t.isalpha() and len(t) > 2]
    found: dict[str, None] = {}
    while len(found) < size:
        made = "".join(_other(t, shape, rare, dice) for t in _TOKEN.findall(dice.choice(real)))
        if fits(made):
            found[made[:_LONGEST_PATH]] = None
    return list(found)


def _other(token: str, shape: set[str], rare: list[str], dice: Random) -> str:
    if token.isdigit():
        return str(dice.randrange(10 ** (len(token) - 1), 10 ** len(token)))[:12]
    return token if token in shape or len(token) < 3 or not token.isalpha() else dice.choice(rare)


def _phrase(real: list[str], tokens: list[str], dice: Random) -> str:
    """An anchor that stood somewhere, or as many other words."""
    text = dice.choice(real)
    if dice.random() < 0.3:
        return text
    return " ".join(dice.choice(tokens) for _ in text.split())[:200]


def _chunk(real: list[str], dice: Random) -> str:
    """What stands around a link, cut as the extractor cuts it: nothing, a word, a sentence."""
    text = dice.choice(real)
    cut = dice.randrange(len(text) + 1) if len(text) > 20 else 0
    return (text[cut:] + " " + text[:cut]).strip()[: dice.choice((0, 40, 80, 120, 120))]
