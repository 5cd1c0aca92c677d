"""What people ask of the index: each question is a `.sql` file, a method here, a command."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import pyarrow as pa

from pipeline.errors import UsageError
from pipeline.store import Parameters, Store, rows, sql
from pipeline.url import Refused, canonical

ALL = 1 << 40  # rows
STATES = ("live", "lost", "unverified", "all")
NEW_MS = 30 * 86_400_000  # what `show` calls new


def domain_of(target: str) -> str:
    """The registered domain of a domain, a host or a URL. Raises UsageError."""
    try:
        url = canonical(target if "://" in target else f"http://{target}/", allow_ip=True)
    except Refused as refusal:
        raise UsageError(
            f"{target[:200]!r} is no domain ({refusal.reason}); give one like example.org"
        ) from None
    return url.domain


class Question:
    """One question ready to be asked: its SQL can be shown before it is run."""

    def __init__(self, name: str, parameters: Parameters) -> None:
        self.sql = sql(f"pipeline/index/queries/{name}")
        self.parameters = parameters

    def stream(self, store: Store) -> Generator[pa.RecordBatch, None, None]:
        """To be closed where it is not read to its end: it holds the store until then."""
        yield from store.stream(self.sql, self.parameters)

    def rows(self, store: Store) -> list[dict[str, Any]]:
        return rows(store.query(self.sql, self.parameters))


class Ask(Question):
    """A question in the asker's own SQL."""

    def __init__(self, text: str, parameters: Parameters) -> None:
        self.sql, self.parameters = text, parameters


def overview_questions(domain: str) -> dict[str, Question]:
    """What `show` asks, by the name of the answer."""
    since = int(time.time() * 1000) - NEW_MS
    return {
        "known": Question("known", {"domain": domain}),
        "counts": Question("overview", {"domain": domain, "since": since}),
        "quality": Question("quality", {"domain": domain}),
        "strongest": links(domain, limit=8, per_domain=1),
        "lost": links(domain, state="lost", limit=5),
    }


def links(
    target: str, *, state: str = "live", limit: int = 100, offset: int = 0, per_domain: int = ALL
) -> Question:
    """Backlinks of a target's registered domain, the strongest first.

    per_domain: so many of one referring domain at most.
    """
    return Question(
        "links",
        {
            "domain": domain_of(target),
            "state": state,
            "limit": limit,
            "offset": offset,
            "per_domain": per_domain,
        },
    )


def referring_domains(target: str, *, limit: int = 100, offset: int = 0) -> Question:
    return Question(
        "referring_domains", {"domain": domain_of(target), "limit": limit, "offset": offset}
    )


def domains(*, limit: int = 100, offset: int = 0) -> Question:
    """The domains of the newest snapshot, the best first."""
    return Question("domains", {"limit": limit, "offset": offset})


class Index:
    """For Python: `Index(store).links("example.org")` gives rows."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def links(self, target: str, **options: Any) -> list[dict[str, Any]]:
        return links(target, **options).rows(self.store)

    def referring_domains(self, target: str, **options: Any) -> list[dict[str, Any]]:
        return referring_domains(target, **options).rows(self.store)

    def domains(self, **options: Any) -> list[dict[str, Any]]:
        return domains(**options).rows(self.store)

    def quality(self) -> list[dict[str, Any]]:
        """Every column of every domain in the newest snapshot."""
        return Question("quality_all", {}).rows(self.store)

    def overview(self, target: str) -> dict[str, Any]:
        """Everything that `show` tells, as nested dictionaries."""
        started = time.monotonic()
        domain = domain_of(target)
        answers: dict[str, Any] = {
            name: question.rows(self.store) for name, question in overview_questions(domain).items()
        }
        for single in ("known", "counts", "quality"):
            answers[single] = answers[single][0] if answers[single] else None
        one = {"domain": domain, **answers}
        one["milliseconds"] = int((time.monotonic() - started) * 1000)
        return one

    def status(self) -> dict[str, Any]:
        return Question("status", {}).rows(self.store)[0]
