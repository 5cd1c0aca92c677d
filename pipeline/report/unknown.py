"""What an answer without rows leaves open: that nothing was found, or that nothing can be known."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.index.paging import stamp_of
from pipeline.index.question import Question
from pipeline.store import Parameters, Store, rows, sql
from pipeline.url import domains, is_address

Why = Callable[[Store, Question], str]


def why_nothing(store: Store, question: Question) -> str:
    """Of a question about a target; '' where nothing speaks against that it has rows."""
    name = str(question.parameters.get("domain", ""))
    if is_address(name):
        return (
            f"{name} is an address and no domain: links to addresses are kept only where "
            "crawl.allow_ip is set; ask for the domain that is served from there"
        )
    if name and domains(name).is_suffix:
        return (
            f"{name} is a public suffix: each site below it is a domain of its own, and nothing is "
            f"kept for all of them; ask for one, such as example.{name}"
        )
    return ""


def why_nobody_alike(store: Store, question: Question) -> str:
    """Of `similar`, which asks a snapshot alone."""
    name = str(question.parameters["domain"])
    snapshot = stamp_of(store).snapshot
    if not snapshot:
        return "there is no snapshot yet, and who is alike is told by one: run `backlinks score`"
    asked: Parameters = {"snapshot": snapshot, "domains": [name]}
    if not rows(store.query(sql("pipeline/index/queries/quality_of"), asked)):
        return (
            why_nothing(store, question)
            or f"the newest snapshot does not know {name}: crawl it, then run `backlinks score`"
        )
    return ""
