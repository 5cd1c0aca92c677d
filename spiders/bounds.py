"""Where a hostile page is cut before a parser sees it.

HTML's tree construction is not linear: a start tag that closes an open `<p>` walks up the stack of
open elements (measured in Lexbor: 20,000 nested `<div>` 0.6 s, 40,000 2.3 s), an element's
attributes are compared pairwise (20,000 of them in 150 KB: 0.7 s), and open formatting elements are
built again in every block (400 of them before 4,000 `<p>`: 0.5 s and 200 MB of nodes). A page
within these bounds parses in well under 0.5 s a megabyte; one beyond them is cut there and is not a
complete visit.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

MANY_TAGS = 10_000  # below this no nesting is dear: 0.15 s at most
MAX_DEPTH = 512  # what browsers allow as well
MAX_ATTRIBUTES = 512
LONG_TAG = 2_048  # a megabyte of tags of 1,000 attributes each takes 0.35 s
QUOTED_ENDS = 8  # so often may a `>` hide within quotes before a page is looked at closely
SMALL_PAGE = 64_000  # characters; below this no number of attributes is dear
MAX_COPIES = 200_000  # formatting elements built again: 0.03 s, 20 MB

_ATTRIBUTE = (
    r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+|(?=>)))?+"""
)
_TAG = re.compile(
    r"<(?:!--|(/?)([a-zA-Z][^\s/>]*+)"
    rf"(?:>|(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+({_ATTRIBUTE})?+\s*+(/?)[\s/]*+>?))"
)
_COMMENT_END = re.compile(r"--!?>")
_LONG_TAG = re.compile(rf"<[a-zA-Z][^>]{{{LONG_TAG},}}+")
_ATTRIBUTE_START = re.compile(r"""[\s/"'](?=[^\s/>])""")
_QUOTED_END = re.compile(r"""=\s*+(?:"[^">]*+>|'[^'>]*+>)""")
_FORMATTING = "b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
_DRESSED = re.compile(rf"<(?:{_FORMATTING})[\s/]", re.IGNORECASE)
_ANY_FORMATTING = re.compile(rf"<(/?)(?=(?:{_FORMATTING})[\s/>])", re.IGNORECASE)
_BARE_KINDS = 3 * (_FORMATTING.count("|") + 1)  # equal ones are built again three times at most

_FORMATTERS = frozenset((*_FORMATTING.split("|"), "a"))
_RAW = frozenset(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"])
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}
_FOREIGN = ("svg", "math")
_INTEGRATION = frozenset("foreignobject desc title mi mo mn ms mtext annotation-xml".split())
_VOID = frozenset(
    [
        "area",
        "base",
        "basefont",
        "bgsound",
        "br",
        "col",
        "embed",
        "frame",
        "hr",
        "img",
        "input",
        "keygen",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "html",
        "head",
        "body",
        "frameset",
    ]
)
# Closed by the next of their kind, so that any number of them is no nesting.
_OPTIONAL = frozenset(
    [
        "p",
        "li",
        "td",
        "th",
        "tr",
        "option",
        "optgroup",
        "dd",
        "dt",
        "tbody",
        "thead",
        "tfoot",
        "colgroup",
        "caption",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "button",
        "center",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "header",
        "hgroup",
        "listing",
        "main",
        "menu",
        "nav",
        "ol",
        "pre",
        "search",
        "section",
        "summary",
        "ul",
        "table",
        "select",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "applet",
        "marquee",
        "object",
        "template",
    ]
)


def cut_hostile(html: str) -> tuple[str, str]:
    """The part of a page that is safe to parse, and why it ends there ('' when nothing is cut).

    Reasons: nesting, attributes. Linear in the length, whatever the text.
    """
    tags = html.count("<")
    html = _plain_formatting(html, tags)
    many = tags > MANY_TAGS
    if many or (len(html) > SMALL_PAGE and _may_have_long_tags(html)):
        return _Walk(html).cut(MAX_DEPTH if many else tags)
    return html, ""


def _may_have_long_tags(html: str) -> bool:
    """A tag of many attributes runs on for long without a `>`, or has many of them in quotes."""
    for run in _LONG_TAG.finditer(html):
        starts = _ATTRIBUTE_START.finditer(html, *run.span())
        if next(islice(starts, MAX_ATTRIBUTES, None), None) is not None:
            return True
    hidden = islice(_QUOTED_END.finditer(html), QUOTED_ENDS, None)
    return next(hidden, None) is not None


def _plain_formatting(html: str, tags: int) -> str:
    """The page with `<b>` and its like as unknown elements, where they might be built too often.

    No link, text or place depends on them.
    """
    if tags * (_BARE_KINDS + 3) <= MAX_COPIES:
        return html
    dressed = sum(1 for _ in _DRESSED.finditer(html))
    if tags * dressed <= MAX_COPIES:
        return html
    return _ANY_FORMATTING.sub(r"<\1x-", html)


class _Open(NamedTuple):
    name: str
    foreign: bool  # what stands in it is SVG or MathML, where no end tag is optional
    deep: bool  # counts as nesting


class _Walk:
    """A page's tags in turn, with the elements that stand open at least as long as for a parser."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.stack: list[_Open] = []
        self.open: dict[str, int] = {}
        self.foreign = False
        self.depth = 0
        self.doubt = 0  # elements closed here that a parser may have kept open
        self.merged = 0  # html and body tags: attributes of all of them end in one element

    def cut(self, max_depth: int) -> tuple[str, str]:
        html, at = self.html, 0
        while (match := _TAG.search(html, at)) is not None:
            at = match.end()
            end, name, over, self_closing = match.groups()
            if name is None:
                at = self._after_comment(at)
                continue
            if over is not None or self.merged > MAX_ATTRIBUTES:
                return html[: match.start()], "attributes"
            name = name.lower()
            if end:
                self._close(name)
            elif not (self_closing and self.foreign):
                at = self._start(name, at)
            if self.depth + self.doubt > max_depth:
                return html[: match.start()], "nesting"
        return html, ""

    def _after_comment(self, at: int) -> int:
        if self.html.startswith((">", "->"), at):
            return at + 1
        found = _COMMENT_END.search(self.html, at)
        return len(self.html) if found is None else found.end()

    def _start(self, name: str, at: int) -> int:
        if self.foreign:
            self._push(name, deep=True)
        elif name == "plaintext":
            return len(self.html)
        elif name in _RAW:
            # Within a select only scripts are what they say.
            return at if self.open.get("select") and name != "script" else self._after(name, at)
        elif name in ("html", "body"):
            self.merged += 1
        elif name not in _VOID and not (
            (name == "a" or name in _OPTIONAL) and self.stack and self.stack[-1].name == name
        ):
            self._push(name, deep=name not in _OPTIONAL)
        return at

    def _after(self, name: str, at: int) -> int:
        found = _RAW_END[name].search(self.html, at)
        return len(self.html) if found is None else found.start()

    def _push(self, name: str, *, deep: bool) -> None:
        self.foreign = name in _FOREIGN or (self.foreign and name not in _INTEGRATION)
        self.stack.append(_Open(name, self.foreign, deep))
        self.open[name] = self.open.get(name, 0) + 1
        self.depth += deep

    def _close(self, name: str) -> None:
        """Closes down to `name`; what it passes, save for optional end tags, is in doubt."""
        if not self.open.get(name):
            return
        implied = name in _BLOCKS or name in _FORMATTERS or name in _OPTIONAL
        top = None
        while top is None or top.name != name:
            top = self.stack.pop()
            self.open[top.name] -= 1
            self.depth -= top.deep
            self.doubt += top.name != name and (top.deep or not implied)
        self.foreign = bool(self.stack) and self.stack[-1].foreign
