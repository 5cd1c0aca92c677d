"""Where a hostile page is cut before a parser sees it.

HTML's tree construction is quadratic in places: a start tag that closes an open `<p>` walks up the
stack of open elements (measured: 0.5 MB of `<div>` took 20 s in Lexbor), and an element's attributes
are compared pairwise (1 MB of them: over 20 s). A page within these bounds parses in well under
0.5 s; one beyond them is cut there and is not a complete visit.
"""

from __future__ import annotations

import re

MANY_TAGS = 5_000  # below this no nesting is dear
MAX_DEPTH = 512  # what browsers allow as well
MAX_ATTRIBUTES = 1_000
LONG_TAG = 4_096  # a tag shorter than this can't hold too many attributes

_TAG = re.compile(r"<(?:!--|(/?)([a-zA-Z][a-zA-Z0-9]*))")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?:(>)|[^\s/>=][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?)"""
)
_RAW = frozenset("script style textarea title xmp iframe noembed noframes".split())
_NOT_NESTED = frozenset(
    "area base br col embed hr img input link meta source track wbr param "
    "p li td th tr option optgroup dd dt tbody thead tfoot colgroup".split()
)


def cut_hostile(html: str) -> tuple[str, str]:
    """The part of a page that is safe to parse, and why it ends there ('' when nothing is cut).

    Reasons: nesting, attributes. Linear in the length, whatever the text.
    """
    if html.count("<") > MANY_TAGS:
        end = _too_deep(html)
        if end is not None:
            return html[:end], "nesting"
    if len(html) > LONG_TAG:
        end = _too_many_attributes(html)
        if end is not None:
            return html[:end], "attributes"
    return html, ""


def _too_deep(html: str) -> int | None:
    """Where more elements stand open than MAX_DEPTH, counted as if each end tag closed one."""
    open_tags: dict[str, int] = {}
    depth, at = 0, 0
    while (match := _TAG.search(html, at)) is not None:
        at = match.end()
        if match[2] is None:
            at = _after(html, "-->", at)
            continue
        name = match[2].lower()
        if match[1]:
            if open_tags.get(name):
                open_tags[name] -= 1
                depth -= 1
        elif name in _RAW:
            at = _after_raw(html, name, at)
        elif name not in _NOT_NESTED:
            open_tags[name] = open_tags.get(name, 0) + 1
            depth += 1
            if depth > MAX_DEPTH:
                return match.start()
    return None


def _after(html: str, mark: str, at: int) -> int:
    found = html.find(mark, at)
    return len(html) if found < 0 else found + len(mark)


def _after_raw(html: str, name: str, at: int) -> int:
    found = re.compile(f"</{name}", re.IGNORECASE).search(html, at)
    return len(html) if found is None else found.end()


def _too_many_attributes(html: str) -> int | None:
    start = 0
    while (start := html.find("<", start)) >= 0:
        following = html.find("<", start + 1)
        end = len(html) if following < 0 else following
        if end - start > LONG_TAG and html[start + 1 : start + 2].isalpha():
            at, count = start + 1, 0
            while (match := _ATTRIBUTE.match(html, at)) is not None and not match[1]:
                if match.end() == at:
                    break
                at, count = match.end(), count + 1
                if count > MAX_ATTRIBUTES:
                    return start
            start = max(start + 1, at)
        else:
            start += 1
    return None
