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

MANY_TAGS = 10_000  # below this no nesting is dear: 0.15 s at most
MAX_DEPTH = 512  # what browsers allow as well
MAX_ATTRIBUTES = 512
LONG_TAG = 2_048  # a megabyte of tags of 1,000 attributes each takes 0.35 s
QUOTED_ENDS = 8  # so often may a `>` hide within quotes before a page is looked at closely
SMALL_PAGE = 64_000  # characters; below this no number of attributes is dear
MAX_COPIES = 500_000  # formatting elements built again: 0.1 s, 60 MB

_ATTRIBUTE = (
    r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+|(?=>)))?+"""
)
_TAG = re.compile(
    r"<(?:!--|(/?)([a-zA-Z][^\s/>]*+)"
    rf"(?:>|(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+({_ATTRIBUTE})?+\s*+(/?)[\s/]*+>?))"
)
# Most tags of the pages of most tags (listings in colours), and no nesting: passed in one go.
_LEAVES = re.compile(
    r"""(?:[^<]*+<span(?:[ ][a-z-]++=(?:"[^"]*+"|[\w-]++)){0,9}+>[^<]*+</span>)++"""
)
_COMMENT_END = re.compile(r"--!?>")
_LONG_TAG = re.compile(rf"<[a-zA-Z][^>]{{{LONG_TAG},}}+")
_ATTRIBUTE_START = re.compile(r"""[\s/"'](?=[^\s/>])""")
_QUOTED_END = re.compile(r"""=\s*+(?:"[^">]*+>|'[^'>]*+>)""")
_FORMATTING = "b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
_DRESSED = re.compile(rf"<(?:{_FORMATTING})[\s/]", re.IGNORECASE)
_ANY_FORMATTING = re.compile(rf"<(/?)(?=(?:{_FORMATTING})[\s/>])", re.IGNORECASE)
_BARE_KINDS = 3 * (_FORMATTING.count("|") + 1)  # equal ones are built again three times at most

_RAW = frozenset("script style textarea title xmp iframe noembed noframes".split())
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}
_SPECIAL = _RAW | {"html", "body", "plaintext", "a"}
# Of an open element: it counts as nesting; what stands in it is SVG, is MathML, may be either or
# HTML (so it counts whatever it is).
_DEEP, _SVG, _MATH, _UNSURE = 1, 2, 4, 8
_INSIDE = _SVG | _MATH | _UNSURE
_FOREIGN = {"svg": _SVG, "math": _MATH}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Where HTML goes on within SVG and MathML, and what ends them without an end tag.
_INTEGRATION = {
    _SVG: _names("foreignobject desc title"),
    _MATH: _names("mi mo mn ms mtext"),
    _UNSURE: frozenset[str](),
}
_BREAKING = _names(
    "b big blockquote body br center code dd div dl dt em embed font h1 h2 h3 h4 h5 h6 head hr i "
    "img li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul "
    "var annotation-xml"
)
_VOID = _names(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source "
    "track wbr head frameset"
)
# Closed by the next of their kind, so that any number of them is no nesting.
_OPTIONAL = _names("p li td th tr option optgroup dd dt tbody thead tfoot colgroup caption")
_FORMATTERS = frozenset(["a", *_FORMATTING.split("|")])
_BLOCKS = _names(
    "address article aside blockquote button center details dialog dir div dl fieldset figcaption "
    "figure footer header hgroup listing main menu nav ol pre search section summary ul table "
    "select h1 h2 h3 h4 h5 h6 applet marquee object template"
)
_IMPLYING = _OPTIONAL | _FORMATTERS | _BLOCKS


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
    at = 0
    while (run := _long_run(html, at)) is not None:
        for tag in _LONG_TAG.finditer(html, *run):
            starts = _ATTRIBUTE_START.finditer(html, *tag.span())
            if next(islice(starts, MAX_ATTRIBUTES, None), None) is not None:
                return True
        at = run[1]
    hidden = islice(_QUOTED_END.finditer(html), QUOTED_ENDS, None)
    return next(hidden, None) is not None


def _long_run(html: str, at: int) -> tuple[int, int] | None:
    """Where the next long part without a `>` begins and ends, looked for in strides."""
    while at + LONG_TAG <= len(html):
        last = html.rfind(">", at, at + LONG_TAG)
        if last < 0:
            end = html.find(">", at + LONG_TAG)
            return at, len(html) if end < 0 else end
        at = last + 1
    return None


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


class _Walk:
    """A page's tags in turn, with the elements that stand open at least as long as for a parser."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.names: list[str] = []
        self.marks: list[int] = []  # of each open element: _DEEP, _INSIDE
        self.open: dict[str, int] = {}
        self.mark = 0
        self.depth = 0
        self.doubt = 0  # elements closed here that a parser may have kept open
        self.merged = 0  # html and body tags: attributes of all of them end in one element

    def cut(self, max_depth: int) -> tuple[str, str]:
        html, at = self.html, 0
        search, leaves = _TAG.search, _LEAVES.match
        while True:
            if not self.mark & _INSIDE and self.depth + self.doubt < max_depth:
                passed = leaves(html, at)
                at = at if passed is None else passed.end()
            match = search(html, at)
            if match is None:
                return html, ""
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
            elif self.mark & _INSIDE:
                self._start_inside(name, bool(self_closing))
            elif name not in _VOID:
                at = self._start(name, at)
            if self.depth + self.doubt > max_depth:
                return html[: match.start()], "nesting"

    def _after_comment(self, at: int) -> int:
        if self.html.startswith((">", "->"), at):
            return at + 1
        found = _COMMENT_END.search(self.html, at)
        return len(self.html) if found is None else found.end()

    def _start(self, name: str, at: int) -> int:
        if name in _OPTIONAL:
            if self.names[-1:] != [name]:
                self._push(name, 0)
        elif name not in _SPECIAL:
            self._push(name, _DEEP | _FOREIGN.get(name, 0))
        elif name in ("html", "body"):
            self.merged += 1
        elif name == "plaintext":
            return len(self.html)
        elif name == "a":
            if self.names[-1:] != ["a"]:  # an a closes the a before it
                self._push(name, _DEEP)
        elif name == "script" or not self.open.get("select"):
            # Within a select only scripts are what they say.
            found = _RAW_END[name].search(self.html, at)
            return len(self.html) if found is None else found.start()
        return at

    def _start_inside(self, name: str, self_closing: bool) -> None:
        if name in _BREAKING:
            self._doubt_inside()
        inside = self.mark & _INSIDE
        if not self_closing or inside == _UNSURE:
            self._push(name, _DEEP | (0 if name in _INTEGRATION[inside] else inside))

    def _doubt_inside(self) -> None:
        self.mark = self.marks[-1] = self.marks[-1] & _DEEP | _UNSURE

    def _push(self, name: str, mark: int) -> None:
        self.mark = mark
        self.names.append(name)
        self.marks.append(mark)
        self.open[name] = self.open.get(name, 0) + 1
        self.depth += mark & _DEEP

    def _close(self, name: str) -> None:
        """Closes down to `name`; what it passes, save for optional end tags, is in doubt."""
        if self.mark & _INSIDE and name in ("p", "br"):
            self._doubt_inside()
        if not self.open.get(name):
            return
        self.open[name] -= 1
        while (top := self.names.pop()) != name:
            self.open[top] -= 1
            deep = self.marks.pop() & _DEEP
            self.depth -= deep
            if name in _FORMATTERS and top in _FORMATTERS:
                continue  # `<b><i></b></i>`: a parser closes both as well
            self.doubt += deep or name not in _IMPLYING
        self.depth -= self.marks.pop() & _DEEP
        self.mark = self.marks[-1] if self.marks else 0
