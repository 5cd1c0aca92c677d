"""The same schedules with a server whose connections are cut in the middle of inserts."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.index.lifecycle import Lifecycle
from pipeline.settings import StoreSettings
from pipeline.store.clickhouse import ClickHouseStore
from pipeline.store.migrate import migrate
from tests.consumers.truth import Rows, differences, found
from tests.consumers.world import World
from tests.support.faults import Clock
from tests.support.native_bridge import Fault, NativeBridge
from tests.support.records import TODAY

pytestmark = pytest.mark.long

SCHEDULES = 20
FAULTS = [
    Fault("query"),
    Fault("insert"),
    Fault("in_data"),
    Fault("before_insert"),
    Fault("half_insert"),
    Fault("after_insert"),
    Fault("before_insert", "error", 252),
    Fault("half_insert", "error", 241),
    Fault("after_insert", "error", 159),
]


class CutStore(ClickHouseStore):
    """Most inserts meet a fault of the server's or the network's."""

    bridge: NativeBridge
    dice: random.Random
    met = 0

    def insert(self, table: str, rows: pa.Table) -> None:
        if self.dice.random() < 0.7:
            self.met += 1
            self.bridge.faults.append(self.dice.choice(FAULTS))
        super().insert(table, rows)


@pytest.mark.parametrize("seed", range(2))
def test_any_schedule_comes_to_the_truth_over_connections_that_are_cut(
    store_directory: Path, tmp_path: Path, seed: int
) -> None:
    with NativeBridge(store_directory) as bridge:
        settings = StoreSettings(hosts=[bridge.address], database=f"cuts_{seed}", timeout_s=20)
        plain = ClickHouseStore(settings, create=True)
        migrate(plain)
        store = CutStore(settings)
        store.bridge, store.dice = bridge, random.Random(seed)
        clock = Clock(TODAY / 1000)
        truth: dict[str, Rows] = {}
        for number in range(seed * SCHEDULES, (seed + 1) * SCHEDULES):
            world = World(number, store, tmp_path / f"{number}.sqlite", clock, rate=0.1)
            world.job = Lifecycle(plain, 60, clock=clock)
            world.run()
            assert world.wrongs == [], f"schedule {number}"
            for name, expected in world.expected().items():
                truth.setdefault(name, {}).update(expected)
            clock.now += 100
        Lifecycle(plain, 60, clock=clock).run()
        said = differences(truth, found(plain))
        assert said == [], "\n".join(said)
        assert store.met > 20, "the schedules met many"
        store.close()
        plain.execute(f"DROP DATABASE cuts_{seed}")
        plain.close()
