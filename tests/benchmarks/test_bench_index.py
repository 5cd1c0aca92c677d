"""The benchmark of the index at twenty thousand links: its steps, and that the answers are true."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.index.questions import Index
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from tests.benchmarks.bench_index import Bench
from tests.benchmarks.index_asked import QUESTIONS, times
from tests.support.linkstore import with_about
from tests.support.linkweb import LIVE, LOST, UNVERIFIED, LinkWeb
from tests.support.records import TODAY

pytestmark = pytest.mark.long

_BY_STATE = """SELECT target_domain, countIf(state = 'live'), countIf(state = 'lost'),
countIf(state = 'unverified') FROM link_states GROUP BY target_domain"""
_ROLLED_UP = """SELECT target_domain, sum(live), sum(lost), sum(unverified)
FROM referrers FINAL GROUP BY target_domain"""


# Of one domain in twenty thousand links there may be none of these.
MAY_BE_EMPTY = {"broken", "gap", "outlinks", "links, lost"}


def of_domains(store: ChdbStore, question: str) -> dict[str, tuple[int, ...]]:
    found = [tuple(row.values()) for row in rows(store.query(question))]
    return {name: tuple(int(count) for count in counts) for name, *counts in found}


def known(bench: Bench) -> dict[str, tuple[int, ...]]:
    truth = bench.index.truth()
    names = bench.web.names.to_pylist()
    return {names[d]: tuple(truth[d].tolist()) for d in np.flatnonzero(truth.sum(axis=1)).tolist()}


@pytest.mark.embedded
def test_what_the_index_answers_is_what_the_generator_knows_in_each_step(store: ChdbStore) -> None:
    web = LinkWeb(20_000, 1, TODAY, of_corpus=False)
    bench = Bench(store, web, domains=1, askers=3)
    bench.load()
    bench.index.score()
    assert of_domains(store, _BY_STATE) == of_domains(store, _ROLLED_UP) == known(bench)
    loaded = known(bench)
    bench.truth = bench.index.truth()
    bench.lifecycle()
    assert known(bench) != loaded, "some links were lost since"
    bench.merge()
    assert of_domains(store, _BY_STATE) == of_domains(store, _ROLLED_UP) == known(bench)
    bench.sizes("merged")
    bench.ask("merged")
    bench.at_once()
    assert of_domains(store, _BY_STATE) == known(bench), "what came again changed nothing"
    names = " ".join(row["name"] for row in bench.found)
    assert all(question in names for question in QUESTIONS)
    assert "3 askers at once" in names


@pytest.mark.embedded
def test_the_questions_that_are_timed_have_answers(store: ChdbStore) -> None:
    bench = Bench(store, LinkWeb(20_000, 1, TODAY, of_corpus=False))
    bench.load()
    truth = bench.index.truth()
    (domain,) = with_about(truth, 100, 1)
    name = bench.web.names[domain].as_py()
    index = Index(store)
    counts = index.overview(name)["counts"]
    told = [counts[state] for state in ("live", "lost", "unverified")]
    assert told == truth[domain].tolist()
    assert abs(told[LIVE] - 100) < 20
    assert truth[:, LOST].sum() > 100
    assert truth[:, UNVERIFIED].sum() > 20
    silent = {question for question, ask in QUESTIONS.items() if not ask(index, name)}
    assert silent <= MAY_BE_EMPTY


def test_percentiles_are_of_what_was_measured() -> None:
    assert times([0.003, 0.001, 0.002]) == (2, 3)
    assert times([n / 1000 for n in range(1, 101)]) == (50.5, 95)
