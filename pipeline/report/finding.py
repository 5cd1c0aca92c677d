"""What `backlinks admin doctor` says of one thing that it looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from pipeline.errors import BacklinksError


class Finding(NamedTuple):
    """`state`: ok, warning, error, or unknown where it can't be told. `advice`: what to do."""

    what: str
    state: str
    found: str
    advice: str = ""


def guarded(
    what: str, look: Callable[[], Iterator[Finding]], *, found: str = "can't be used"
) -> Iterator[Finding]:
    """What it finds; where it can't look, that, as one finding more."""
    try:
        yield from look()
    except BacklinksError as error:
        yield Finding(what, "error", found, str(error))
