"""The frozen figures behind link worth, portfolio and confidence: one file a version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

VERSION = 1  # what snapshots are scored by unless told
FACTORS = (
    "authority", "trust", "relevance", "position", "rel", "kind", "owner", "pages", "dilution",
)  # fmt: skip

Share = Annotated[float, Field(ge=0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Relevance(_Frozen):
    """`values[i]` from a cosine of `starts[i]` on."""

    starts: tuple[float, ...] = Field(alias="from")
    values: tuple[Share, ...]
    unknown: Share


class Position(_Frozen):
    places: Mapping[str, Share]
    unknown: Share


class Rel(_Frozen):
    followed: Share
    other: Share


class Kind(_Frozen):
    kinds: Mapping[str, Share]
    unknown: Share


class Owner(_Frozen):
    same: Share
    other: Share
    unknown: Share


class Pages(_Frozen):
    """log2(1 + linking pages), at most this."""

    most: float


class Dilution(_Frozen):
    """1 / sqrt(1 + linked domains / this)."""

    domains: float


class Worth(_Frozen):
    """Factors of a link's worth, and what stands for each where it is not known."""

    trust_unknown: Share
    authority_unknown: Share
    relevance: Relevance
    position: Position
    rel: Rel
    kind: Kind
    owner: Owner
    pages: Pages
    dilution: Dilution


class Portfolio(_Frozen):
    """gamma: what the next domain of the same owner counts of the one before. p50: the sum that
    makes 50 points."""

    gamma: float = Field(gt=0, le=1)
    p50: float = Field(gt=0)


class Steps(_Frozen):
    """Of a measure: below `low` the confidence is low, below `medium` it is medium."""

    low: float
    medium: float


class Confidence(_Frozen):
    """interval_points: above them, not below, it is low or medium."""

    replicates: int = Field(ge=2)
    interval: tuple[float, float]
    domains: Steps
    crawled_share: Steps
    independent_referrers: Steps
    interval_points: Steps


class WorthFormula(_Frozen):
    version: int
    says: str
    worth: Worth
    portfolio: Portfolio
    confidence: Confidence


@cache
def formula(version: int = VERSION) -> WorthFormula:
    """Raises FileNotFoundError for a version that there is none of."""
    return WorthFormula.model_validate(written(version))


def written(version: int = VERSION) -> dict[str, object]:
    """As the file has it, for a snapshot's manifest: SQL reads its figures there."""
    file = resources.files("pipeline.quality.formulas").joinpath(f"worth-{version}.json")
    found: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return found
