"""What a question can't take is an error, in Python as on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.index.questions import Index

ASKED: list[tuple[str, Callable[[Any], object]]] = [
    (r"state can't be 'Live'.*'live', 'lost'", lambda i: i.links("a.org", state="Live")),
    (r"state can't be 'Live'", lambda i: i.refs("a.org", state="Live")),
    (r"rel can't be 'foo'.*'followed'", lambda i: i.links("a.org", rel="foo")),
    (r"per can't be 'foo'.*'domain', 'page'", lambda i: i.links("a.org", per="foo")),
    (r"limit can't be -1; give 0 or more", lambda i: i.links("a.org", limit=-1)),
    (r"limit can't be '9'", lambda i: i.anchors("a.org", limit="9")),
    (r"by can't be 'year'.*'month'", lambda i: i.change_counts("a.org", by="year")),
    (r"by can't be 'ipv6'", lambda i: i.networks("a.org", by="ipv6")),
    (r"only can't be 'gone'", lambda i: i.changes("a.org", only="gone")),
    (r"since can't be 'yesterday'", lambda i: i.changes("a.org", since="yesterday")),
    (r"since can't be 'yesterday'", lambda i: i.links("a.org", since="yesterday")),
    (r"kind can't be 'a'.*array", lambda i: i.links("a.org", kind="a")),
    (r"others can't be 'b.org'.*array", lambda i: i.gap("a.org", "b.org")),
    (r"authority can't be 'high'", lambda i: i.broken("a.org", authority="high")),
    (r"mode can't be 'site'", lambda i: i.pages("a.org", "site")),
    (r"mode can't be 'site'", lambda i: i.overview("a.org", "site")),
]


@pytest.mark.parametrize(("said", "ask"), ASKED)
def test_a_wrong_option_is_refused_and_nothing_is_asked(
    said: str, ask: Callable[[Any], object]
) -> None:
    with pytest.raises(UsageError, match=said):
        ask(Index(None))  # type: ignore[arg-type]


def test_an_option_that_there_is_not_is_python_s_own_error() -> None:
    with pytest.raises(TypeError, match="stat"):
        Index(None).links("a.org", stat="live")  # type: ignore[arg-type]
