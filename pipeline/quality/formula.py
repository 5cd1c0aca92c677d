"""What points a domain gets for what is measured of it: frozen in one file for each version.

A scorecard is additive by construction: every measure gives whole points by the bin that its value
is in, what is unknown gives none, the points add up to a total, and the score is read from a table
by it. So the reasons of a score are all of it. Bins are on values that don't depend on how many
domains there are (shares of a domain's own links, never ranks or percentiles): a new domain moves
no other's score by being there.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.errors import BadFormula

VERSION = "2"  # the version that scores unless another is asked for
CAP = 40  # points that one measure can give at most
TOP = 100

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.int64]


class Bin(NamedTuple):
    """`points` where the value is `bound` or worse, unless a later bin says more."""

    bound: float
    points: int


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one measure gives. worse: which way the value is worse."""

    bins: tuple[Bin, ...]
    worse: str = "high"

    def points(self, values: Floats) -> Points:
        """int64[n]; 0 where the value is nan."""
        sign = 1.0 if self.worse == "high" else -1.0
        bounds = np.array([sign * each.bound for each in self.bins])
        given = np.array([0, *(each.points for each in self.bins)])
        known = ~np.isnan(values)
        place = np.searchsorted(bounds, np.where(known, sign * values, -np.inf), side="right")
        found: Points = np.where(known, given[place], 0)
        return found


class Step(NamedTuple):
    """`score` from `points` on, up to the next step."""

    points: int
    score: int


class Scorecard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """measures: by name. suspect: points, by who links to it, from which a domain is suspect."""

    measures: dict[str, Rule]
    table: tuple[Step, ...]
    suspect: int

    @property
    def most(self) -> int:
        """Points that a domain has which is worst by every measure."""
        return sum(rule.bins[-1].points for rule in self.measures.values())

    def points(self, values: Mapping[str, Floats], n: int) -> dict[str, Points]:
        """int64[n] for each measure there are values of."""
        return {
            name: rule.points(values[name])
            for name, rule in self.measures.items()
            if name in values and len(values[name]) == n
        }

    def score(self, total: Points) -> Floats:
        """float64[n], 0 to 100, never falling as the total grows."""
        steps = np.array([step.points for step in self.table])
        scores = np.array([step.score for step in self.table], dtype=np.float64)
        found: Floats = scores[np.searchsorted(steps, total, side="right") - 1]
        return found


class Formula(NamedTuple):
    """version: as the file has it. sha256: of the file's bytes, for the manifest."""

    version: int
    sha256: str
    risk: Scorecard


def load(which: str = VERSION, known: Collection[str] | None = None) -> Formula:
    """A version that comes with the program, by its number, or any by its file.

    known: the measures that there are; None doesn't look. Raises BadFormula with what is wrong.
    """
    text = _text(which)
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFormula(which, f"it is no JSON ({error})") from None
    version = read.get("version") if isinstance(read, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadFormula(which, '"version" must be a whole number from 1')
    card = _card(which, read.get("risk"))
    _verify(which, card, known)
    return Formula(version, hashlib.sha256(text).hexdigest(), card)


def _text(which: str) -> bytes:
    if which.isascii() and which.isdigit():
        file = resources.files("pipeline.quality.formulas").joinpath(f"{int(which)}.json")
        if not file.is_file():
            raise BadFormula(
                which, "there is no such version; give a file, or one of " + _versions()
            )
        return file.read_bytes()
    try:
        return Path(which).read_bytes()
    except OSError as error:
        raise BadFormula(which, f"it can't be read ({error.strerror})") from error


def _versions() -> str:
    files = resources.files("pipeline.quality.formulas").iterdir()
    found = [file.name.removesuffix(".json") for file in files]
    return ", ".join(sorted((name for name in found if name.isdigit()), key=int))


def _card(which: str, section: Any) -> Scorecard:
    try:
        return msgspec.convert(section, Scorecard)
    except msgspec.ValidationError as error:
        raise BadFormula(which, f'"risk": {error}') from None


def _verify(which: str, card: Scorecard, known: Collection[str] | None) -> None:
    """Bins and table are monotone, points capped, and all measures there."""
    for name, rule in card.measures.items():
        fault = _fault_of(rule)
        if known is not None and name not in known:
            fault = "there is no such measure"
        if fault:
            raise BadFormula(which, f"{name}: {fault}")
    if not 0 < card.suspect <= card.most:
        raise BadFormula(which, f'"suspect" must be from 1 to {card.most}, what the measures give')
    fault = _fault_of_table(card)
    if fault:
        raise BadFormula(which, f'"table": {fault}')


def _fault_of(rule: Rule) -> str:
    if rule.worse not in ("high", "low"):
        return f'"worse" is "high" or "low", and not {rule.worse!r}'
    if not rule.bins:
        return "it has no bins"
    bounds = [each.bound if rule.worse == "high" else -each.bound for each in rule.bins]
    points = [0, *(each.points for each in rule.bins)]
    if not all(np.isfinite(bounds)) or not _rises(bounds) or not _rises(points):
        return "bounds must get worse from bin to bin, and points grow from 0"
    return f"more than {CAP} points" if points[-1] > CAP else ""


def _fault_of_table(card: Scorecard) -> str:
    if not card.table or card.table[0] != (0, 0):
        return "it must begin with [0, 0]"
    if not _rises([step.points for step in card.table]):
        return "points must grow from step to step"
    scores = [step.score for step in card.table]
    if not _rises(scores) or scores[-1] != TOP:
        return f"scores must grow from step to step, up to {TOP}"
    if card.table[-1].points > card.most:
        return f"nobody can have {card.table[-1].points} points: the measures give {card.most}"
    return ""


def _rises(numbers: list[float] | list[int]) -> bool:
    return all(one < other for one, other in itertools.pairwise(numbers))
