"""What is erased of a page, host or domain: every table that names one, in one place.

A test holds this against the schema: a table that names a page is here, or says why not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from pipeline.store import Parameters
from pipeline.url import domains

_NAMES = "{names:Array(String)}"
_PREFIXES = "{prefixes:Array(String)}"
_DOMAINS = "{domains:Array(String)}"
_VISIT = (  # the types of two columns of `pages`
    "Tuple(outcome String, status UInt16, incomplete String, final_url String, ip String, "
    "latency_ms UInt32)"
)
_CONTENT = (
    "Tuple(title String, language String, terms Array(String), canonical String, noindex UInt8, "
    "nofollow UInt8, internal UInt32, external UInt32, bytes UInt32)"
)


class Rows(NamedTuple):
    """Rows that tell of a page or a domain, by their columns; they are deleted."""

    table: str
    domain: str
    host: str = ""
    path: str = ""


class Mention(NamedTuple):
    """Other pages' rows that name a page in `columns`; there it is taken out."""

    table: str
    columns: tuple[str, ...]
    where: str
    update: str


ROWS = (
    Rows("links", "source_domain", "page_host", "source_path"),
    Rows("links", "target_domain", "target_host", "target_path"),
    Rows("link_context", "source_domain", "source_host", "source_path"),
    Rows("link_context", "target_domain", "target_host", "target_path"),
    Rows("link_looks", "source_domain", "source_host", "source_path"),
    Rows("link_looks", "target_domain", "target_host", "target_path"),
    Rows("page_links", "domain", "host", "path"),
    Rows("changed_visits", "domain", "host", "path"),
    Rows("pages", "domain", "host", "path"),
    Rows("frontier", "domain", "host", "path"),
    Rows("arrivals", "domain", "host", "path"),
    Rows("page_fates", "domain", "host", "path"),
    Rows("leads", "domain", "host", "path"),
    Rows("leads", "end_domain", "end_host", "end_path"),
    Rows("leads_in", "domain", "host", "path"),
    Rows("leads_in", "end_domain", "end_host", "end_path"),
    Rows("indirect_links", "source_domain", "source_host", "source_path"),
    Rows("indirect_links", "named_domain", "named_host", "named_path"),
    Rows("indirect_links", "target_domain"),
    Rows("whereabouts", "domain"),
    Rows("referrers", "source_domain", "source_host", "source_path"),
    Rows("referrers", "target_domain", "target_host", "target_path"),
    Rows("link_uses", "source_domain"),
    Rows("link_uses", "target_domain"),
    Rows("large_targets", "target_domain"),
    Rows("due_pairs", "source_domain"),
    Rows("due_pairs", "target_domain"),
    Rows("domain_edges", "source_domain"),
    Rows("domain_edges", "target_domain"),
    Rows("domain_quality", "domain"),
    Rows("domain_terms", "domain"),
    Rows("site_countries", "domain"),
    Rows("page_strength", "domain", "host", "path"),
    Rows("page_quality", "domain", "host", "path"),
    Rows("sites", "domain"),
    Rows("graph_referrers", "source_domain"),
    Rows("graph_referrers", "target_domain"),
    Rows("crawled_sites", "domain"),
    Rows("labels", "domain"),
)


def _bare(host: str) -> str:
    """Without its port."""
    return f"if(position({host}, ':') = 0, {host}, replaceRegexpOne({host}, ':[0-9]+$', ''))"


def _page(domain: str, host: str, path: str) -> str:
    """Is the page of these columns suppressed? As `Controls.suppressed` says."""
    if not host:
        return f"{domain} IN {_NAMES}"
    bare = _bare(host)
    return (
        f"{domain} IN {_NAMES} OR {host} IN {_NAMES} OR {bare} IN {_NAMES} OR arrayExists("
        f"p -> startsWith(concat({host}, {path}), p) OR startsWith(concat({bare}, {path}), p), "
        f"{_PREFIXES})"
    )


def _url(url: str, domain: str = "") -> str:
    """Is the page of this URL? Without a column for its domain, by how its host ends."""
    host, path = f"extract({url}, '://([^/]+)')", f"extract({url}, '://[^/]+(/.*)')"
    below = f"arrayExists(n -> endsWith({_bare(host)}, concat('.', n)), {_DOMAINS})"
    return _page(domain or "''", host, path) + ("" if domain else f" OR {below}")


_TARGET = _url("t", "d")


def _tuple(state: str, emptied: int, of: int, kind: str) -> str:
    """A state's value with one of its elements empty."""
    fields = (
        "''" if number == emptied else f"tupleElement(finalizeAggregation({state}), {number})"
        for number in range(1, of + 1)
    )
    return f"CAST(tuple({', '.join(fields)}), '{kind}')"


def _of_visits(table: str) -> tuple[Mention, Mention]:
    """Links in the visits of other pages, and where these lead."""
    return (
        Mention(
            table,
            ("targets", "target_cuts", "kinds"),
            f"arrayExists((t, d) -> {_TARGET}, targets, target_domains)",
            f"targets = arrayFilter((t, d) -> NOT ({_TARGET}), targets, target_domains), "
            f"target_cuts = arrayFilter((c, t, d) -> NOT ({_TARGET}), target_cuts, targets, "
            f"target_domains), kinds = arrayFilter((k, t, d) -> NOT ({_TARGET}), kinds, targets, "
            "target_domains)",
        ),
        Mention(
            table,
            ("leads_to", "leads_domain"),
            f"leads_to != '' AND ({_url('leads_to', 'leads_domain')})",
            "leads_to = '', leads_domain = ''",
        ),
    )


_BRINGS = f"tupleElement(b, 1) IN {_NAMES}"
_VIA = f"arrayExists(v -> {_url('v')}, via)"
_TURN = f"t.5 != '' AND ({_url('t.5', 't.6')})"
_ON = f"leads_on != '' AND ({_url('leads_on')})"
MENTIONS = (
    *(
        Mention(
            table,
            ("via", "leads_on", "opened"),
            f"{_VIA} OR ({_ON})",
            # A way through what is erased is none.
            f"active = active AND NOT ({_VIA}), via = if({_VIA}, [], via), "
            f"hops = if({_VIA}, [], hops), leads_on = if({_ON}, '', leads_on), "
            f"opened = if({_VIA}, [], opened), opened_after = if({_VIA}, [], opened_after), "
            f"closed = if({_VIA}, [], closed), closed_after = if({_VIA}, [], closed_after)",
        )
        for table in ("leads", "leads_in")
    ),
    Mention(
        "page_quality",
        ("brings",),
        f"arrayExists(b -> {_BRINGS}, brings)",
        f"brings = arrayFilter(b -> NOT ({_BRINGS}), brings)",
    ),
    # It is told anew of another link, where there is one.
    Mention(
        "referrers",
        ("named_domain", "target_host", "target_path", "via", "end_url"),
        f"notEmpty(via) AND ({_VIA} OR {_page('named_domain', 'target_host', 'target_path')} "
        f"OR {_url('end_url', 'target_domain')})",
        "named_domain = '', target_host = '', target_path = '', via = [], end_url = ''",
    ),
    Mention(
        "page_fates",
        ("leads_to", "leads_domain"),
        f"leads_to != '' AND ({_url('leads_to', 'leads_domain')})",
        "leads_to = '', leads_domain = ''",
    ),
    Mention(
        "page_fates",
        ("turns",),
        f"arrayExists(t -> {_TURN}, turns)",
        f"turns = arrayFilter(t -> NOT ({_TURN}), turns)",
    ),
    *_of_visits("page_links"),
    *_of_visits("changed_visits"),
    Mention(
        "page_links",
        ("final_url",),
        f"final_url != '' AND ({_url('final_url')})",
        "final_url = ''",
    ),
    Mention(
        "pages",
        ("visit",),
        f"{_url('tupleElement(finalizeAggregation(visit), 4)')}",
        f"visit = initializeAggregation('argMaxState', {_tuple('visit', 4, 6, _VISIT)}, "
        "last_visit)",
    ),
    Mention(
        "pages",
        ("content",),
        f"{_url('tupleElement(finalizeAggregation(content), 4)')}",
        f"content = initializeAggregation('argMaxIfState', {_tuple('content', 4, 9, _CONTENT)}, "
        "last_complete, toUInt8(1))",
    ),
)


def _deletions() -> dict[str, str]:
    """By table, which of its rows go."""
    found: dict[str, list[str]] = defaultdict(list)
    for place in ROWS:
        found[place.table].append(_page(place.domain, place.host, place.path))
    return {table: " OR ".join(conditions) for table, conditions in found.items()}


DELETIONS = _deletions()


def parameters(names: Collection[str]) -> Parameters:
    """For the conditions above."""
    whole = sorted(name for name in names if "/" not in name)
    return {
        "names": whole,
        "prefixes": sorted(name for name in names if "/" in name),
        "domains": [n for n in whole if domains(n) == (n, domains(n).icann, False)],
    }
