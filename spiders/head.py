"""An answer's head as everybody here reads it: its fields by lower-case name, within bounds."""

from __future__ import annotations

from collections.abc import Iterable

HEAD_BYTES = 64 << 10  # of an answer's headers, and of the interim answers before it
MAX_HEADER = 2_000  # characters of one header that are looked at


def fields(lines: Iterable[bytes]) -> dict[str, str]:
    """Of header lines, without the status line; values of a repeated one joined, as HTTP allows."""
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            name, value = name.strip().lower(), value.strip()[:MAX_HEADER]
            known = found.get(name)
            found[name] = value if known is None else f"{known}, {value}"[:MAX_HEADER]
    return found
