"""Rows of a benchmark, and turns in pairs: these machines are noisy, so ratios are what counts."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from tests.support.corpus import corpus, page_url, pages

Row = dict[str, Any]
Work = Callable[[], Any]


def row(name: str, value: float, unit: str, note: str = "") -> Row:
    return {"name": name, "value": value, "unit": unit, "note": note}


def seconds(work: Work) -> float:
    """CPU and wall of this thread are the same here but for noise: the wall is what is waited."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def pairs(ours: Work, theirs: Work, turns: int) -> tuple[list[float], list[float], float]:
    """Seconds of each, one after the other in turn; and the median of theirs / ours."""
    mine, other = [], []
    for _ in range(turns):
        mine.append(seconds(ours))
        other.append(seconds(theirs))
    ratio = statistics.median(b / a for a, b in zip(mine, other, strict=True))
    return mine, other, ratio


def peak_mb() -> float:
    """Resident memory of this process at its highest, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def large_pages(count: int, smallest: int = 20_000) -> list[tuple[Any, bytes]]:
    """URLs and bodies of corpus pages of the size of the real web's; made ones without a corpus."""
    if corpus() is None:
        return list(islice(made_pages(), count))
    found = [(page_url(host, path), body) for host, path, body in pages() if len(body) >= smallest]
    step = max(1, len(found) // count)
    return found[::step][:count]


def made_pages() -> Iterator[tuple[Any, bytes]]:
    """Pages of 50 KB with 80 links, 20 of them external."""
    from pipeline.url import canonical

    number = 0
    while True:
        number += 1
        links = "".join(
            f'<li class="item-{i}"><a href="https://site{(number * 7 + i) % 997}.example/p{i}">'
            f"Anchor {i}</a> said something about it.</li>"
            if i % 4 == 0
            else f'<li><a href="/page/{number * 31 + i}?utm_source=x">Page {i}</a></li>'
            for i in range(80)
        )
        text = "".join(f"<p>{'words about this and that ' * 20}</p>" for _ in range(80))
        body = f"<html lang=en><title>Page {number}</title><main>{text}<ul>{links}</ul></main>"
        yield canonical(f"https://made{number % 50}.example/{number}"), body.encode()
