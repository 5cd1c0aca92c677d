"""Links that could be had: to pages that are gone, from who links to others, from who is alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from pipeline.errors import UsageError
from pipeline.index.alone import AlonePaged
from pipeline.index.backlinks import country_named, language_named
from pipeline.index.options import checked
from pipeline.index.question import LIMIT, UNKNOWN, Paged
from pipeline.index.target import Mode, domain_of, target_of

By = Literal["both", "text", "links"]
BYS: tuple[By, ...] = get_args(By)
_OTHERS = 100  # domains that one question compares with


@checked
def broken(
    target: str,
    mode: Mode | None = None,
    *,
    followed: bool = False,
    authority: float | None = None,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """Live backlinks of pages that are gone, the strongest first.

    followed: these alone. authority: at least, of the domain that links. Raises UsageError.
    """
    return AlonePaged(
        "broken",
        _broken(target, mode, followed, authority),
        keys={
            "authority": float, "source_domain": str, "source_url": str, "target_url": str,
            "kind": str,
        },
        limit=limit,
        after=after,
    )  # fmt: skip


@checked
def broken_pages(
    target: str,
    mode: Mode | None = None,
    *,
    followed: bool = False,
    authority: float | None = None,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """The pages that such links point to, with the best link to each.

    followed: pages with one at least. authority: of the strongest domain. Raises UsageError.
    """
    return AlonePaged(
        "broken_pages",
        _broken(target, mode, followed, authority),
        keys={"authority": float, "referring_domains": int, "url": str},
        limit=limit,
        after=after,
    )


@checked
def gap(
    mine: str,
    others: Sequence[str],
    mode: Mode | None = None,
    *,
    at_least: int = 1,
    followed: bool = False,
    authority: float | None = None,
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """Domains with live links to `at_least` of the others and none to mine, the strongest first.

    others: registered domains, or hosts and URLs on them. followed: with a followed link to one.
    Raises UsageError.
    """
    found = target_of(mine, mode)
    against = sorted({domain_of(other) for other in others} - {found.domain})
    if not against:
        raise UsageError(f"name a domain other than {found.domain} to compare with: --vs DOMAIN")
    if len(against) > _OTHERS:
        raise UsageError(f"{len(against)} domains to compare with; give {_OTHERS} at most")
    if at_least > len(against):
        raise UsageError(
            f"no domain can link to {at_least} of {len(against)}; name more, or lower --at-least"
        )
    return Paged(
        "gap",
        {
            **found.parameters(),
            "others": against,
            "at_least": at_least,
            "followed_only": int(followed),
            "least_authority": UNKNOWN if authority is None else authority,
        },
        keys={"authority": float, "sites": int, "source_domain": str},
        limit=limit,
        after=after,
    )


@checked
def similar(
    domain: str,
    *,
    by: By = "both",
    language: str = "",
    country: str = "",
    limit: int = LIMIT,
    after: str | None = None,
) -> Paged:
    """Domains like another, the nearest first, each with what speaks for it.

    domain: registered, or a host or URL on it. by: what its pages say, who links to both, or both.
    language, country: of these alone, in two letters. Raises UsageError.
    """
    return Paged(
        "similar",
        {
            "domain": domain_of(domain),
            "by": by,
            "language": language_named(language),
            "country": country_named(country),
        },
        keys={"place": float, "domain": str},
        limit=limit,
        after=after,
    )


def _broken(
    target: str, mode: Mode | None, followed: bool, authority: float | None
) -> dict[str, str | int | float]:
    return {
        **target_of(target, mode).parameters(),
        "followed_only": int(followed),
        "least_authority": UNKNOWN if authority is None else authority,
    }
