"""How much memory a score needs, before it is begun, and whether to pack its links.

Bytes a domain and an edge of each step, as their modules state them, and what was measured over
them: a step's need is the graph's and its own. Whoever adds a step that takes more than the largest
here adds it here.
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline.errors import TooLarge
from pipeline.graph.gathered import ROOM
from pipeline.graph.levels import LANE, lanes_for
from pipeline.quality.memory import MB, free_mb
from pipeline.quality.ranked import EXACT_HARMONIC
from pipeline.settings import ScoreSettings

PROGRAM = 600 * MB  # Python, its libraries and kernels, and what the store keeps for itself
NAME = 80  # bytes a domain: its name, where it stands, and the name again while ids are given
PLAIN = 24.0  # bytes an edge: id and weight, in both directions
PACKED = 10.0  # of 2.7 for the gap and at most 2 for the weight, both twice; 4 more are not rare
ROWS = 16  # bytes a domain and direction
SORTED = 48  # bytes an edge of those that are sorted at a time
LANES = 1 << 30
SLICED = 2 << 30  # what the store takes for the links of a slice, as pairs.py has it
SOME_EDGES = 64 * MB  # what is worked out of a million edges at a time
LINKS = 20_000  # of it, bytes an edge where there are fewer: of ten links
SETS = 15  # bytes an edge: 60 of each set of domains that link to a page, one to four edges
WORDS = 20 << 24  # topics: of each slot, how many domains say it, and which word
RARITY = 8 << 24  # what is left of that where pages are compared


class Size(NamedTuple):
    """What is known of a graph before it is made; edges: pairs of domains."""

    domains: int
    edges: int


class Needs(NamedTuple):
    """In bytes. most: the step that takes most, and what it takes beside the graph."""

    packed: bool
    graph: int
    most: tuple[str, int]
    registers: int  # of them, what registers take

    @property
    def mb(self) -> int:
        return (PROGRAM + self.graph + self.most[1]) // MB + 1


def needs(size: Size, settings: ScoreSettings, *, packed: bool) -> Needs:
    """What a score of a graph of this size takes."""
    n, m = size
    graph = NAME * n + 2 * ROWS * n + round((PACKED if packed else PLAIN) * m)
    balls = ((1 << (settings.registers + 1)) + 34) * n if n > EXACT_HARMONIC else 0
    hot = 0 if packed else 4 * m
    steps = {
        "building the graph": SORTED * min(m, ROOM),
        "PageRank": 64 * n + hot,
        "harmonic centrality": balls or 40 * n,
        "trust": 240 * n + hot,
        "authority": min(LANES, 16 * 8 * n) + 125 * n + (8 * m if packed else 0),
        "groups": 100 * n + 8 * m,
        "supporters": balls + 24 * n,
        "topics": WORDS + 200 * n + 24 * m,
        "pages of links": RARITY + 200 * n + 24 * m + min(SLICED, LINKS * m) // 4,
        # Of each edge its relevance and the terms that say so are held, of three at most.
        "similarity": 192 * n + 32 * m,
        "spam risk": 220 * n + (8 * m if packed else 0),
        # Once more as a graph, of edges without weights, those that weigh nothing among them.
        "counting links": (200 + 2 * ROWS) * n + (6 if packed else 8) * m + SORTED * min(m, ROOM),
        "looking at links": min(SLICED, LINKS * m) + 20 * m,
        "reading links to pages": 160 * n + min(SLICED, LINKS * m),
        "authority of pages": (lanes_for(n) * LANE + 45) * n + SETS * m + (8 * m if packed else 0),
        "grouping owners": grouping(n, m),
    }
    most = max(steps, key=lambda step: steps[step])
    return Needs(packed, graph, (most, steps[most]), balls)


def grouping(n: int, m: int) -> int:
    """Bytes that grouping the owners of n domains with m edges takes: over what was measured of
    100,000 to 2,000,000 domains with 2 to 24 edges each (tests/benchmarks/bench_owners.py)."""
    return SOME_EDGES + 250 * n + 6 * m


def chosen(size: Size, settings: ScoreSettings) -> Needs:
    """Plain links where they fit, else packed ones. Raises TooLarge where not even they do."""
    limit = settings.memory_mb or free_mb()
    plain = needs(size, settings, packed=False)
    if limit is None or plain.mb <= limit:
        return plain
    packed = needs(size, settings, packed=True)
    if packed.mb <= limit:
        return packed
    raise TooLarge(size.domains, size.edges, packed.mb, limit, _way_out(size, settings, limit))


def _way_out(size: Size, settings: ScoreSettings, limit: int) -> str:
    for registers in range(settings.registers - 1, 4, -1):
        fewer = settings.model_copy(update={"registers": registers})
        if needs(size, fewer, packed=True).mb <= limit:
            return f"set score.registers to {registers}, which fits and errs more"
    return "score on a machine with more memory"
