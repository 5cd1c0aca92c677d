"""A list as links: each row's page, what it links to, and what the list says of it."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pipeline.errors import UsageError
from pipeline.lists.columns import Columns, find, recognised
from pipeline.lists.dates import Order, moment_of, order_of
from pipeline.lists.rows import DELIMITERS, Row, Rows
from pipeline.lists.text import lines, opened, shown
from pipeline.page import NOFOLLOW, SPONSORED, UGC, Kind
from pipeline.url import Refused, Url, canonical

SOME_PAGE = "/*"  # path of a link whose page the list does not tell, of a site that it does
MAX_ANCHOR, MAX_CONTEXT = 300, 120  # characters, as the extractor has them
_HEAD = 50  # rows among which the header is
_ODD = 0.05  # of the characters of a file: from so many on it is no text
_SAMPLE = 1_000  # rows that the order of day and month is taken from
_YES = frozenset("true yes y 1 x ja oui si sí sim wahr vrai verdadero".split())
_NO = frozenset(["", *"- — n/a none null no n 0 false nein non falsch".split()])
_HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")  # and no host with its port
_TYPES: tuple[tuple[str, Kind], ...] = (
    ("image", "img-link"), ("redirect", "redirect"), ("frame", "iframe"), ("form", "form"),
    ("canonical", "canonical"), ("alternate", "alternate"),
)  # fmt: skip


class Listed(NamedTuple):
    """One link of a list, in the order that pages of a site are put in. Times in ms, 0 for none."""

    domain: str
    host: str
    path: str
    target_domain: str
    target: str
    kind: Kind
    https: bool
    rel: int
    last_seen: int
    first_seen: int
    anchor: str
    before: str
    after: str

    @property
    def url(self) -> str:
        return f"{'https' if self.https else 'http'}://{self.host}{self.path}"

    @property
    def page(self) -> tuple[str, str, str]:
        return self.domain, self.host, self.path

    @property
    def names_page(self) -> bool:
        """Does the list tell which page is linked, and not only the site?"""
        return not self.target.endswith(SOME_PAGE)


class Options(NamedTuple):
    """to: registered domains whose links are wanted; empty for all. date: of the list, in ms.
    columns: that the user named. clock: ms since 1970, that no list's date may exceed."""

    to: tuple[str, ...] = ()
    date: int = 0
    order: Order | None = None
    columns: Mapping[str, str] = {}
    allow_ip: bool = False
    clock: int = 0


class Found:
    """What was found in lists. `left`: rows that were left out, by reason."""

    def __init__(self) -> None:
        self.files = self.rows = self.links = 0
        self.left: Counter[str] = Counter()
        self.odd: Counter[str] = Counter()
        self.told: list[str] = []


def read(where: str, options: Options, found: Found) -> Iterator[Listed]:
    """The links of a list, row by row; `found` is kept up. Raises UsageError."""
    name, source = shown(where), opened(where)
    now = options.clock or int(time.time() * 1000)
    with source.file:
        given = lines(source.file, name)
        head = list(itertools.islice(given, _HEAD))
        delimiter = delimiter_of([line for line in head if line is not None])
        rows = Rows(itertools.chain(head, given), delimiter)
        sample = list(itertools.islice(rows, _SAMPLE))
        first = [row.cells for row in sample[:_HEAD]]
        columns = find(first, options.columns, frozenset(options.to))
        if columns is None:
            raise UsageError(_without_urls(name, head))
        if "target" not in columns.at and not options.to:
            raise UsageError(f"{name} does not say what is linked; add --to YOUR-DOMAIN")
        if "target" not in columns.at and len(options.to) > 1:
            raise UsageError(f"{name} does not say what is linked; give it alone, with one --to")
        date = min(options.date or source.changed_ms, now)
        reading = _Reading(columns, sample, date, now, options)
        found.files += 1
        found.told.append(_told(name, columns, reading))
        for row in itertools.chain(sample[columns.rows :], rows):
            found.rows += 1
            yield from reading.links(row, found)
        if rows.too_long:
            found.left["a line too long"] += rows.too_long


def _without_urls(name: str, head: Iterable[str | None]) -> str:
    """head: its first lines, None for one that is too long."""
    known = list(head)
    text = "".join(line for line in known if line)
    if not text.strip() and None not in known:
        return f"{name} is empty; give a table with a column of URLs"
    odd = sum(not (each.isprintable() or each.isspace()) or each == "\ufffd" for each in text)
    if odd >= _ODD * len(text):
        return f"{name} is no table of text; give CSV, or a file of URLs, one a line"
    return f"{name} has no column of URLs; name it with --source-column"


def _told(name: str, columns: Columns, reading: _Reading) -> str:
    kind = f"as of {columns.tool}" if columns.tool else "as a list"
    known = ", ".join(what.replace("_", " ") for what in columns.at)
    told = f"{name} is read {kind}: {known}"
    return told + (
        "; of 3/4/2024 the 3 is the month, or say --dates dmy" if reading.guesses else ""
    )


def delimiter_of(head: Iterable[str]) -> str:
    """What sets cells apart, empty for nothing: by the headers that it makes, or even rows."""
    given = [line for line in head if line.strip()]
    best, most = "", 0
    for delimiter in DELIMITERS:
        rows = (row.cells for row in Rows(given, delimiter))
        known = max((len(recognised(cells)) for cells in rows if len(cells) > 1), default=0)
        if known > most:
            best, most = delimiter, known
    if best or any(recognised([line]) for line in given):
        return best
    for delimiter in DELIMITERS:
        sizes = Counter(len(row.cells) for row in Rows(given, delimiter))
        size, count = sizes.most_common(1)[0] if sizes else (0, 0)
        if size > 1 and count >= 0.8 * sizes.total():
            return delimiter
    return ""


class _Reading:
    """Rows to links. `guesses`: nothing tells which of two numbers is the month."""

    def __init__(
        self, columns: Columns, sample: list[Row], date: int, now: int, options: Options
    ) -> None:
        self.columns, self.date, self.now, self.options = columns, date, now, options
        dates = [
            columns.cell(row.cells, what) for row in sample for what in ("last_seen", "first_seen")
        ]
        seen = options.order or order_of(dates)
        self.order: Order = seen or "mdy"
        self.guesses = seen is None and any(
            moment_of(date) != moment_of(date, "dmy") for date in dates
        )
        to_sites = [] if "target" in columns.at else options.to
        self.targets: list[Url | None] = [some_page(domain) for domain in to_sites]

    def links(self, row: Row, found: Found) -> Iterator[Listed]:
        cell = self.columns.cell
        page = self._url(cell(row.cells, "source"), found)
        if page is None:
            return
        targets = self.targets or [self._url(cell(row.cells, "target"), found)]
        times = self._times(row.cells, found)
        if times is None:
            return
        for target in targets:
            why = self._why_not(page, target)
            if why:
                found.left[why] += 1
            elif target is not None:
                found.links += 1
                yield self._listed(row.cells, page, target, times)

    def _url(self, text: str, found: Found) -> Url | None:
        if not text:
            found.left["no URL"] += 1
            return None
        if text.startswith("//"):
            text = f"https:{text}"
        elif not _HAS_SCHEME.match(text):
            text = f"https://{text}"
        try:
            return canonical(text, allow_ip=self.options.allow_ip)
        except Refused as refusal:
            found.left[f"no URL that can be crawled ({refusal.reason})"] += 1
            return None

    def _why_not(self, page: Url, target: Url | None) -> str:
        if target is None:
            return ""  # told already
        if target.domain == page.domain:
            return "within one site"
        if self.options.to and target.domain not in self.options.to:
            return "to another domain"
        return ""

    def _times(self, cells: list[str], found: Found) -> tuple[int, int] | None:
        """Last and first seen. A link that the list calls lost was not there when it was made."""
        first = self._moment(self.columns.cell(cells, "first_seen"), found)
        last = self._moment(self.columns.cell(cells, "last_seen"), found)
        if not last and self.columns.cell(cells, "lost").casefold() not in _NO:
            last = first
            if not last:
                found.left["lost, without a date"] += 1
                return None
        last = last or self.date
        return last, first if 0 < first < last else 0

    def _moment(self, text: str, found: Found) -> int:
        if not text or text in "-—":
            return 0
        at = moment_of(text, self.order)
        if at is None or at <= 0:
            found.odd["dates that could not be read"] += 1
            return 0
        if at > self.now:
            found.odd["dates in the future, taken for now"] += 1
        return min(at, self.now)

    def _listed(self, cells: list[str], page: Url, target: Url, times: tuple[int, int]) -> Listed:
        cell = self.columns.cell
        return Listed(
            page.domain, page.host, page.path, target.domain, target.url, self._kind(cells),
            page.scheme == "https", self._rel(cells), *times,
            clean(cell(cells, "anchor"), MAX_ANCHOR),
            clean(cell(cells, "before"), 8 * MAX_CONTEXT)[-MAX_CONTEXT:],
            clean(cell(cells, "after"), MAX_CONTEXT),
        )  # fmt: skip

    def _kind(self, cells: list[str]) -> Kind:
        for what, kind in (("image", "img-link"), ("redirect", "redirect"), ("form", "form"),
                           ("frame", "iframe")):  # fmt: skip
            if self._says(cells, what):
                return kind  # type: ignore[return-value]
        said = self.columns.cell(cells, "type").casefold()
        return next((kind for word, kind in _TYPES if word in said), "a")

    def _rel(self, cells: list[str]) -> int:
        words = " ".join(self.columns.cell(cells, what) for what in ("rel", "type")).casefold()
        not_followed = self.columns.cell(cells, "follow").casefold() in _NO - {""}
        return (
            NOFOLLOW * (self._says(cells, "nofollow") or "nofollow" in words or not_followed)
            | UGC * (self._says(cells, "ugc") or "ugc" in words)
            | SPONSORED * (self._says(cells, "sponsored") or "sponsored" in words)
        )

    def _says(self, cells: list[str], what: str) -> bool:
        return self.columns.cell(cells, what).casefold() in _YES


def some_page(domain: str) -> Url:
    """What stands for a page of a site that a list names without one."""
    return Url(f"https://{domain}{SOME_PAGE}", "https", domain, SOME_PAGE, domain)


def clean(text: str, limit: int) -> str:
    """One line without control characters."""
    line = " ".join(text[: limit * 8].split())
    return "".join(each for each in line if each.isprintable())[:limit]
