"""What people ask of the index: each question is a `.sql` file, a method here, a command."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.index import outward, profile, prospects
from pipeline.index import profile_rows as more
from pipeline.index.answer import Answer
from pipeline.index.backlinks import Links, filtered
from pipeline.index.options import checked
from pipeline.index.overview import overview
from pipeline.index.paging import Key
from pipeline.index.question import LIMIT, Paged, Question
from pipeline.index.rows import Anchor, Backlink, ReferringDomain, TargetPage, Term
from pipeline.index.target import Mode, target_of
from pipeline.index.used import Used
from pipeline.store import Store

_COUNTS = {"referring_domains": int, "links": int}  # what most have comes first


@checked
def refs(
    target: str,
    mode: Mode | None = None,
    *,
    limit: int = LIMIT,
    after: str | None = None,
    **filters: Any,
) -> Paged:
    """The referring domains of a target, by authority.

    filters: state, rel, authority, country, since, until and those of spam risk, as of links.
    """
    kept = filtered(filters).parameters()
    found = target_of(target, mode)
    names = (
        "state", "rel", "authority", "country", "since", "until", "least_risk", "most_risk",
        "unknown_risk",
    )  # fmt: skip
    parameters = {**found.parameters(), **{name: kept[name] for name in names}}
    keys = {"authority": float, "source_domain": str}
    # Of a whole domain the rollup has them all, but for those that only a web graph knows.
    is_rolled = found.is_whole and kept["state"] in ("live", "lost")
    file = "refs_rolled" if is_rolled else "refs"
    return Paged("refs", parameters, keys=keys, limit=limit, after=after, file=file)


@checked
def anchors(
    target: str,
    mode: Mode | None = None,
    *,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """The anchor texts of a target's live links, those that most domains use first."""
    keys = {**_COUNTS, "anchor": str}
    return Used(
        "anchors", target_of(target, mode).parameters(), keys=keys, limit=limit, after=after
    )


@checked
def terms(
    target: str,
    mode: Mode | None = None,
    *,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """The words in the anchor texts of a target's live links, those that most domains use first."""
    keys = {**_COUNTS, "term": str}
    return Used("terms", target_of(target, mode).parameters(), keys=keys, limit=limit, after=after)


@checked
def pages(
    target: str,
    mode: Mode | None = None,
    *,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """The pages of a target that live links point to, those that most domains link first."""
    keys = {**_COUNTS, "url": str}
    return Used(
        "target_pages", target_of(target, mode).parameters(), keys=keys, limit=limit, after=after
    )


@checked
def domains(*, limit: int = LIMIT, after: str | None = None) -> Paged:
    """The domains of the newest snapshot, the best first."""
    keys = {"place": float, "harmonic_rank": float, "domain": str}
    return Domains("domains", {}, keys=keys, limit=limit, after=after)


class Domains(Paged):
    """Ordered by the rank that is known."""

    def key_of(self, row: Mapping[str, Any]) -> list[Key]:
        rank = row["harmonic_rank"] if row["rank"] is None else row["rank"]
        return [rank, row["harmonic_rank"], row["domain"]]


class Index:
    """For Python: `for link in Index(store).links("example.org")`. See `Answer`.

    Each takes `limit`, and `after`, which is the `next` of the page before. All raise UsageError
    for what they can't take.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def links(self, target: str, mode: Mode | None = None, **options: Any) -> Answer[Backlink]:
        """See `Links` and `Filters`."""
        return Answer(self.store, Links(target, mode, **options), Backlink)

    def refs(
        self, target: str, mode: Mode | None = None, **options: Any
    ) -> Answer[ReferringDomain]:
        return Answer(self.store, refs(target, mode, **options), ReferringDomain)

    def anchors(self, target: str, mode: Mode | None = None, **options: Any) -> Answer[Anchor]:
        return Answer(self.store, anchors(target, mode, **options), Anchor)

    def terms(self, target: str, mode: Mode | None = None, **options: Any) -> Answer[Term]:
        return Answer(self.store, terms(target, mode, **options), Term)

    def pages(self, target: str, mode: Mode | None = None, **options: Any) -> Answer[TargetPage]:
        return Answer(self.store, pages(target, mode, **options), TargetPage)

    def networks(
        self, target: str, mode: Mode | None = None, **options: Any
    ) -> Answer[more.Network]:
        return Answer(self.store, profile.networks(target, mode, **options), more.Network)

    def places(self, target: str, mode: Mode | None = None, **options: Any) -> Answer[more.Place]:
        return Answer(self.store, profile.places(target, mode, **options), more.Place)

    def history(self, target: str, mode: Mode | None = None, **options: Any) -> Answer[more.Period]:
        return Answer(self.store, profile.history(target, mode, **options), more.Period)

    def change_counts(
        self, target: str, mode: Mode | None = None, **options: Any
    ) -> Answer[more.ChangeCount]:
        return Answer(self.store, profile.change_counts(target, mode, **options), more.ChangeCount)

    def changes(self, target: str, mode: Mode | None = None, **options: Any) -> Answer[more.Change]:
        return Answer(self.store, profile.changes(target, mode, **options), more.Change)

    def broken(
        self, target: str, mode: Mode | None = None, **options: Any
    ) -> Answer[more.BrokenLink]:
        return Answer(self.store, prospects.broken(target, mode, **options), more.BrokenLink)

    def broken_pages(
        self, target: str, mode: Mode | None = None, **options: Any
    ) -> Answer[more.BrokenPage]:
        return Answer(self.store, prospects.broken_pages(target, mode, **options), more.BrokenPage)

    def gap(
        self, mine: str, others: Sequence[str], mode: Mode | None = None, **options: Any
    ) -> Answer[more.Gap]:
        return Answer(self.store, prospects.gap(mine, others, mode, **options), more.Gap)

    def similar(self, domain: str, **options: Any) -> Answer[more.Similar]:
        return Answer(self.store, prospects.similar(domain, **options), more.Similar)

    def outlinks(
        self, source: str, mode: Mode | None = None, **options: Any
    ) -> Answer[more.Outlink]:
        return Answer(self.store, outward.outlinks(source, mode, **options), more.Outlink)

    def outlink_counts(
        self, source: str, mode: Mode | None = None, **options: Any
    ) -> Answer[more.OutlinkCount]:
        return Answer(
            self.store, outward.outlink_counts(source, mode, **options), more.OutlinkCount
        )

    def between(
        self, one: str, other: str, mode: Mode | None = None, **options: Any
    ) -> Answer[more.LinkBetween]:
        return Answer(self.store, outward.between(one, other, mode, **options), more.LinkBetween)

    def domains(self, **options: Any) -> list[dict[str, Any]]:
        return domains(**options).rows(self.store)

    def quality(self) -> list[dict[str, Any]]:
        """Every column of every domain in the newest snapshot."""
        return Question("quality_all", {}).rows(self.store)

    def overview(self, target: str, mode: Mode | None = None) -> dict[str, Any]:
        """Everything that `show` tells, as nested dictionaries."""
        started = time.monotonic()
        found = overview(self.store, target, mode)
        found["milliseconds"] = int((time.monotonic() - started) * 1000)
        return found

    def why(self, target: str, **options: Any) -> dict[str, Any]:
        """Every score of a target's domain with its reasons, as nested dictionaries: see `why`."""
        from pipeline.index.why import why  # numba with it, which takes a second to import

        return why(self.store, target, **options)

    def status(self) -> dict[str, Any]:
        return Question("status", {}).rows(self.store)[0]
