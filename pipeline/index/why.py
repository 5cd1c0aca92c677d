"""Why a domain's scores are what they are: what `show DOMAIN --why` tells."""

from __future__ import annotations

import time
from typing import Any

from pipeline.index.question import Question
from pipeline.index.target import Mode, target_of
from pipeline.index.without import LINKS, strongest, without
from pipeline.quality.confidence import reasons
from pipeline.quality.marks import marks, shows_numbers
from pipeline.store import Store

PAGES = 5


def why_questions(target: str, mode: Mode | None = None) -> dict[str, Question]:
    """By the name of the answer; of the newest snapshot, as the others are of its row."""
    about = target_of(target, mode)
    found = {
        "quality": Question("quality", {"domain": about.domain}),
        "evidence": Question("evidence", {"domain": about.domain}),
    }
    if about.mode == "url":
        found["page"] = Question("page_authority", about.parameters())
    return found


def why(
    store: Store, target: str, mode: Mode | None = None, *, links: int = LINKS, pages: int = PAGES
) -> dict[str, Any]:
    """The scores of a target's domain in the newest snapshot, with their reasons.

    links: how many of the strongest referring domains; pages: how many of its own. `quality` is
    None where no snapshot has the domain, and the rest is empty then. `page` is what is known of
    the target itself where that is a URL, else None. Raises UsageError for a target that is none.
    """
    started = time.monotonic()
    asked = why_questions(target, mode)
    found: dict[str, Any] = {"target": target.strip(), "domain": target_of(target, mode).domain}
    row = next(iter(asked["quality"].rows(store)), None)
    found["quality"] = row
    page = asked["page"].rows(store) if row and "page" in asked else []
    found["page"] = next(iter(page), None)
    found |= _reasons(store, row, asked["evidence"], links, pages) if row else _NOTHING
    found["milliseconds"] = int((time.monotonic() - started) * 1000)
    return found


_NOTHING: dict[str, Any] = {
    "confidence": None, "evidence": [], "risk": [], "marks": [], "links": [], "without": [],
    "pages": [],
}  # fmt: skip


def _reasons(
    store: Store, row: dict[str, Any], evidence: Question, links: int, pages: int
) -> dict[str, Any]:
    told = evidence.rows(store)
    best = strongest(store, row["snapshot"], row["domain"], links)
    ranked = {each["measure"]: each["n"] for each in told}
    gone = without(
        store, row, [edge["source_domain"] for edge in best], n=ranked.get("trusted_harmonic")
    )
    under = {"snapshot": row["snapshot"], "domain": row["domain"], "limit": pages}
    return {
        "confidence": {
            "level": row["confidence"],
            "numbers": shows_numbers(row),
            "reasons": [reason._asdict() for reason in reasons(row)],
        },
        "evidence": told,
        "risk": row.get("risk_reasons") or [],
        "marks": [mark._asdict() for mark in marks(row)],
        "links": best,
        "without": [each._asdict() for each in gone],
        "pages": Question("page_scores", under).rows(store),
    }
