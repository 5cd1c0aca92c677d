"""What takes long: which files are begun first, and what repeats.

By what they took on two cores, most of it spent waiting. All others take under ten seconds. Begun
last, one would leave the other workers idle.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

LONGEST = (
    "tests/integration/test_run.py",
    "tests/integration/test_compose.py",
    "tests/integration/test_failover.py",
    "tests/integration/test_stopping.py",
    "tests/integration/test_cluster.py",
    "tests/pipeline/store/test_grants.py",
    "tests/pipeline/store/test_shards.py",
    "tests/integration/test_spiders.py",
    "tests/integration/test_handover.py",
    "tests/pipeline/log/test_kafka.py",
    "tests/integration/test_pause.py",
    "tests/consumers/test_faults.py",
    "tests/consumers/test_mutants.py",
    "tests/benchmarks/test_bench_index.py",
    "tests/pipeline/index/test_indirect.py",
    "tests/pipeline/index/test_referrers.py",
    "tests/integration/test_corpus_crawl.py",
    "tests/consumers/test_cuts.py",
    "tests/integration/test_full_disk.py",
    "tests/pipeline/log/test_topics.py",
    "tests/consumers/test_kafka_faults.py",
    "tests/pipeline/index/test_paging.py",
    "tests/integration/test_lists.py",
)
_PLACES = {file: place for place, file in enumerate(LONGEST)}


def place(nodeid: str) -> int:
    """Where its file comes; all that are not named come last, in the order that they had."""
    return _PLACES.get(nodeid.partition("::")[0], len(LONGEST))


def one_and_more(cases: Iterable[Any]) -> list[Any]:
    """Parameters: the first is for `make test`, and the others are more of the same."""
    first, *more = cases
    some = [case if isinstance(case, tuple) else (case,) for case in more]
    return [first, *(pytest.param(*case, marks=pytest.mark.long) for case in some)]
