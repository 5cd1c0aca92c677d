"""A web graph's files, made: any edges between named hosts, in Common Crawl's text format."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.url import reversed_host


class Files(NamedTuple):
    vertices: str
    edges: str
    ranks: str


def write_graph(
    where: Path,
    hosts: Sequence[str],
    edges: Iterable[tuple[str, str]],
    *,
    packed: bool = False,
    counts: bool = True,
) -> Files:
    """Vertices by reversed host; ranks by the order in which hosts are given, the best first."""
    names = sorted(map(reversed_host, hosts))
    ids = {reversed_host(name): number for number, name in enumerate(names)}
    n_hosts = [f"\t{number + 1}" if counts else "" for number in range(len(names))]
    ranks = [
        f"{place}\t{1 / place}\t{len(hosts) - place + 1}\t0.5\t{reversed_host(host)}\t1"
        for place, host in enumerate(hosts, 1)
    ]
    texts = {
        "vertices": [
            f"{n}\t{name}{of}" for (n, name), of in zip(enumerate(names), n_hosts, strict=True)
        ],
        "edges": [f"{a}\t{b}" for a, b in sorted((ids[a], ids[b]) for a, b in edges)],
        "ranks": ["#harmonicc_pos\t#harmonicc_val\t#pr_pos\t#pr_val\t#host_rev\t#n_hosts", *ranks],
    }
    return Files(*(_write(where, name, lines, packed) for name, lines in texts.items()))


def _write(where: Path, name: str, lines: list[str], packed: bool) -> str:
    """gzip in several members, as files that were put together are."""
    text = "".join(f"{line}\n" for line in lines).encode()
    path = where / f"g-domain-{name}.txt{'.gz' if packed else ''}"
    half = len(text) // 2
    path.write_bytes(gzip.compress(text[:half]) + gzip.compress(text[half:]) if packed else text)
    return str(path)
