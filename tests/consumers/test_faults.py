"""At-least-once delivery, exactly-once effect: hundreds of random schedules against the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.index.lifecycle import Lifecycle
from pipeline.store.chdb import ChdbStore
from tests.consumers.truth import Rows, differences, found
from tests.consumers.world import World
from tests.support.faults import Clock
from tests.support.records import TODAY
from tests.support.stores import AnyStore

SCHEDULES = 20  # that share a database
FEW = 5  # of them over the protocol
BLOCKS = 10


@pytest.mark.parametrize("block", range(BLOCKS))
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
