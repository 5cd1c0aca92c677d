"""What moved between two snapshots, by rank alone, and what caused it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.index.question import Question
from pipeline.index.snapshots import Snapshot, quality_of
from pipeline.quality.marks import marks, percentile
from pipeline.store import Store

EACH = 3  # referring domains that are named of those won, lost, risen and fallen
_AT_ONCE = 1_000  # domains whose causes are asked for together
_FAR = 5.0  # percentile points that another measure has moved

_END = pa.struct(
    [("domain", pa.string()), ("rank_before", pa.float64()), ("rank_after", pa.float64())]
)
_KINDS = ("gained", "lost", "risen", "fallen")
SCHEMA = pa.schema(
    [
        ("domain", pa.string()),
        ("change", pa.string()),
        ("rank_before", pa.float64()),
        ("rank_after", pa.float64()),
        ("percentile_before", pa.float64()),
        ("percentile_after", pa.float64()),
        *((kind, pa.uint64()) for kind in _KINDS),
        ("because", pa.string()),
        *((f"{kind}_referrers", pa.list_(_END)) for kind in _KINDS),
        ("evidence", pa.list_(pa.string())),
    ]
)


class Pair(NamedTuple):
    before: Snapshot
    after: Snapshot

    @property
    def is_seeded(self) -> bool:
        """Both have authority, and are compared by it."""
        return self.before.is_seeded and self.after.is_seeded

    def parameters(self) -> dict[str, Any]:
        return {
            "before": self.before.snapshot, "after": self.after.snapshot,
            "seeded": int(self.is_seeded),
        }  # fmt: skip

    def unlike(self) -> list[str]:
        """What was done otherwise, so that ranks moved for it alone."""
        names = {
            "formula": "the formula", "seeds_sha256": "the trusted seeds",
            "edge_filter": "the edge filter", "damping": "the damping",
            "suffix_list": "the public suffix list",
        }  # fmt: skip
        one, other = self.before.manifest, self.after.manifest
        return [told for name, told in names.items() if one.get(name) != other.get(name)]


def difference(
    store: Store, pair: Pair, domains: Sequence[str], limit: int
) -> Iterator[pa.RecordBatch]:
    """Those that moved furthest, the furthest first; of the named ones all. Rows as SCHEMA."""
    asked = {**pair.parameters(), "domains": list(domains), "limit": limit}
    moved = Question("moved", asked).rows(store)
    for first in range(0, len(moved), _AT_ONCE):
        some = moved[first : first + _AT_ONCE]
        yield pa.RecordBatch.from_pylist(list(_with_causes(store, pair, some)), SCHEMA)


def _with_causes(store: Store, pair: Pair, moved: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    names = [row["domain"] for row in moved]
    ends: dict[str, dict[str, Any]] = defaultdict(dict)
    asked = {**pair.parameters(), "domains": names, "each": EACH}
    for found in Question("moved_referrers", asked).rows(store):
        ends[found["domain"]][found["what"]] = found
    before = quality_of(store, pair.before.snapshot, names)
    after = quality_of(store, pair.after.snapshot, names)
    for row in moved:
        name = row["domain"]
        evidence = list(changed(pair, before.get(name), after.get(name)))
        yield _row(row, ends[name], evidence)


def _row(row: Mapping[str, Any], ends: Mapping[str, Any], evidence: list[str]) -> dict[str, Any]:
    best = {kind: [_end(one) for one in ends[kind]["best"]] if kind in ends else []
            for kind in _KINDS}  # fmt: skip
    counts = {kind: int(ends[kind]["count"]) if kind in ends else 0 for kind in _KINDS}
    told = [_sentence(kind, counts[kind], best[kind]) for kind in _KINDS if counts[kind]]
    return {
        **{name: row[name] for name in SCHEMA.names if name in row},
        **counts,
        "because": "; ".join(told + evidence) or _nothing(row),
        **{f"{kind}_referrers": best[kind] for kind in _KINDS},
        "evidence": evidence,
    }


def _end(found: Any) -> dict[str, Any]:
    """Of a tuple as the stores give it, by its places or by names."""
    values = list(found.values()) if isinstance(found, dict) else list(found)
    return {"domain": values[0], "rank_before": values[1], "rank_after": values[2]}


_SAID = {"gained": "won", "lost": "lost", "risen": "that rose", "fallen": "that fell"}


def _sentence(kind: str, count: int, best: list[dict[str, Any]]) -> str:
    named = ", ".join(f"{one['domain']} ({_place(kind, one)})" for one in best)
    more = " and others" if count > len(best) else ""
    what = "referring domain" if count == 1 else "referring domains"
    return f"{count:,} {what} {_SAID[kind]}: {named}{more}"


def _place(kind: str, end: Mapping[str, Any]) -> str:
    before, after = end["rank_before"], end["rank_after"]
    if kind in ("risen", "fallen"):
        return f"rank {before:,.10g} → {after:,.10g}"
    rank = after if kind == "gained" else before
    return "unranked" if rank is None else f"rank {rank:,.10g}"


def _nothing(row: Mapping[str, Any]) -> str:
    if row["change"] == "new":
        return "not known before"
    if row["change"] == "gone":
        return "known no longer"
    return "none of its own: others moved, or links further away"


def changed(
    pair: Pair, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Iterator[str]:
    """The evidence that changed: marks that came and went, and ranked measures that moved far."""
    if before is None or after is None:
        return
    old, new = ({mark.name: mark.text for mark in marks(row)} for row in (before, after))
    yield from (f"now {name}: {text}" for name, text in new.items() if name not in old)
    yield from (f"no longer {name}" for name in old if name not in new)
    for name in sorted(before.keys() & after.keys()):
        if name.endswith("_rank") and name not in ("trusted_harmonic_rank", "harmonic_rank"):
            one = _percentile(pair.before, before, name)
            other = _percentile(pair.after, after, name)
            if one is not None and other is not None and abs(one - other) >= _FAR:
                measure = name.removesuffix("_rank").replace("_", " ")
                yield f"{measure} percentile {one:.0f} → {other:.0f}"


def _percentile(snapshot: Snapshot, row: Mapping[str, Any], name: str) -> float | None:
    rank = row[name]
    known = snapshot.manifest.get("known", {}).get(name.removesuffix("_rank"), row["domains"])
    return None if rank is None else percentile(rank, known)
