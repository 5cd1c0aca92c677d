"""One record of a made archive, as the readers of captures get it."""

from __future__ import annotations

import io

from spiders.archive.records import Record, Records


def one(data: bytes) -> Record:
    """The first record of plain WARC."""
    return next(iter(Records(io.BytesIO(data), lambda kind, headers: True, _none)))


def _none(offset: int, why: str) -> None:
    raise AssertionError(f"{offset}: {why}")
