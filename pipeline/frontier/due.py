"""When a page is due again: a pure function of its record, so that redelivery changes nothing."""

from __future__ import annotations

import msgspec

from pipeline.page import Page
from pipeline.settings import RevisitSettings

_LISTS = ("sitemap", "feed")  # no evidence of a loss, but read whole
_NOT_HAD = "robots.txt: "  # and why; without a reason, the file was read, and forbids
# What does not pass in an hour: for a page these are `refused`, which is no failure either.
_LASTING = tuple(
    _NOT_HAD + why for why in ("too many wildcards", "private", "port", "size", "headers")
)


class Next(msgspec.Struct, frozen=True):
    due_s: int  # since 1970
    interval_s: int
    failures: int  # in a row


def next_visit(page: Page, policy: RevisitSettings) -> Next:
    """Half the interval where the external links changed, half as long again where not.

    A visit that can't tell, such as one that robots.txt forbade, leaves the interval as it is. One
    whose robots.txt could not be had is a failure.
    """
    now = page.fetched_at // 1000
    asked = page.request
    interval = asked.interval_s
    if _failed(page):
        failures = min(asked.attempt + 1, 12)
        wait = min(policy.failed_s * 4 ** (failures - 1), policy.longest_s)
        return Next(now + wait, interval, failures)
    if page.outcome == "gone":
        return Next(now + policy.gone_s, interval, 0)
    if not interval:
        interval = policy.first_s
    elif page.outcome == "not_modified" or page.digest == asked.digest:
        interval = interval * 3 // 2
    elif page.complete or page.outcome == "redirect" or page.incomplete in _LISTS:
        interval //= 2
    interval = max(policy.shortest_s, min(interval, policy.longest_s))
    return Next(now + interval, interval, 0)


def _failed(page: Page) -> bool:
    if page.outcome == "robots":
        return page.incomplete.startswith(_NOT_HAD) and page.incomplete not in _LASTING
    if page.outcome == "ok":
        return not page.complete and page.incomplete in ("challenge", "cut")
    return page.outcome in ("error", "timeout", "blocked")
