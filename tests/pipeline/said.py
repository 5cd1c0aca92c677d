"""Statements of operators, made by hand."""

from __future__ import annotations

from pipeline.control import Controls, Said, message
from pipeline.log import CONTROL, Partition, Record


def said(
    at: int, verb: str, name: str, value: float = 1, note: str = "", *, offset: int = -1
) -> Record:
    """As the log has it: taken at `at` ms; at an offset of that number, unless told."""
    made = message(verb, name, Said(value=value, note=note, who="jo at desk"))
    place = at if offset < 0 else offset
    return Record(Partition(CONTROL, 0), place, at, made.key, made.value)


def controls(*records: Record) -> Controls:
    found = Controls()
    found.take(records)
    return found
