"""One made page read, and its external links as rows."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.url import canonical
from spiders.extract import Extracted, extract

PAGE = canonical("https://www.example.org/dir/page")
OUT = "https://other.example/"


class Link(NamedTuple):
    target: str
    domain: str
    kind: str
    rel: int
    position: str
    anchor: str
    before: str
    after: str
    ordinal: int
    times: int


def read(body: str | bytes, **headers: str) -> Extracted:
    named = {"content-type": "text/html"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return extract(PAGE, body.encode() if isinstance(body, str) else body, named)


def links(body: str) -> list[Link]:
    external = read(body).external
    columns = [getattr(external, name) for name in external.__struct_fields__]
    return [Link(*row) for row in zip(*columns, strict=True)]


def link(body: str) -> Link:
    (only,) = links(body)
    return only
