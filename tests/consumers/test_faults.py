"""At-least-once delivery, exactly-once effect: random schedules against the truth.

BACKLINKS_TEST_BLOCKS: how many blocks of schedules. Of test_mutants.py's mistakes all but one are
found within eight schedules, and that one, with more faults, in the 33rd.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.index.lifecycle import Lifecycle
from pipeline.store.chdb import ChdbStore
from tests.consumers.truth import Rows, differences, found
from tests.consumers.world import World
from tests.support.faults import Clock
from tests.support.longest import one_and_more
from tests.support.records import TODAY
from tests.support.stores import AnyStore

SCHEDULES = 20  # that share a database
FEW = 5  # of them over the protocol
BLOCKS = int(os.environ.get("BACKLINKS_TEST_BLOCKS", "5"))


@pytest.mark.parametrize("block", one_and_more(range(BLOCKS)))
def test_any_schedule_comes_to_the_truth(store: AnyStore, tmp_path: Path, block: int) -> None:
    clock = Clock(TODAY / 1000)
    truth: dict[str, Rows] = {}
    many = SCHEDULES if isinstance(store, ChdbStore) else FEW
    for number in range(block * SCHEDULES, block * SCHEDULES + many):
        world = World(number, store, tmp_path / f"{number}.sqlite", clock)
        world.run()
        assert world.wrongs == [], f"schedule {number}"
        for name, expected in world.expected().items():
            truth.setdefault(name, {}).update(expected)
        clock.now += 100
    Lifecycle(store, 60, clock=clock).run()
    said = differences(truth, found(store))
    assert said == [], "\n".join(said)
