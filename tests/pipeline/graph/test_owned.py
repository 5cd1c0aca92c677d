"""Sums over a target's links by owner, and over redrawn pages, against plain Python."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.graph.hashed import hashed
from pipeline.graph.mixing import mix, start_of
from pipeline.graph.owned import (
    AT_A_TIME,
    MOST_DRAWN,
    STEP_BITS,
    STEPS,
    draws,
    ordered,
    redrawn,
    shares,
)

N, GAMMA, MOST, REPLICATES = 8, 0.5, 4.0, 9
SALTS = np.array([start_of(number) for number in range(2)])
_EDGE = st.tuples(
    st.integers(0, N - 1), st.integers(0, N - 1), st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.25]),
    st.sampled_from([1, 2, 5, MOST_DRAWN, MOST_DRAWN + 1, 1000]),
)  # fmt: skip


class Web:
    """Edges by target, as the kernels take them."""

    def __init__(self, edges: list[tuple[int, int, float, int]], owner: list[int]) -> None:
        edges = sorted({edge[:2]: edge for edge in edges}.values())
        self.target, self.source = (np.array([edge[k] for edge in edges], np.int32) for k in (0, 1))
        self.worth = np.array([edge[2] for edge in edges])
        self.pages = np.array([edge[3] for edge in edges], np.uint32)
        self.owner = np.array(owner, np.int64)
        first = np.flatnonzero(np.diff(self.target, prepend=-1))
        self.starts = np.append(first, len(edges)).astype(np.int64)
        self.order = ordered(self.starts, self.source, self.owner, self.worth)

    def redrawn(self, names: Any) -> Any:
        return redrawn(
            self.starts, self.order, self.source, self.target, self.owner, self.worth, self.pages,
            names, SALTS, REPLICATES, *draws(MOST), GAMMA, np.array([0.25, 0.75]),
        )  # fmt: skip


webs = st.builds(
    Web,
    st.lists(_EDGE, max_size=40),
    st.lists(st.integers(0, 3), min_size=N, max_size=N),
)


@settings(max_examples=50)
@given(webs)
def test_an_owners_domains_take_places_by_worth_for_each_target(web: Web) -> None:
    found = shares(web.starts, web.order, web.source, web.target, web.owner, web.worth, GAMMA)
    for at, target in enumerate(web.target[web.starts[:-1]]):
        mine = web.target == target
        assert found.total[at] == pytest.approx(found.share[mine].sum())
        others = set(web.owner[web.source[mine]].tolist()) - {int(web.owner[target])}
        assert found.owners[at] == len(others)
    for edge in range(len(web.source)):
        rivals = [
            (-web.worth[other], other)
            for other in range(len(web.source))
            if web.target[other] == web.target[edge]
            and web.owner[web.source[other]] == web.owner[web.source[edge]]
        ]
        place = sorted(rivals).index((-web.worth[edge], edge))
        assert found.place[edge] == 1 + place
        assert found.share[edge] == web.worth[edge] * GAMMA**place


@settings(max_examples=40)
@given(webs)
def test_the_interval_is_that_of_sums_over_redrawn_pages(web: Web) -> None:
    names = hashed(pa.array([f"d{k}.example" for k in range(N)]))
    times, found = draws(MOST).times, web.redrawn(names)
    for at in range(len(web.starts) - 1):
        sums = []
        for replicate in range(REPLICATES):
            taken: Counter[int] = Counter()
            total = 0.0
            for edge in web.order[web.starts[at] : web.starts[at + 1]]:
                pages, source = int(web.pages[edge]), web.source[edge]
                pair = np.uint64(mix(names[source], names[web.target[edge]]))
                number = int(mix(pair, SALTS[replicate // AT_A_TIME]))
                step = (number >> STEP_BITS * (replicate % AT_A_TIME)) % STEPS
                drawn = pages if pages > MOST_DRAWN else int(times[pages, step])
                if drawn:
                    part = min(math.log2(1 + drawn), MOST) / min(math.log2(1 + pages), MOST)
                    owner = int(web.owner[source])
                    total += web.worth[edge] * GAMMA ** taken[owner] * part
                    taken[owner] += 1
            sums.append(total)
        assert found[at].tolist() == pytest.approx([sorted(sums)[2], sorted(sums)[6]])


def test_draws_have_the_mean_and_the_spread_of_a_poisson() -> None:
    times, parts = draws(MOST)
    for pages in (0, 1, 3, MOST_DRAWN):
        assert times[pages].mean() == pytest.approx(pages, rel=2e-3)
        assert times[pages].astype(float).var() == pytest.approx(pages, rel=2e-2)
    assert parts[3, 3] == 1.0
    assert parts[1, [0, 1, 3, 200]].tolist() == [0.0, 1.0, 2.0, MOST]


def test_many_pages_leave_no_doubt() -> None:
    web = Web([(0, 1, 2.0, 1000), (0, 2, 1.0, 1000)], list(range(N)))
    assert web.redrawn(np.arange(N, dtype=np.uint64)).tolist() == [[3.0, 3.0]]


def test_names_are_hashed_as_published_and_wherever_they_stand() -> None:
    assert [hex(found) for found in hashed(pa.array(["", "a", "foobar"]))] == [
        "0xcbf29ce484222325", "0xaf63dc4c8601ec8c", "0x85944171f73967e8",
    ]  # fmt: skip
    assert hashed(pa.array(["b", "a"]))[1] == hashed(pa.array(["x", "a"]).slice(1))[0]
    assert len(hashed(pa.array([], pa.string()))) == 0
