"""Domains whose links to a target somebody may want to disavow, each with its reasons.

What Google takes, as its help says: a text file whose name ends in .txt, in UTF-8 or ASCII, of 2 MB
and 100,000 lines at most; `domain:` and a name a line, or a URL of at most 2,048 characters; lines
that begin with # are comments. Only domains are written here: a bad page rarely comes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple

from pipeline.index.snapshots import Snapshot
from pipeline.labels import Label
from pipeline.platforms import platforms
from pipeline.quality.marks import marks
from pipeline.quality.verdict import verdict
from pipeline.store import Parameters, Store, rows, sql
from pipeline.url import domains

MOST_LINES, MOST_BYTES = 100_000, 2_000_000
MOST_REASON = 300  # characters of a comment


class Candidate(NamedTuple):
    """`kept`: why it never is disavowed, '' where it may be. `weight`: the greatest is surest."""

    domain: str
    reasons: tuple[str, ...]
    kept: str
    weight: float
    links: int
    followed: int
    pages: int
    authority: float | None


def candidates(store: Store, snapshot: Snapshot, target: str) -> Iterator[Candidate]:
    """Those that something speaks against, the surest first. Of all that link, they are held."""
    asked: Parameters = {"snapshot": snapshot.snapshot, "target": target}
    answer: Any = store.stream(sql("pipeline/export/referrers"), asked)
    with closing(answer) as batches:
        found = [
            one
            for batch in batches
            for row in rows(batch)
            if (one := candidate(row, target)) is not None
        ]
    return iter(sorted(found, key=lambda one: (-one.weight, one.domain)))


def candidate(row: Mapping[str, Any], target: str) -> Candidate | None:
    """row: of referrers.sql. None where nothing speaks against it."""
    said = _said(row)
    reasons, weight = _reasons(row, said)
    if not reasons:
        return None
    return Candidate(
        row["domain"], tuple(reasons), never(row["domain"], target, said, row["is_platform"]),
        weight, row["links_here"], row["follow_links_here"], row["pages_here"], row["authority"],
    )  # fmt: skip


def _said(row: Mapping[str, Any]) -> Label | None:
    if not row["label"]:
        return None
    return Label(row["domain"], row["label"], row["label_note"], row["label_who"], row["label_at"])


def _reasons(row: Mapping[str, Any], said: Label | None) -> tuple[list[str], float]:
    """What speaks against it, what people say first, and how much it weighs."""
    reasons, weight = [], 0.0
    if said is not None and said.label == "bad":
        reasons.append(f"labelled bad by {said.said}")
        weight += 1_000
    if verdict(row, None).flagged:
        reasons.append(f"spam risk {row['spam_risk']:.0f} of 100")
        reasons += [mark.text for mark in marks(row)]
        weight += row["spam_risk"]
    return reasons, weight


def never(domain: str, target: str, said: Label | None, is_platform: bool = False) -> str:
    """Why a domain must not be disavowed; '' where nothing stands against it."""
    if said is not None and said.label in ("ok", "ours", "platform"):
        return f"labelled {said.label} by {said.said}"
    if domains(domain).is_suffix:
        return "a public suffix: the sites of many owners"
    if is_platform or domain in platforms():
        return "a platform: the sites of many owners"
    if domain == target:
        return "the target itself"
    return ""


class Disavowed(NamedTuple):
    """`text`: the file. `left_out`: domains for which there was no room, the least sure."""

    text: str
    domains: int
    left_out: int


def disavow_file(head: Iterable[str], chosen: Iterable[tuple[str, str]]) -> Disavowed:
    """chosen: domains, the surest first, each with its reasons or ''.

    Where the reasons don't fit they are left out before any domain is. Texts must be safe to show.
    """
    found = list(dict(chosen).items())
    first = [_comment(line) for line in head]
    for with_reasons in (True, False):
        lines, taken = _within(first, found, with_reasons)
        if taken == len(found):
            break
    return Disavowed("".join(f"{line}\n" for line in lines), taken, len(found) - taken)


def _within(
    head: list[str], found: list[tuple[str, str]], with_reasons: bool
) -> tuple[list[str], int]:
    lines, size = list(head), sum(len(line.encode()) + 1 for line in head)
    for taken, (domain, reasons) in enumerate(found):
        some = [_comment(reasons)] if with_reasons and reasons else []
        some.append(f"domain:{domain}")
        more = sum(len(line.encode()) + 1 for line in some)
        if len(lines) + len(some) > MOST_LINES or size + more > MOST_BYTES:
            return lines, taken
        lines += some
        size += more
    return lines, len(found)


def _comment(text: str) -> str:
    """One line, whatever is in it; of a long one the words that there is room for, and "…"."""
    words = " ".join(text.split())
    if len(words) > MOST_REASON:
        room = words[:MOST_REASON]  # one more than the words may take, for the mark behind them
        words = (room.rpartition(" ")[0] or room[:-1]).rstrip(" ,;") + "…"
    return f"# {words}"
