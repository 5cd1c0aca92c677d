"""The links that pages of a domain hold: to everybody, and to and fro between two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from pipeline.errors import UsageError
from pipeline.index.backlinks import Rel, State
from pipeline.index.options import checked
from pipeline.index.question import LIMIT, Paged
from pipeline.index.target import Mode, domain_of, target_of

Per = Literal["domain", "page"]
PERS: tuple[Per, ...] = get_args(Per)


def is_page(source: str, mode: Mode | None = None) -> bool:
    """One page is meant, and not many. Raises UsageError."""
    return target_of(source, mode).mode == "url"


@checked
def outlinks(
    source: str,
    mode: Mode | None = None,
    *,
    state: State = "live",
    rel: Rel = "",
    to: Sequence[str] = (),
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """The external links on the pages of a source, by page.

    rel: followed, nofollow, ugc or sponsored. to: domains that are linked, all without any.
    Raises UsageError.
    """
    return Paged(
        "outlinks",
        {
            **target_of(source, mode).parameters(),
            "state": state,
            "rel": rel,
            "targets": sorted({domain_of(one) for one in to}),
        },
        keys={"page": str, "target_url": str, "kind": str},
        limit=limit,
        after=after,
    )


@checked
def outlink_counts(
    source: str,
    mode: Mode | None = None,
    *,
    per: Per = "domain",
    state: State = "live",
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """What a source links to by domain, or from which of its pages it does, the most first.

    state: of at least one of the links. Raises UsageError.
    """
    return Paged(
        "outlink_counts",
        {**target_of(source, mode).parameters(), "by": per, "state": state},
        keys={"live": int, "name": str},
        limit=limit,
        after=after,
    )


@checked
def between(
    one: str,
    other: str,
    mode: Mode | None = None,
    *,
    state: State = "all",
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """All links between two targets, those to the first before those to the other.

    Raises UsageError, also where both are of one domain.
    """
    first, second = target_of(one, mode), target_of(other, mode)
    if first.domain == second.domain:
        raise UsageError(
            f"{one[:100]!r} and {other[:100]!r} are both of {first.domain}, and links within a "
            "domain are not kept; name two domains"
        )
    return Paged(
        "between",
        {
            **first.parameters(),
            "other": second.domain,
            "other_under": second.under,
            "state": state,
        },
        keys={"target_domain": str, "source_url": str, "target_url": str, "kind": str},
        limit=limit,
        after=after,
    )
