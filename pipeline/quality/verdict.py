"""Whether a domain is flagged: by what is measured, unless a person has said otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pipeline.labels import Label
from pipeline.quality.marks import is_flagged


class Verdict(NamedTuple):
    """`measured`: what the figures alone say. `label`: what goes before them, if anything does."""

    flagged: bool
    measured: bool
    label: Label | None

    @property
    def overridden(self) -> bool:
        return self.flagged != self.measured


def verdict(row: Mapping[str, Any] | None, label: Label | None) -> Verdict:
    """row: of domain_quality; None where the domain is in no snapshot."""
    measured = row is not None and is_flagged(row)
    if label is None:
        return Verdict(measured, measured, None)
    return Verdict(label.label == "bad", measured, label)


def told(found: Verdict) -> str:
    """In one line; '' where nobody has said anything. Its texts are people's: make them safe."""
    if found.label is None:
        return ""
    line = f"{found.label.label}, says {found.label.said}"
    if not found.overridden:
        return line
    would = "would be" if found.measured else "would not be"
    return f"{line} (by its figures it {would} flagged)"
